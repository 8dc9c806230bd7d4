"""README and docs say what the code does."""

import re
import tomllib
from pathlib import Path

import msgspec
import typer
from typer.core import TyperGroup

from gateway.openapi.document import compose_documentation
from infra.cli.main import app
from infra.settings_table import PAGE, READERS, setting_rows, settings_page
from shared.version import VERSION

ROOT = Path(__file__).parent.parent.parent


def test_the_page_of_settings_is_up_to_date() -> None:
    assert PAGE.read_text() == settings_page(), "run python -m infra.settings_table"


def test_settings_in_the_readme_are_as_the_code_has_them() -> None:
    rows = re.findall(r"^\| `PARLEY_.*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    known = [f"| `{row.variable}` | {row.default} | {row.description} |" for row in setting_rows()]
    assert rows
    for row in rows:
        assert any(row.startswith(start) for start in known), row


def test_every_setting_has_a_description() -> None:
    for _, settings in READERS:
        for name, field in settings.model_fields.items():
            assert field.description, name


def pages() -> list[Path]:
    """Return all pages for people."""
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return what the headings of a page may be called by."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {each.replace(" ", "-") for each in words}


def links(page: Path) -> list[tuple[Path, str]]:
    """Return where a page leads to within the project: file and anchor."""
    targets = re.findall(r"\]\((?!https?://|mailto:)([^)\s]+)\)", prose(page))
    parts = (target.partition("#") for target in targets)
    return [((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in parts]


def test_every_link_between_the_docs_leads_somewhere() -> None:
    for page in pages():
        for path, anchor in links(page):
            assert path.exists(), f"{page.name}: {path}"
            assert not anchor or anchor in anchors(path), f"{page.name}: {path.name}#{anchor}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, open_ones = set[Path](), [ROOT / "README.md"]
    while open_ones:
        page = open_ones.pop()
        if page not in reached:
            reached.add(page)
            open_ones += [path for path, _ in links(page) if path.suffix == ".md"]
    assert set(pages()) <= reached


def test_every_command_that_the_docs_name_is_there() -> None:
    known = typer.main.get_command(app)
    assert isinstance(known, TyperGroup)
    for page in pages():
        for name, further in re.findall(
            r"`parley ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", page.read_text()
        ):
            command = known.commands.get(name)
            assert command, f"{page.name}: parley {name}"
            if further and isinstance(command, TyperGroup):
                assert further in command.commands, f"{page.name}: parley {name} {further}"


def test_the_page_of_the_tutorial_says_only_what_the_widget_knows() -> None:
    page = (ROOT / "docs" / "examples" / "page.html").read_text()
    known = (ROOT / "docs" / "widget.md").read_text()
    attributes = re.findall(r"data-[a-z]+", page)
    assert attributes
    assert all(f"| `{each}` |" in known for each in attributes)


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    document = msgspec.json.decode(compose_documentation().document)
    assert project["version"] == document["info"]["version"] == VERSION


def test_no_index_address_is_in_a_lock() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text(), lock.name
    assert "://" not in (ROOT / "tests" / "javascript" / "package-lock.json").read_text()

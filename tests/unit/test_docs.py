"""README and docs say what the code does."""

import re
import tomllib
from pathlib import Path

import msgspec

from gateway.openapi.document import compose_documentation
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


def test_every_link_between_the_docs_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    document = msgspec.json.decode(compose_documentation().document)
    assert project["version"] == document["info"]["version"] == VERSION


def test_no_index_address_is_in_a_lock() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text(), lock.name
    assert "://" not in (ROOT / "tests" / "javascript" / "package-lock.json").read_text()

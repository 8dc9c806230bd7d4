"""The docs say what the code does."""

import re
from pathlib import Path

from infra.settings_table import READERS, settings_table

ROOT = Path(__file__).parent.parent.parent


def test_every_setting_is_documented_as_the_code_has_it() -> None:
    assert settings_table() in (ROOT / "docs" / "settings.md").read_text()


def test_every_setting_has_a_description() -> None:
    for _, settings in READERS:
        for name, field in settings.model_fields.items():
            assert field.description, name


def test_every_link_between_the_docs_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_index_address_is_in_a_lock() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text(), lock.name

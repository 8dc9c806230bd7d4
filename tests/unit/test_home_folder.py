"""A user id that no list of users has: libraries find a home folder all the same."""

import tempfile
from pathlib import Path

import pytest

from shared.home_folder import provide_home_folder


def no_home() -> Path:
    """Raise what pathlib does for a user of whom nothing is known."""
    raise RuntimeError("Could not determine home directory.")


def test_a_user_without_a_home_gets_the_folder_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    provide_home_folder(no_home)
    assert Path.home() == Path(tempfile.gettempdir())


def test_a_home_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    provide_home_folder()
    assert Path.home() == tmp_path

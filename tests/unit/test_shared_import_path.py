"""Children import Parley's own packages, whatever their caller has on PYTHONPATH."""

from pathlib import Path

import shared
from shared.import_path import PACKAGE_ROOT, own_import_path

ROOT = Path(__file__).parent.parent.parent


def test_our_folder_comes_before_the_callers() -> None:
    made = own_import_path({"PYTHONPATH": "/theirs:/other"})
    assert made == {"PYTHONPATH": f"{PACKAGE_ROOT}:/theirs:/other", "PYTHONSAFEPATH": "1"}
    assert own_import_path({})["PYTHONPATH"] == str(PACKAGE_ROOT)


def test_a_relative_folder_of_the_callers_stays_the_one_that_was_meant() -> None:
    made = own_import_path({"PYTHONPATH": "lib"})["PYTHONPATH"]
    assert made == f"{PACKAGE_ROOT}:{Path.cwd() / 'lib'}"


def test_the_root_is_where_the_packages_lie() -> None:
    assert Path(shared.__path__[0]).resolve().parent == PACKAGE_ROOT == ROOT.resolve()

"""Folders: what belongs to a base, and to whose."""

import os
from pathlib import Path

from tests.support.knowledge_files import ENTRY, FULL, write
from workers.knowledge.loader import load, read, read_all


def test_a_mount_of_a_config_map_is_read_once(tmp_path: Path) -> None:
    hidden = tmp_path / "..2024_05_01"
    hidden.mkdir()
    write(hidden, FULL, "faq.yaml")
    (tmp_path / "..data").symlink_to("..2024_05_01")
    (tmp_path / "faq.yaml").symlink_to("..data/faq.yaml")
    assert len(load(tmp_path).entries) == 2
    assert load(tmp_path / "..data").entries == load(tmp_path).entries


def test_what_is_hidden_or_an_editors_own_is_no_part_of_a_base(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    for name in (".git", ".idea"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, FULL)
    for name in (".#kb.yaml", "#kb.yaml#", "#kb.yaml", "kb.yaml~", ".kb.yaml.swp", "~$kb.yaml"):
        write(tmp_path, "not: [a, base", name)
    reading = read(tmp_path)
    assert (len(reading.base.entries), reading.faults, reading.warnings) == (2, (), ())


def test_links_are_followed_once_and_a_loop_ends(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "kb", tmp_path / "elsewhere"
    for each in (folder, elsewhere):
        each.mkdir()
    write(elsewhere, FULL)
    (folder / "a").symlink_to(elsewhere)
    (folder / "b").symlink_to(elsewhere)
    (folder / "copy.yaml").symlink_to(elsewhere / "kb.yaml")
    (elsewhere / "loop").symlink_to(folder)
    assert len(load(folder).entries) == 2
    (folder / "gone.yaml").symlink_to("nowhere.yaml")
    (folder / "self.yaml").symlink_to("self.yaml")
    assert [fault.file.name for fault in read(folder).faults] == ["gone.yaml", "self.yaml"]


def test_what_is_no_regular_file_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pipe.yaml").symlink_to("pipe")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    assert len(load(tmp_path).entries) == 2


def test_a_file_without_entries_beside_others_is_told(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    write(tmp_path, "# to do\n", "later.yaml")
    (warning,) = read(tmp_path).warnings
    assert (warning.file.name, warning.message) == ("later.yaml", "has no entries")


def test_a_table_beside_the_base_is_told(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    write(tmp_path, "id,question", "more.csv")
    (warning,) = read(tmp_path).warnings
    assert "kb import" in warning.message


def test_a_tenants_base_is_apart_from_the_shared_one(tmp_path: Path) -> None:
    acme = tmp_path / "tenants" / "acme"
    acme.mkdir(parents=True)
    (tmp_path / "tenants" / "Not_One").mkdir()
    write(tmp_path, FULL)
    write(acme, ENTRY.format(id="pay", answer="At Acme."))
    write(tmp_path / "tenants", FULL, "lost.yaml")
    readings = read_all(tmp_path)
    assert readings.shared
    assert len(readings.shared.base.entries) == 2
    assert [each.answer for each in readings.tenants["acme"].base.entries] == ["At Acme."]
    assert [fault.file.name for fault in readings.faults] == ["Not_One", "lost.yaml"]
    (tmp_path / "kb.yaml").unlink()
    assert read_all(tmp_path).shared is None

"""`parley kb`: faults are named with their place, tables become bases."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.cli.exit_status import ExitStatus

Parley = Callable[..., tuple[int, str, str]]


def test_the_demo_base_is_sound(parley: Parley) -> None:
    code, out, _ = parley("kb", "check")
    assert code == 0
    assert "entries" in out


def test_a_fault_is_named_with_file_and_line(parley: Parley, tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("- id: one\n  question: How?\n  answer: So.\n- id: two\n  question: Why?\n")
    code, out, _ = parley("kb", "check", str(base))
    assert code == ExitStatus.DEGRADED
    assert f"{base}:4: " in out
    assert out.endswith("1 fault\n")
    told = json.loads(parley("kb", "check", str(base), "--json")[1])
    assert told["faults"][0]["line"] == 4


def test_a_warning_is_told_and_fails_only_when_asked_to(parley: Parley, tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("- id: call\n  question: How?\n  answer: Call 0800 #1 now\n")
    code, out, _ = parley("kb", "check", str(base))
    assert code == 0
    assert f"warning: {base}:3: " in out
    assert "1 entries" in out
    told = json.loads(parley("kb", "check", str(base), "--json")[1])
    assert [each["line"] for each in told["warnings"]] == [3]
    assert parley("kb", "check", str(base), "--strict")[0] == ExitStatus.DEGRADED


def test_every_tenants_base_is_checked(parley: Parley, tmp_path: Path) -> None:
    for tenant, answer in (("acme", "Here."), ("bolt", "[]")):
        folder = tmp_path / "tenants" / tenant
        folder.mkdir(parents=True)
        (folder / "kb.yaml").write_text(f"- {{id: a, question: Where?, answer: {answer}}}\n")
    code, out, _ = parley("kb", "check", str(tmp_path))
    assert code == ExitStatus.DEGRADED
    assert "(tenant acme): 1 entries" in out
    assert "tenant bolt: " in out
    told = json.loads(parley("kb", "check", str(tmp_path), "--json")[1])
    assert [each["tenant"] for each in told["faults"]] == ["bolt"]
    assert [(each["tenant"], each["entries"]) for each in told["tenants"]] == [
        ("acme", 1),
        ("bolt", 0),
    ]


def test_the_base_of_the_settings_is_checked(
    parley: Parley, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_KB", str(tmp_path / "absent.yaml"))
    code, _, errors = parley("kb", "check")
    assert code == ExitStatus.SETTINGS
    assert "PARLEY_KB" in errors
    assert "absent.yaml" in errors
    present = tmp_path / "present.yaml"
    present.write_text("- {id: pay, question: How do I pay?, answer: By card.}\n")
    monkeypatch.setenv("PARLEY_KB", str(present))
    assert "present.yaml: 1 entries, 1 phrasings" in parley("kb", "check")[1]


def test_a_table_becomes_a_base_that_checks(parley: Parley, tmp_path: Path) -> None:
    table, base = tmp_path / "table.csv", tmp_path / "base.yaml"
    table.write_text("question,phrasings,answer\nHow do I pay?,Pay how?|Can I pay?,By card.\n")
    assert parley("kb", "import", str(table), str(base))[0] == 0
    told = json.loads(parley("kb", "check", str(base), "--json")[1])
    assert (told["entries"], told["faults"]) == (1, [])


def test_an_import_overwrites_only_when_told(parley: Parley, tmp_path: Path) -> None:
    table, base = tmp_path / "table.csv", tmp_path / "base.yaml"
    table.write_text("question,answer\nHow do I pay?,By card.\n")
    base.write_text("mine")
    code, _, err = parley("kb", "import", str(table), str(base))
    assert code == ExitStatus.CONFLICT
    assert "exists already" in err
    assert base.read_text() == "mine"
    code, out, _ = parley("kb", "import", str(table), str(base), "--replace", "--json")
    assert (code, json.loads(out)) == (0, {"file": str(base), "entries": 1, "warnings": []})


def test_a_faulty_table_is_told_by_line(parley: Parley, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("question,answer\nHow do I pay?,\n")
    code, _, err = parley("kb", "import", str(table), str(tmp_path / "base.yaml"))
    assert code == 1
    assert "table.csv:2" in err

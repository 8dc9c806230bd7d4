"""What editors accept: put into a base, refused with a reason, and written into its files."""

from pathlib import Path

import pytest

from shared.drafts import Draft, DraftOutcome
from shared.errors import KnowledgeError
from workers.drafts import merge, merge_all
from workers.knowledge.base import Entry, KnowledgeBase
from workers.knowledge.loader import load, read_all
from workers.modelling.knowledge.draft_files import write_drafts

PAY = Entry("pay", "How can I pay?", "By card.", ("payment options", "Do you take cards?"))
HOURS = Entry("hours", "When are you open?", "Nine to five.")
BASE = KnowledgeBase((PAY, HOURS))
WIFI = Draft("d1", "entry", "wifi", 1.0, "Is there wifi?", "Yes.", ("wifi in the shop",))
CHEQUES = Draft("d2", "phrasings", "pay", 2.0, phrasings=("Do you take cheques?",))


def outcome(*drafts: Draft, base: KnowledgeBase = BASE) -> list[tuple[str, str | None]]:
    _, found = merge(base, drafts)
    return [(found[each.id].state, found[each.id].reason) for each in drafts]


def test_a_new_entry_and_further_wordings_are_taken() -> None:
    merged, outcomes = merge(BASE, [CHEQUES, WIFI])
    entries = {entry.id: entry for entry in merged.entries}
    assert entries["wifi"] == Entry("wifi", "Is there wifi?", "Yes.", ("wifi in the shop",))
    assert entries["pay"].phrasings == (*PAY.phrasings, "Do you take cheques?")
    assert entries["hours"] == HOURS
    assert outcomes == {"d1": DraftOutcome("live", 1.0), "d2": DraftOutcome("live", 2.0)}
    assert merged.revision != BASE.revision


def test_what_the_files_say_already_is_said_to_be_there() -> None:
    known = Draft("d", "phrasings", "pay", 1.0, phrasings=("PAYMENT  options!",))
    same = Draft("e", "entry", "hours", 1.0, "when are you open", "Nine to five.")
    assert outcome(known) == outcome(same) == [("in_base", None)]
    assert merge(BASE, [known, same])[0] == BASE


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        (Draft("d", "phrasings", "gone", 1.0, phrasings=("a b",)), "no entry with the id gone"),
        (
            Draft("d", "phrasings", "hours", 1.0, phrasings=("How can I pay",)),
            "is a wording of pay",
        ),
        (Draft("d", "entry", "pay", 1.0, "Other?", "Other."), "another entry with the id pay"),
        (Draft("d", "entry", "new", 1.0, "how can I pay", "x"), "a wording of the entry pay"),
        (Draft("d", "entry", "new", 1.0, "What?", " "), "answer is empty"),
        (Draft("d", "entry", "new", 1.0, "x" * 1001, "y"), "has 1001 characters"),
        (Draft("d", "entry", "a\nb", 1.0, "What?", "y"), "must be 1 to 255 bytes"),
    ],
)
def test_a_draft_that_cannot_be_taken_is_refused_and_the_base_stays(draft: Draft, why: str) -> None:
    [(state, reason)] = outcome(draft)
    assert state == "refused"
    assert why in (reason or "")
    assert merge(BASE, [draft])[0] == BASE


def test_wordings_of_others_are_left_out_and_told() -> None:
    mixed = Draft("d", "phrasings", "hours", 1.0, phrasings=("opening times", "payment options"))
    merged, outcomes = merge(BASE, [mixed])
    assert merged.entries[1].phrasings == ("opening times",)
    assert outcomes["d"].state == "live"
    assert "“payment options” is a wording of pay" in (outcomes["d"].reason or "")


def test_the_older_of_two_drafts_with_one_id_wins() -> None:
    later = Draft("d3", "entry", "wifi", 3.0, "What is the wifi called?", "Guest.")
    assert [state for state, _ in outcome(later, WIFI)] == ["refused", "live"]


def test_each_tenant_s_drafts_go_into_its_own_base_alone(tmp_path: Path) -> None:
    for place in ("", "tenants/acme"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "faq.yaml").write_text("- {id: pay, question: Pay?, answer: Card.}\n")
    merged = merge_all(read_all(tmp_path), {"default": [WIFI], "acme": [CHEQUES], "beta": [WIFI]})
    shared, acme = merged.readings.shared, merged.readings.tenants["acme"]
    assert shared is not None
    assert [entry.id for entry in shared.base.entries] == ["pay", "wifi"]
    assert [entry.all_phrasings for entry in acme.base.entries] == [
        ("Pay?", "Do you take cheques?")
    ]
    assert merged.outcomes["beta"]["d1"].state == "refused"
    assert "no knowledge base of its own" in (merged.outcomes["beta"]["d1"].reason or "")


def test_a_base_with_a_fault_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text("- {id: pay}\n")
    readings = read_all(tmp_path)
    assert merge_all(readings, {"default": [WIFI]}).readings == readings


WRITTEN = """# Prices: ask Ben.
- id: pay  # the till
  question: How can I pay?
  phrasings:
    - payment options
    - >-
      Do you take
      cards?
  answer: |
    By card.

- question: When are you open?
  id: hours
  answer: Nine to five.
"""


def test_the_files_hold_them_afterwards_and_all_else_stays(tmp_path: Path) -> None:
    faq = tmp_path / "faq.yaml"
    faq.write_text(WRITTEN)
    opening = Draft("d4", "phrasings", "hours", 4.0, phrasings=('Say "hi": when?', "Öffnung #1"))
    written = write_drafts(tmp_path, [WIFI, CHEQUES, opening])
    assert sorted(written.drafts) == ["d1", "d2", "d4"]
    assert {file.name for file in written.files} == {"faq.yaml", "accepted.yaml"}
    entries = {entry.id: entry for entry in load(tmp_path).entries}
    assert set(entries["pay"].phrasings) == {*PAY.phrasings, "Do you take cheques?"}
    assert entries["hours"].phrasings == opening.phrasings
    assert entries["wifi"].answer == "Yes."
    lines = iter(faq.read_text().splitlines())
    assert all(line in lines for line in WRITTEN.splitlines()), "each, in its order"

    again = Draft("d5", "entry", "dogs", 5.0, "May dogs come in?", "Yes,\n\non a lead.")
    assert write_drafts(tmp_path, [again]).drafts == ["d5"]
    assert [e.id for e in load(tmp_path / "accepted.yaml").entries] == ["wifi", "dogs"]


def test_json_lines_take_them_too(tmp_path: Path) -> None:
    faq = tmp_path / "faq.jsonl"
    faq.write_text('{"id":"pay","question":"How can I pay?","answer":"Card."}\n')
    write_drafts(faq, [WIFI, CHEQUES])
    entries = load(faq).entries
    assert [(each.id, each.phrasings) for each in entries] == [
        ("pay", ("Do you take cheques?",)),
        ("wifi", ("wifi in the shop",)),
    ]


BREAKS = ("a\x85b", "a\u2028b", "a\nb", "a\r\nb", "a\rb", "--- a", "- a: #b", "null", "\ufeffa")


@pytest.mark.parametrize("text", BREAKS)
def test_any_character_that_a_draft_has_is_written(tmp_path: Path, text: str) -> None:
    (tmp_path / "faq.yaml").write_text(WRITTEN)
    entry = Draft("d5", "entry", "x", 5.0, f"X {text}?", f"{text}.", (f"y {text}",))
    opening = Draft("d4", "phrasings", "hours", 4.0, phrasings=(f"when {text}",))
    assert len(write_drafts(tmp_path, [entry, opening]).drafts) == 2
    entries = {entry.id: entry for entry in load(tmp_path).entries}
    assert "\x85" not in text or "\x85" in entries["x"].answer
    assert len(entries["hours"].phrasings) == 1


def test_windows_line_ends_stay(tmp_path: Path) -> None:
    faq = tmp_path / "faq.yaml"
    faq.write_bytes(WRITTEN.replace("\n", "\r\n").encode())
    write_drafts(tmp_path, [CHEQUES])
    assert b'\r\n    - "Do you take cheques?"\r\n' in faq.read_bytes()
    assert faq.read_bytes().count(b"\n") == faq.read_bytes().count(b"\r\n")


def test_what_has_another_form_is_left_to_a_person(tmp_path: Path) -> None:
    faq = tmp_path / "faq.yaml"
    flow = "- {id: pay, question: How can I pay?, phrasings: [options], answer: Card.}\n"
    faq.write_text(flow)
    written = write_drafts(tmp_path, [CHEQUES, WIFI])
    assert (written.by_hand, written.drafts) == (["pay"], ["d1"])
    assert faq.read_text() == flow


def test_files_are_put_back_if_they_would_not_say_it(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text(WRITTEN)
    (tmp_path / "accepted.yaml").write_text("by_hand:\n  - {id: a, question: A?, answer: B.}\n")
    with pytest.raises(KnowledgeError, match="left as they are"):
        write_drafts(tmp_path, [WIFI, CHEQUES])
    assert (tmp_path / "faq.yaml").read_text() == WRITTEN
    assert load(tmp_path)


def test_nothing_is_written_into_a_base_with_a_fault(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text("- {id: pay}\n")
    with pytest.raises(KnowledgeError, match="no question"):
        write_drafts(tmp_path, [WIFI])
    assert not (tmp_path / "accepted.yaml").exists()

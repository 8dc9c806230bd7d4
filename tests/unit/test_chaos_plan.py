"""A campaign is drawn from its seed: the same again for the same, within its bounds."""

import dataclasses

import pytest

from infra.chaos.faults import CATALOGUE, LARGE, SECOND_LOOK_FAULTS, draw
from infra.chaos.plan import ChaosPlan, quick_plan, specs_named, with_second_looks
from infra.chaos.script import CRASH_WORD, POISON_WORD, write_script
from shared.errors import CommandMisused


def test_a_seed_draws_the_same_faults_again_and_another_seed_others() -> None:
    assert draw(3, 40, 300.0) == draw(3, 40, 300.0)
    assert draw(3, 40, 300.0) != draw(4, 40, 300.0)


def test_every_kind_of_fault_comes_before_any_comes_again() -> None:
    faults = draw(1, 2 * len(CATALOGUE), 100.0)
    for remaining in (faults[: len(CATALOGUE)], faults[len(CATALOGUE) :]):
        for spec in CATALOGUE:
            assert any(f.action == spec.action and f.target in spec.targets for f in remaining)


def test_faults_come_in_order_of_time_and_last_as_long_as_they_may() -> None:
    faults = draw(5, 50, 200.0)
    times = [fault.at_seconds for fault in faults]
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < 200.0
    longest = {
        (spec.action, target): spec.max_seconds for spec in CATALOGUE for target in spec.targets
    }
    assert all(fault.seconds <= longest[fault.action, fault.target] for fault in faults)


def test_the_script_sends_each_message_once_and_in_order() -> None:
    script = write_script(1, 500, 60.0, ["hello", "what?"], [])
    messages = [message for conversation in script for message in conversation.messages]
    assert [message.number for message in messages] == list(range(500))
    assert len({message.text for message in messages}) == 500
    assert len({conversation.id for conversation in script}) == len(script)
    dues = [conversation.due_seconds for conversation in script]
    assert dues == sorted(dues)
    assert dues[-1] < 60.0
    assert {conversation.pacing for conversation in script} == {"waiting", "bursting"}
    assert {len(conversation.messages) for conversation in script} > {1, 6}


def test_poison_is_sent_when_its_fault_is_due() -> None:
    drawn = draw(1, len(CATALOGUE), 50.0)
    (poison,), (crash,) = ([f for f in drawn if f.action == a] for a in ("poison", "crash"))
    script = write_script(1, 1_000, 50.0, ["hello"], drawn)
    result = [message for conversation in script for message in conversation.messages]
    poisoned = [message for message in result if message.poison == POISON_WORD]
    assert [m.number for m in poisoned] == [int(20 * poison.at_seconds) + more for more in range(3)]
    assert all(POISON_WORD in m.text for m in poisoned)
    (one,) = [message for message in result if message.poison == CRASH_WORD]
    assert one.number == int(20 * crash.at_seconds)
    assert CRASH_WORD in one.text


def test_kinds_are_chosen_by_how_their_titles_begin() -> None:
    assert [spec.title for spec in specs_named("kill inference, cut")] == [
        "kill inference",
        "cut inference",
    ]
    assert specs_named("away, deadly") == specs_named("outage, crash")  # their former names
    with pytest.raises(CommandMisused, match="freeze redis"):
        specs_named("earthquake")
    with pytest.raises(CommandMisused, match="--only"):
        specs_named("kill,,cut")


@pytest.mark.parametrize(
    ("option", "value"), [("messages", 0), ("faults", -1), ("seconds", 0.0), ("patience", 0.0)]
)
def test_bounds_name_the_option(option: str, value: float) -> None:
    name = "timeout_seconds" if option == "patience" else option
    with pytest.raises(CommandMisused, match=f"--{option}"):
        ChaosPlan(**{name: value})  # type: ignore[arg-type]


def test_the_quick_plan_injects_every_kind_of_fault() -> None:
    assert quick_plan(9).faults == len(CATALOGUE)
    assert quick_plan(9).seed == 9


def test_a_cascade_is_hit_where_it_gives_second_looks_too() -> None:
    plan = with_second_looks(quick_plan(9))
    assert plan.faults == len(CATALOGUE) + len(SECOND_LOOK_FAULTS)
    targets = {fault.target for fault in draw(9, plan.faults, plan.seconds, plan.specs)}
    assert set(LARGE) <= targets
    chosen = dataclasses.replace(plan, specs=specs_named("kill inference-large"))
    assert with_second_looks(chosen) == chosen
    assert [spec.targets for spec in chosen.specs] == [LARGE]

"""A model whose words come to nothing keeps nobody waiting, and is tried where nobody waits."""

from dataclasses import replace

import pytest

from tests.fakes.clock import ManualClock
from tests.support.handed_jobs import BRIEF, WORDS
from workers.speaking.rehearsals import Rehearsals
from workers.speaking.worth import FIRST_PAUSE_SECONDS, IN_VAIN, LONGEST_PAUSE_SECONDS, Worth
from workers.voice.brief import Brief, Refusal, Spoken

LATE = Spoken(WORDS, seconds=5.0, fault="late")
REFUSED = Spoken(WORDS, sentences=1, refused=(Refusal("No.", "claim"),), seconds=1.2)
SILENT = Spoken(WORDS, seconds=1.5)
GOOD = Spoken(WORDS, sentences=2, seconds=3.0, first_seconds=1.0)
OTHER = replace(BRIEF, message="Another one")


class Stand:
    """A worker's view of its model, and rehearsals that a test steps through."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.worth = Worth(self.clock)
        self.rehearsed: list[Brief] = []
        self.is_good = False
        self.rehearsals = Rehearsals(self.worth, self._rehearse)

    def _rehearse(self, brief: Brief) -> bool:
        self.rehearsed.append(brief)
        return self.is_good

    def lose(self, times: int = IN_VAIN) -> bool:
        return [self.worth.learn(BRIEF, LATE) for _ in range(times)][-1]

    def step_after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.rehearsals.step()


@pytest.mark.parametrize("spoken", [LATE, REFUSED, SILENT])
def test_some_replies_in_vain_in_a_row_end_the_waiting(spoken: Spoken) -> None:
    worth = Stand().worth
    told = [worth.learn(BRIEF, spoken) for _ in range(IN_VAIN)]
    assert told == [False] * (IN_VAIN - 1) + [True]
    assert worth.is_left_alone


@pytest.mark.parametrize(
    "spoken",
    [
        GOOD,
        replace(LATE, seconds=0.02),  # a refused connection
        replace(GOOD, first_seconds=None),  # a person came, or the job has ended
    ],
)
def test_what_serves_or_keeps_nobody_waiting_is_not_in_vain(spoken: Spoken) -> None:
    stand = Stand()
    stand.lose(IN_VAIN - 1)
    assert not stand.worth.learn(BRIEF, spoken)
    assert not stand.worth.is_left_alone


def test_a_good_reply_begins_the_count_anew() -> None:
    stand = Stand()
    stand.lose(IN_VAIN - 1)
    stand.worth.learn(BRIEF, GOOD)
    assert not stand.lose(IN_VAIN - 1)
    assert stand.lose(1)


def test_a_rehearsal_that_yields_a_sentence_in_time_brings_the_words_back() -> None:
    stand = Stand()
    stand.lose()
    stand.step_after(FIRST_PAUSE_SECONDS - 0.1)
    assert stand.rehearsed == []
    stand.step_after(0.1)
    assert stand.worth.is_left_alone
    stand.is_good = True
    stand.step_after(2 * FIRST_PAUSE_SECONDS)
    assert not stand.worth.is_left_alone
    stand.step_after(LONGEST_PAUSE_SECONDS)
    assert len(stand.rehearsed) == 2


def test_pauses_double_up_to_a_minute() -> None:
    stand = Stand()
    stand.lose()
    for _ in range(400):
        stand.step_after(1.0)
    assert len(stand.rehearsed) == 9  # at 5, 15, 35, 75, 135, 195, 255, 315, 375


def test_after_a_return_one_reply_in_vain_is_enough_and_a_good_one_undoes_that() -> None:
    stand = Stand()
    stand.lose()
    stand.is_good = True
    stand.step_after(FIRST_PAUSE_SECONDS)
    assert stand.lose(1)
    stand.step_after(FIRST_PAUSE_SECONDS)
    assert stand.worth.is_left_alone, "the pause has doubled"
    stand.step_after(FIRST_PAUSE_SECONDS)
    stand.worth.learn(BRIEF, GOOD)
    assert not stand.lose(1)


def test_a_reply_that_was_good_is_rehearsed_before_those_in_vain() -> None:
    stand = Stand()
    stand.worth.learn(OTHER, GOOD)
    stand.lose()
    stand.step_after(FIRST_PAUSE_SECONDS)
    assert stand.rehearsed == [OTHER]


def test_without_a_good_one_those_in_vain_are_rehearsed_in_turn() -> None:
    stand = Stand()
    for brief in (OTHER, BRIEF, BRIEF):
        stand.worth.learn(brief, LATE)
    for _ in range(3):
        stand.step_after(LONGEST_PAUSE_SECONDS)
    assert stand.rehearsed.count(OTHER) == 1


def test_a_rehearsal_that_fails_does_not_end_rehearsing(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    worth = Worth(clock)
    for _ in range(IN_VAIN):
        worth.learn(BRIEF, LATE)

    def fail(brief: Brief) -> bool:
        raise RuntimeError(brief.message)

    clock.advance(FIRST_PAUSE_SECONDS)
    Rehearsals(worth, fail).step()
    assert worth.is_left_alone
    assert BRIEF.message not in caplog.text
    clock.advance(2 * FIRST_PAUSE_SECONDS)
    assert worth.due_rehearsal() == BRIEF

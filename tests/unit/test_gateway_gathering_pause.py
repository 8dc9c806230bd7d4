"""The pause in which requests gather while others are refused."""

import gevent

from gateway.gathering_pause import PAUSE_SECONDS, GatheringPause
from gateway.turns import Turns


def test_it_sleeps_once_for_all_that_a_pass_refuses() -> None:
    slept = list[float]()
    pause = GatheringPause(Turns(), slept.append)
    gevent.sleep(0)
    assert slept == []
    for _ in range(3):
        pause.after_refusal()
    assert slept == []
    gevent.sleep(0)
    assert slept == [PAUSE_SECONDS]
    gevent.sleep(0)
    pause.after_refusal()
    gevent.sleep(0)
    assert slept == 2 * [PAUSE_SECONDS]


def test_nobody_who_waits_for_a_turn_waits_for_it() -> None:
    slept, turns = list[float](), Turns(at_once=1)
    pause = GatheringPause(turns, slept.append)
    waiting = [gevent.spawn(turns.take) for _ in range(20)]
    gevent.sleep(0)
    pause.after_refusal()
    gevent.sleep(0)
    assert turns.has_waiting
    assert slept == []
    gevent.joinall(waiting)
    pause.after_refusal()
    gevent.sleep(0)
    assert slept == [PAUSE_SECONDS]

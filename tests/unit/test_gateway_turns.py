"""Turns of requests: none waits where there is little to do, and answers get in between."""

import gevent

from gateway.turns import Turns


def test_few_requests_do_not_wait() -> None:
    turns, begun = Turns(at_once=3), list[int]()
    for number in range(3):
        assert turns.take() is False
        begun.append(number)
    assert begun == [0, 1, 2]
    gevent.sleep(0)
    assert turns.take() is False


def test_many_begin_in_order_and_others_get_on_in_between() -> None:
    turns, order = Turns(at_once=2), list[str]()

    def ask(number: int) -> None:
        assert turns.take() is (number >= 2)
        order.append(f"request {number}")

    def answer() -> None:
        for _ in range(3):
            order.append("answer")
            gevent.sleep(0)

    gevent.joinall([*(gevent.spawn(ask, number) for number in range(8)), gevent.spawn(answer)])
    requests = [each for each in order if each != "answer"]
    assert requests == [f"request {number}" for number in range(8)]
    last_answer = max(at for at, each in enumerate(order) if each == "answer")
    assert order[: last_answer + 1].count("answer") == 3
    assert last_answer < len(order) - 2, order


def test_who_gives_up_waiting_keeps_nobody_from_a_turn() -> None:
    turns = Turns(at_once=1)
    waiting = [gevent.spawn(turns.take) for _ in range(5)]
    gevent.sleep(0)
    waiting[2].kill()
    gevent.joinall(waiting, timeout=5, raise_error=True)
    assert all(each.ready() for each in waiting)

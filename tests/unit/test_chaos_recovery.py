"""How long recovering took, and whether anything else was broken meanwhile."""

from infra.chaos.campaign import timeline
from infra.chaos.faults import Action, PlannedFault
from infra.chaos.ledger import LedgerEntry, MessageHistory
from infra.chaos.recovery import Recovery, recoveries
from infra.chaos.scheduler import Injection


def injection(
    action: Action, target: str, at: float, **more: float | tuple[str, ...] | None
) -> Injection:
    made = Injection(PlannedFault(at, action, target), at)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def by_name(found: list[Recovery], word: str) -> Recovery:
    (one,) = [each for each in found if word in each.name]
    return one


def test_each_message_that_a_killed_worker_had_leased_is_a_sample() -> None:
    killed = injection("kill", "inference", 100.0, in_flight=("a", "b"), released_at=103.0)
    sent = {
        0: MessageHistory(ended_at=104.0, job_ids={"a"}),
        1: MessageHistory(ended_at=105.0, job_ids={"b"}),
    }
    found = recoveries([killed], sent, {"inference": [90.0, 108.0]})
    back = by_name(found, "killed: messages back")
    assert (back.count, back.p50, back.p99, back.alone, back.missed) == (2, 3.0, 3.0, 2, False)
    assert by_name(found, "they are answered").p50 == 4.5


def test_a_recovery_during_another_fault_does_not_miss_the_target() -> None:
    slow = injection("kill", "inference", 100.0, in_flight=("a",), released_at=109.0)
    outage = injection("outage", "redis", 101.0, reverted_at=107.0)
    ready = {"redis": [50.0, 103.0], "inference": [110.0]}
    back = by_name(recoveries([slow, outage], {}, ready), "killed: messages back")
    assert (back.alone, back.alone_p99, back.p99) == (0, None, 9.0)
    assert back.missed
    quick = injection("kill", "inference-2", 200.0, in_flight=("b",), released_at=203.0)
    back = by_name(recoveries([slow, outage, quick], {}, ready), "killed: messages back")
    assert (back.count, back.alone, back.alone_p99, back.missed) == (2, 1, 3.0, False)


def test_redis_is_back_once_it_answers_and_every_link_is_open() -> None:
    outage = injection("outage", "redis", 100.0, reverted_at=106.0)
    sent = {
        n: MessageHistory(sent_at=sent, ended_at=ended, ending="answered")
        for n, (sent, ended) in enumerate([(98.0, 99.0), (102.0, 104.0), (105.0, 107.5)])
    }
    first = by_name(recoveries([outage], sent, {"redis": [103.0]}), "Redis")
    assert first.p50 == 1.5


def test_a_lull_after_redis_is_back_is_no_part_of_its_recovery() -> None:
    killed = injection("kill", "redis", 100.0)
    sent = {0: MessageHistory(sent_at=104.0, ended_at=104.25, ending="answered")}
    assert by_name(recoveries([killed], sent, {"redis": [101.0]}), "Redis").p50 == 0.25


def test_a_gateway_serves_when_it_is_ready_again() -> None:
    killed = injection("kill", "gateway-2", 100.0)
    ready = {"gateway-2": [40.0, 102.5], "gateway": [101.0]}
    assert by_name(recoveries([killed], {}, ready), "gateway").p50 == 2.5


def test_the_timeline_counts_what_was_received_in_each_second() -> None:
    received = [
        LedgerEntry(10.2, 0, "sent"),
        LedgerEntry(10.9, 0, "answered"),
        LedgerEntry(12.5, 1, "trouble"),
    ]
    line = timeline(received, began_at=10.0)
    assert (line.answered, line.trouble, line.errors) == ((1, 0, 0), (0, 0, 1), (0, 0, 0))


def test_replies_while_the_model_server_is_struck_are_timed() -> None:
    refused = injection("refuse", "llm", 100.0, reverted_at=105.0)
    sent = {
        n: MessageHistory(sent_at=at, ended_at=at + 1.0, ending="answered")
        for n, at in enumerate([99.0, 101.0, 104.0, 102.0, 106.0])
    }
    found = by_name(recoveries([refused], sent, {}, prompt=[0, 1, 2, 4]), "model server struck")
    assert (found.count, found.p99, found.alone, found.missed) == (2, 1.0, 2, False)

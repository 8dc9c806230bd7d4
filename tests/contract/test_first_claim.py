"""The message that wakes an idle worker is claimed with its lease, and as any other would be."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from shared import keys
from shared.jobs import ChatJob
from shared.message_headers import with_draft
from shared.scripts import Script
from shared.wire import encode_infer
from tests.contract.broker import NOW, POLICY, Broker, claim, done, job, kill_with_lease, push
from workers.consumer.first_claim import NO_CLAIM, first_claim
from workers.consumer.lease_queue import LeasedJob
from workers.consumer.redis_inference_queue import RedisInferenceQueue


def sent(name: str, conversation: str | None = None) -> ChatJob:
    """Return a job as the gateway sends it."""
    return replace(job(name, conversation, "g"), expires_at=NOW + 30)


def state(broker: Broker, each: ChatJob) -> bytes | None:
    found: bytes | None = broker.client.hget(keys.job(each.id), "state")  # type: ignore[assignment]
    return found


def test_it_is_claimed_before_the_claim_is_asked_for(broker: Broker) -> None:
    queue, one = broker.inference("w"), sent("one")
    push(broker, one)
    queue.wait(1)
    (lease,) = queue.lease(8)
    assert state(broker, one) == b"started"
    (found,) = queue.claim([LeasedJob(lease, one)])
    assert (found.verdict, found.dialogue, found.with_person) == ("run", b"", False)
    assert queue.complete([done(lease, one)]) == ["applied"]


def test_others_of_the_same_lease_are_claimed_after_it(broker: Broker) -> None:
    queue, jobs = broker.inference("w"), [sent("one", "talk"), sent("two", "talk"), sent("three")]
    push(broker, *jobs)
    queue.wait(1)
    leases = queue.lease(8)
    assert [state(broker, each) for each in jobs] == [b"started", None, None]
    found = queue.claim([LeasedJob(*pair) for pair in zip(leases, jobs, strict=True)])
    assert [each.verdict for each in found] == ["run", "parked", "run"]


def test_it_is_parked_behind_another_of_its_conversation(broker: Broker) -> None:
    first, second = broker.inference("v"), broker.inference("w")
    one, two = sent("one", "talk"), sent("two", "talk")
    push(broker, one)
    (held,) = first.lease(1)
    claim(first, held, one)
    push(broker, two)
    second.wait(1)
    (lease,) = second.lease(8)
    assert claim(second, lease, two) == "parked"
    assert second.leased_tokens() == set()
    first.complete([done(held, one)])
    (lease,) = second.lease(8)
    assert claim(second, lease, two) == "run"


def test_what_has_ended_is_not_run(broker: Broker) -> None:
    queue, one = broker.inference("w"), sent("one")
    push(broker, one)
    (lease,) = queue.lease(1)
    claim(queue, lease, one)
    queue.complete([done(lease, one)])
    push(broker, one)
    queue.wait(1)
    (lease,) = queue.lease(8)
    assert claim(queue, lease, one) == "ended"


def test_a_lost_reply_is_asked_for_again(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, one = broker.inference("w"), sent("one")
    push(broker, one)
    queue.wait(1)
    monkeypatch.setattr(queue, "_lease", losing_its_first_reply(queue))
    (lease,) = queue.lease(8)
    assert claim(queue, lease, one) == "run"


def losing_its_first_reply(queue: RedisInferenceQueue) -> Script:
    call, replies = queue._lease, iter((ConnectionResetError("the reply is lost"),))

    def lossy(
        keys: Sequence[str] = (), args: Sequence[object] = (), client: object = None
    ) -> object:
        answer = call(keys=keys, args=args)
        for fault in replies:
            raise fault
        return answer

    return lossy


def test_a_job_of_a_celery_client_is_left_to_the_claim(broker: Broker) -> None:
    queue, one = broker.inference("w"), replace(job("one"), external=True)
    message = msgspec.json.decode(encode_infer(one))
    del message["headers"]["parley_accepted_at"]
    broker.push(keys.INFERENCE, msgspec.json.encode(message))
    queue.wait(1)
    (lease,) = queue.lease(8)
    assert state(broker, one) is None
    assert claim(queue, lease, one) == "run"
    assert len(broker.waiting(keys.SENTIMENT)) == 1


def test_what_is_taken_alone_goes_before_it(broker: Broker) -> None:
    patient = replace(POLICY, deliveries=5)
    alive, woken = broker.inference("alive", patient), broker.inference("woken", patient)
    bad, one = sent("bad"), sent("one")
    push(broker, bad)
    for _ in range(2):
        kill_with_lease(broker)
        alive.reclaim_dead()
    push(broker, one)
    woken.wait(1)
    (lease,) = woken.lease(8)
    assert lease.raw == encode_infer(bad)
    assert state(broker, one) is None
    assert claim(woken, lease, bad) == "run"
    woken.complete([done(lease, bad)])
    (lease,) = woken.lease(8)
    assert claim(woken, lease, one) == "run"


@pytest.mark.parametrize("raw", [None, keys.WAKE.encode(), b"{}", b"no JSON"])
def test_what_is_no_job_is_not_claimed(raw: bytes | None) -> None:
    assert first_claim(raw, NOW, 60) == NO_CLAIM


def test_a_reply_that_comes_back_from_a_model_is_not_claimed_with_its_lease() -> None:
    one = sent("one")
    message = with_draft(encode_infer(one), one, "{}")
    assert first_claim(message, NOW, 60) == NO_CLAIM

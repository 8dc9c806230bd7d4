"""A reply that a model puts into words, as it is shown: as it comes, once each, never torn."""

import msgspec
import pytest

from gateway.queue.erasure import RedisErasure
from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.job_follower import JobProgress, RedisJobFollower
from shared import keys
from shared.wire import read_chat_job
from tests.contract.broker import NOW, Broker, done, job
from tests.contract.generation_stand import LIMITS, hand_over, show, shown, take
from workers.consumer.lease_queue import LeasedJob


def test_sentences_are_shown_once_each_in_order_and_followed(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one", gateway="gw")
    hand_over(broker, one)
    lease, seen = take(generation)
    follower = RedisJobFollower(broker.connect(), "gw", 60)
    listener = broker.client.pubsub()  # type: ignore[no-untyped-call]
    listener.subscribe(keys.replies("gw"))
    progress = follower.follow("one", 0)
    assert isinstance(progress, JobProgress)
    assert (progress.state, progress.text) == ("started", b"")
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    assert show(generation, lease, seen, "", "It is so.") == "shown"  # a repeated call
    assert show(generation, lease, seen, "It is so.", " Überall.") == "shown"
    assert shown(broker, "one") == "It is so. Überall."
    progress = follower.follow("one", len("It is so."))
    assert isinstance(progress, JobProgress)
    assert progress.text.decode() == " Überall."
    heard = [listener.get_message(timeout=1.0) for _ in range(3)]
    listener.close()
    assert [each["data"] for each in heard if each and each["type"] == "message"] == [
        b"one\tstarted\t{}"
    ] * 2
    assert generation.complete([done(lease, seen)]) == ["applied"]
    assert shown(broker, "one") == ""


def test_who_has_lost_the_lease_shows_nothing_more(broker: Broker) -> None:
    slow, one = broker.generation("slow"), job("one")
    hand_over(broker, one)
    lease, seen = take(slow)
    assert show(slow, lease, seen, "", "It is so.") == "shown"
    broker.kill("slow")
    worker = broker.inference("w")
    assert worker.reclaim_dead().returned == 1
    assert show(slow, lease, seen, "It is so.", " Torn") == "lost"
    (taken,) = worker.lease(1)
    again = read_chat_job(taken.raw, NOW)
    (claimed,) = worker.claim([LeasedJob(taken, again)])
    assert (claimed.verdict, claimed.shown) == ("run", "It is so.")
    assert slow.complete([done(lease, seen)]) == ["lost"]
    assert worker.complete([done(taken, again)]) == ["applied"]


def test_nobody_writes_over_what_another_has_shown(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    assert show(generation, lease, seen, "It", " is.") == "lost"
    assert shown(broker, "one") == "It is so."


def test_a_cancelled_reply_is_shown_no_further(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    assert RedisJobCanceller(broker.client, broker.clock, LIMITS).cancel("one")
    assert show(generation, lease, seen, "It is so.", " More.") == "ended"
    assert shown(broker, "one") == ""


def test_a_person_who_takes_over_ends_the_model_s_words(broker: Broker) -> None:
    generation, worker, one = broker.generation("g"), broker.inference("w"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    broker.client.hset(keys.handover(one.conversation_id), "state", msgspec.json.encode("claimed"))
    assert show(generation, lease, seen, "", "It is so.") == "person"
    assert generation.complete([done(lease, seen)]) == ["lost"]
    (taken,) = worker.lease(1)
    (claimed,) = worker.claim([LeasedJob(taken, read_chat_job(taken.raw, NOW))])
    assert claimed.with_person


@pytest.mark.parametrize("state", ["REVOKED", "SUCCESS"])
def test_an_end_that_another_stored_stops_the_reply_and_leaves_no_text(
    broker: Broker, state: str
) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    broker.client.set(keys.result("one"), msgspec.json.encode({"status": state}))
    assert show(generation, lease, seen, "It is so.", " More.") == "ended"
    assert generation.complete([done(lease, seen)]) == ["duplicate"]
    assert broker.client.exists(keys.reply_text("one"), keys.lane(one.conversation_id)) == 0
    assert broker.turns(one.conversation_id) == []


def test_a_job_that_is_erased_while_it_is_put_into_words_leaves_nothing(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert show(generation, lease, seen, "", "It is so.") == "shown"
    RedisErasure(broker.client, broker.clock, LIMITS).erase_conversation(one.conversation_id)
    assert show(generation, lease, seen, "It is so.", " More.") == "ended"
    assert generation.complete([done(lease, seen)]) == ["duplicate"]
    assert broker.client.exists(keys.reply_text("one"), keys.dialogue(one.conversation_id)) == 0
    assert broker.turns(one.conversation_id) == []

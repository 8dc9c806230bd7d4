"""What the desk shows and keeps, on a real Redis: stories, ratings, gaps and handovers."""

from collections.abc import Callable

import msgspec
import pytest
import redis

from gateway.queue.drafts import RedisDrafts
from gateway.queue.gaps import RedisGaps
from gateway.queue.handovers import RedisHandovers
from gateway.queue.ratings import RedisRatings
from gateway.queue.stories import MAX_LETTERS, RedisStories
from infra.cli.exit_status import ExitStatus
from shared import keys, wire
from shared.dead_letters import DeadLetter
from shared.drafts import Draft
from shared.errors import HandoverConflict
from shared.gap_groups import GapGroup, GapGroups
from shared.tenants import scope
from shared.wordings import wording_digest
from tests.contract.broker import Broker, job
from tests.contract.conversation_stand import ConversationStand
from tests.contract.handover_stand import TTL, HandoverStand
from workers.gap_store import RedisGapStore, open_gaps
from workers.gaps import Gap

Parley = Callable[..., tuple[int, str, str]]
WIFI = Draft("d-1", "entry", "wifi", 1.0, "Wifi?", "Yes.", gaps=("x", "y"), by="mira")
GROUP = GapGroup("g-1", "Wifi?", (), 2, {"fallback": 2}, None, "", 0.0, gaps=("x", "y"))


@pytest.fixture
def stand(broker: Broker) -> ConversationStand:
    return ConversationStand(broker)


@pytest.fixture
def stories(broker: Broker) -> RedisStories:
    handovers = RedisHandovers(broker.client, broker.clock, TTL)
    return RedisStories(broker.client, handovers, broker.clock)


def bury(broker: Broker, letter: DeadLetter) -> None:
    broker.client.lpush(keys.DEAD_LETTERS, msgspec.json.encode(letter))


def test_a_story_joins_turns_replies_feedback_and_users(
    stand: ConversationStand, stories: RedisStories
) -> None:
    stand.say("one", "c-1", user="anna", handover=True)
    stand.say("two", "c-1", user="anna")
    stand.feedback.put("two", 2, "Hm.")
    stand.broker.client.delete(keys.result("one"))

    story = stories.tell("c-1")

    assert (story.users, story.whole, len(story.turns)) == (["anna"], True, 4)
    one, two = story.jobs
    assert (one.job_id, one.state, one.reply) == ("one", "forgotten", None)
    assert (two.state, two.dead_letter) == ("done", None)
    assert two.reply is not None
    assert msgspec.json.decode(two.reply)["answer"]["confidence"] == 0.9
    assert two.seconds_left is not None
    assert 0 < two.seconds_left <= 3_600
    assert two.feedback is not None
    assert (two.feedback.comment, two.feedback.entry) == ("Hm.", "entry")
    assert two.feedback.kind == "answer"
    assert story.handover is not None


def test_jobs_without_a_turn_come_last_with_why_they_died(
    stand: ConversationStand, stories: RedisStories, broker: Broker
) -> None:
    stand.say("one", "c-1")
    raw = wire.encode_infer(job("dead", "c-1"))
    bury(broker, DeadLetter("dead", keys.INFER_TASK, keys.INFERENCE, "poison", 5.0, raw))
    bury(broker, DeadLetter("other", keys.INFER_TASK, keys.INFERENCE, "poison", 5.0, b"{"))
    foreign = wire.encode_infer(job("foreign", "c-9"))
    bury(broker, DeadLetter("foreign", keys.INFER_TASK, keys.INFERENCE, "poison", 5.0, foreign))
    tone = wire.tone_task_id("one")
    bury(broker, DeadLetter(tone, keys.TONE_TASK, keys.SENTIMENT, "too long", 6.0, b"{"))
    broker.client.set(keys.lane("c-1"), "running")
    broker.client.hset(keys.job("running"), "state", "started")

    one, running, dead = stories.tell("c-1").jobs

    assert one.dead_letter is not None
    assert (one.dead_letter.queue, one.dead_letter.reason) == (keys.SENTIMENT, "too long")
    assert (running.job_id, running.state) == ("running", "started")
    assert (dead.job_id, dead.state) == ("dead", "failed")
    assert dead.dead_letter is not None
    assert dead.dead_letter.reason == "poison"


def test_only_the_newest_dead_letters_are_looked_through(
    stories: RedisStories, broker: Broker
) -> None:
    letter = msgspec.json.encode(DeadLetter("d", None, "q", "r", 1.0, b"{"))
    broker.client.rpush(keys.DEAD_LETTERS, *[letter] * (MAX_LETTERS + 1))
    assert not stories.tell("c-1").whole
    broker.client.rpop(keys.DEAD_LETTERS)
    assert stories.tell("c-1").whole


def test_any_id_leads_to_a_conversation_of_its_own_tenant(
    stand: ConversationStand, stories: RedisStories
) -> None:
    stand.say("one", "c-1", user="anna", handover=True)
    stand.say(scope("acme", "two"), scope("acme", "c-2"), user=scope("acme", "anna"))

    def found(tenant: str, wanted: str) -> list[tuple[str, str]]:
        return [(each.conversation_id, each.found_by) for each in stories.find(tenant, wanted)]

    assert found("default", "c-1") == [("c-1", "conversation")]
    assert found("default", "one") == [("c-1", "job")]
    stand.broker.client.delete(keys.job("one"), keys.handover_conversation("one"))
    assert found("default", "one") == [("c-1", "job")], "by its result"
    assert found("default", "anna") == [("c-1", "user")]
    assert found("acme", "anna") == [("c-2", "user")]
    assert found("acme", "two") == [("c-2", "job")]
    assert found("default", "two") == found("acme", "one") == found("acme", "c-1") == []


def test_a_message_that_a_celery_client_sent_for_a_tenant_is_in_its_story_alone(
    stand: ConversationStand, stories: RedisStories
) -> None:
    stand.say("sent", scope("acme", "c-2"))
    [told] = stories.tell(scope("acme", "c-2")).jobs
    assert (told.job_id, told.state) == ("sent", "done")
    assert [each.conversation_id for each in stories.find("acme", "sent")] == ["c-2"]
    assert stories.find("default", "sent") == []


def test_the_latest_ratings_come_first_with_what_they_are_about(
    stand: ConversationStand, broker: Broker
) -> None:
    ratings = RedisRatings(broker.client)
    for number, score in enumerate((5, 1, 4, 2)):
        stand.say(f"job-{number}", f"c-{number}")
        broker.clock.advance(1)
        assert stand.feedback.put(f"job-{number}", score, None)
    broker.client.delete(keys.turns("c-3"))

    latest = ratings.latest("default", "all", 3)
    assert [each.job_id for each in latest] == ["job-3", "job-2", "job-1"]
    assert (latest[0].question, latest[0].entry) == (None, "entry")
    assert (latest[1].question, latest[1].answer) == ("text of job-2", "r")
    assert [each.score for each in ratings.latest("default", "bad", 9)] == [2, 1]
    assert ratings.latest("acme", "all", 9) == []


def test_ratings_of_many_conversations_are_read_until_none_can_be_newer(broker: Broker) -> None:
    for number in range(150):
        given = {"score": 1, "comment": None, "at": number, "day": "2026-01-01"}
        broker.client.hset(
            keys.feedback_of(f"c-{number}"), "old", msgspec.json.encode({**given, "at": 0.0})
        )
        broker.client.hset(keys.feedback_of(f"c-{number}"), "new", msgspec.json.encode(given))
        broker.client.zadd(keys.FEEDBACK, {f"c-{number}": number})
    latest = RedisRatings(broker.client).latest("default", "bad", 120)
    assert [each.at for each in latest] == [float(number) for number in range(149, 29, -1)]


def test_gaps_are_grouped_on_demand_and_leave_when_they_are_settled(
    redis_client: "redis.Redis", stand: ConversationStand
) -> None:
    gaps, drafts, store = (
        RedisGaps(redis_client),
        RedisDrafts(redis_client),
        RedisGapStore(redis_client),
    )
    assert store.wanted() is None
    assert gaps.look("acme").at is None
    assert store.wanted() == "acme"
    assert store.wanted() is None, "one worker gets it"
    redis_client.zadd(keys.gaps("acme"), {scope("acme", "c-1"): 1.0})
    redis_client.rpush(
        keys.gaps_of(scope("acme", "c-1")), b'{"text":"Wifi?","reason":"fallback","entry":null}'
    )
    before = store.source("acme")
    assert store.read("acme") == [Gap("Wifi?", "fallback", None)]

    store.put("acme", GapGroups(5.0, before, 1, (GROUP,)))
    assert gaps.look("acme").groups == [GROUP]
    assert gaps.find("acme", "g-1") == GROUP
    assert gaps.find("default", "g-1") is None
    assert gaps.look("default").groups == ()

    drafts.add("acme", WIFI)
    assert gaps.look("acme").groups == []
    assert store.source("acme") != before
    drafts.remove("acme", "d-1")
    assert gaps.look("acme").groups == [GROUP]
    drafts.settle("acme", [wording_digest("wifi")], 9.0)
    assert gaps.look("acme").groups == [GROUP], "one of its wordings is left"
    assert open_gaps(redis_client, "acme") == []
    assert 0 < redis_client.ttl(keys.settled_gaps("acme")) <= keys.REPORT_TTL_SECONDS

    stand.erasure.erase_conversation(scope("acme", "c-1"))
    assert store.groups("acme") is None
    assert gaps.look("acme").kept == 0


def test_a_handover_is_given_back_to_those_who_wait(redis_client: "redis.Redis") -> None:
    stand = HandoverStand(redis_client)
    handovers = RedisHandovers(redis_client, stand.clock, TTL)
    stand.open(webhook=True)
    opened = stand.record().opened_at
    assert handovers.release("h-1", None).state == "open", "open already"
    stand.clock.advance(3)
    handovers.claim("h-1", "anna")
    with pytest.raises(HandoverConflict, match="anna has it"):
        handovers.release("h-1", "ben")

    released = handovers.release("h-1", "anna")

    assert (released.state, released.claimed_by, released.claimed_at) == ("open", None, None)
    assert released.opened_at == opened
    assert not stand.has_person()
    assert [each.id for each in handovers.page("open", 9, None).handovers] == ["h-1"]
    assert handovers.page("claimed", 9, None).handovers == []
    events = redis_client.lrange(keys.outbox_events("c-1"), 0, -1)
    assert b"handover.released" in events[-1]
    assert handovers.claim("h-1", "ben").claimed_by == "ben"
    handovers.close("h-1", None)
    with pytest.raises(HandoverConflict, match="It is closed"):
        handovers.release("h-1", None)


def test_handovers_since_a_time_are_listed(redis_client: "redis.Redis") -> None:
    stand = HandoverStand(redis_client)
    handovers = RedisHandovers(redis_client, stand.clock, TTL)
    for number in range(3):
        stand.open(f"h-{number}", f"c-{number}")
        stand.clock.advance(10)
    since = stand.clock.now() - 20
    page = handovers.page("open", 1, None, "default", since)
    assert [each.id for each in page.handovers] == ["h-1"]
    assert [each.id for each in handovers.page("open", 9, page.next).handovers] == ["h-2"]


def test_a_tenant_s_handovers_are_reached_without_its_key(
    parley: Parley, redis_client: "redis.Redis", redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    stand = HandoverStand(redis_client)
    stand.open("h-1", scope("acme", "c-1"))
    redis_client.hset(keys.handover(scope("acme", "c-1")), "conversation_id", '"c-1"')

    def run(*words: str) -> tuple[int, str, str]:
        return parley("handovers", "--tenant", "acme", *words)

    assert "h-1" in run("list")[1]
    assert parley("handovers", "--tenant", "beta", "list")[1] == "No handovers.\n"
    assert run("claim", "h-1", "--by", "anna") == (0, "claimed\n", "")
    assert run("reply", "h-1", "Hi.")[1] == "sent\n"
    assert "anna    Hi." in run("show", "h-1")[1]
    code, _, errors = run("claim", "h-1", "--by", "ben")
    assert (code, errors) == (ExitStatus.CONFLICT, "anna has it.\n")
    assert run("release", "h-1") == (0, "released\n", "")
    assert run("close", "h-1", "--note", "Done")[1] == "closed\n"
    assert run("show", "h-9")[2] == "No such handover, or it is no longer kept.\n"

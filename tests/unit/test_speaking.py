"""What a generation worker does with one job: have it said in time, or bring it into English."""

from dataclasses import dataclass, field, replace

import pytest

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, Translation
from tests.fakes.clock import ManualClock
from tests.fakes.language_model import SayingModel
from tests.support.handed_jobs import BRIEF, RESULT, WORDS
from workers.consumer.context import WorkerContext
from workers.consumer.draft_header import encode_draft
from workers.consumer.jobs import PreparedJob
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, Lease, LeasedJob
from workers.consumer.redis_generation_queue import ShowVerdict
from workers.preprocessing.preprocessor import Prepared
from workers.speaking.meter import VoiceMeter
from workers.speaking.speaking import Speaking
from workers.speaking.voiced_job import VoicedJob, voiced
from workers.speaking.worth import IN_VAIN, Worth
from workers.voice.brief import Brief, RefusalReason
from workers.voice.speaker import Speaker

LEASE, RUN = Lease(b"t", b"{}"), ClaimResult("run")
HONEST = "Leider verstehe ich hier nur Englisch."
GERMAN = Brief("fallback", "Wo ist mein Paket?", (), HONEST, language="de")


@dataclass
class Queue:
    """Shows what it is given, and takes translations back unless it is full."""

    verdict: ShowVerdict = "shown"
    is_away: bool = False
    takes_back: bool = True
    shown: list[str] = field(default_factory=list)
    returned: list[Translation] = field(default_factory=list)
    used: list[tuple[str, int]] = field(default_factory=list)

    def show(
        self, lease: Lease, job_id: str, conversation_id: str, known: str, text: str
    ) -> ShowVerdict:
        assert (lease, known) == (LEASE, "".join(self.shown))
        if self.verdict == "shown":
            self.shown.append(text)
        return self.verdict

    def return_translated(self, lease: Lease, job: ChatJob, translation: Translation) -> bool:
        if self.takes_back:
            self.returned.append(translation)
        return self.takes_back

    def use_tokens(self, lease: Lease, tenant: str, tokens: int) -> None:
        if self.is_away:
            raise QueueUnavailable("away")
        self.used.append((tenant, tokens))


class Trusting:
    """Lets every sentence be shown."""

    def judge(self, sentence: str) -> RefusalReason | None:
        return None


class Stand:
    """One job before a worker that has five seconds for it."""

    def __init__(
        self, model: SayingModel, brief: Brief = BRIEF, queue: Queue | None = None
    ) -> None:
        self.clock, self.model, self.queue = ManualClock(), model, queue or Queue()
        draft = encode_draft(replace(RESULT, brief=brief), self.clock.now())
        job = ChatJob("acme\x1fj", brief.message, "acme\x1fc", self.clock.now(), draft=draft)
        self.job: VoicedJob = voiced(job)
        self.worth = Worth(self.clock)
        context = WorkerContext("w", clock=self.clock)
        meter = VoiceMeter(context, model, self.worth, self.clock)
        speaker = Speaker(model, lambda _brief: Trusting(), self.clock)
        self.speaking = Speaking(model, speaker, self.queue, meter, self.worth, 5.0, self.clock)

    def speak(self) -> str | None:
        passages = (Prepared("text", (0,), truncated=False),)
        spoken = self.speaking.speak(
            PreparedJob(LEASE, self.job, ClaimResult("run"), passages, 0.0, 0.0)
        )
        return spoken.text if spoken else None

    def asks_model(self, claim: ClaimResult = RUN) -> bool:
        claimed = ClaimedJob(LeasedJob(LEASE, self.job), claim)
        ((passage,),) = self.speaking.prepare([claimed])
        return bool(passage.ids)


def test_a_reply_is_shown_and_its_tokens_are_its_tenant_s() -> None:
    stand = Stand(SayingModel("Orders arrive in 3 to 5 days. ", "A link comes by e-mail."))
    stand.clock.advance(1.5)
    assert stand.speak() == "Orders arrive in 3 to 5 days. A link comes by e-mail."
    assert len(stand.queue.shown) == 2
    assert stand.queue.used == [("acme", 15)]
    assert stand.model.due == [stand.clock.now() + 3.5]


def test_tokens_that_cannot_be_counted_cost_no_reply() -> None:
    stand = Stand(SayingModel("Orders arrive in 3 to 5 days."), queue=Queue(is_away=True))
    assert stand.speak() == "Orders arrive in 3 to 5 days."


def test_the_model_is_asked_only_while_there_is_time_and_nothing_was_shown() -> None:
    stand = Stand(SayingModel("Yes."))
    assert stand.asks_model()
    assert not stand.asks_model(ClaimResult("run", shown="Orders"))
    assert not stand.asks_model(ClaimResult("run", with_person=True))
    stand.job = replace(stand.job, expires_at=stand.clock.now() + 0.4)
    assert not stand.asks_model(), "a reply is due half a second before its job expires"
    stand.job = replace(stand.job, expires_at=None)
    stand.clock.advance(5.0)
    assert not stand.asks_model()


@pytest.mark.parametrize("verdict", ["lost", "ended", "person"])
def test_what_may_not_be_shown_leaves_the_entry_s_words(verdict: ShowVerdict) -> None:
    stand = Stand(SayingModel("Orders arrive in 3 to 5 days."), queue=Queue(verdict))
    assert stand.speak() == WORDS


def test_where_no_model_was_asked_nobody_is_charged() -> None:
    stand = Stand(SayingModel(refuses="away"))
    assert stand.speak() == WORDS
    assert stand.queue.used == []


def test_a_message_in_another_language_goes_back_in_english() -> None:
    stand = Stand(SayingModel("Where is my parcel?"), GERMAN)
    assert stand.speak() is None
    assert stand.queue.returned == [Translation("de", "Where is my parcel?")]
    assert stand.queue.used == [("acme", 15)]
    assert stand.queue.shown == []


@pytest.mark.parametrize(
    ("model", "queue"),
    [
        (SayingModel(refuses="away"), Queue()),
        (SayingModel("Where are my 3 parcels?"), Queue()),
        (SayingModel("Wo ist mein Paket, und warum kommt es nicht?"), Queue()),
        (SayingModel("Where is my parcel?"), Queue(takes_back=False)),
    ],
)
def test_what_cannot_be_brought_into_english_gets_the_honest_sentence(
    model: SayingModel, queue: Queue
) -> None:
    stand = Stand(model, GERMAN, queue)
    assert stand.speak() == HONEST
    assert queue.returned == []


def test_a_model_whose_replies_come_to_nothing_is_asked_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock: list[ManualClock] = []
    model = SayingModel(fault="late", on_call=lambda: clock[0].advance(1.5))
    stand = Stand(model)
    clock.append(stand.clock)
    said = [stand.speak() for _ in range(IN_VAIN + 2)]
    assert said == [WORDS] * (IN_VAIN + 2)
    assert len(model.asked) == IN_VAIN
    (line,) = [each.message for each in caplog.records if "left alone" in each.message]
    assert "late" in line
    assert BRIEF.message not in line


@pytest.mark.parametrize(
    ("brief", "model", "is_good"),
    [
        (BRIEF, SayingModel("Orders arrive in 3 to 5 days."), True),
        (BRIEF, SayingModel(refuses="away"), False),
        (GERMAN, SayingModel("Where is my parcel?"), True),
        (GERMAN, SayingModel("Wo ist mein Paket, und warum kommt es nicht?"), False),
        (GERMAN, SayingModel(refuses="away"), False),
    ],
)
def test_a_rehearsal_is_seen_by_nobody(brief: Brief, model: SayingModel, is_good: bool) -> None:
    stand = Stand(model)
    assert stand.speaking.rehearse(brief) == is_good
    assert (stand.queue.shown, stand.queue.returned) == ([], [])
    assert model.due == [stand.clock.now() + 5.0]

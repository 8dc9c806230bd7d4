"""A language model puts replies into words: real workers and gateway, a scripted model server."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from openai import OpenAI

from infra.chaos.leases import InFlightProbe
from infra.chaos.proxy import Proxy
from infra.event_source import EventSource, ServerEvent
from shared import keys
from shared.counts import day_of
from tests.e2e.gateway_process import Gateway
from tests.e2e.worker_process import WorkerProcess, wait_until_alive
from tests.support.model_server import ModelReply, ModelServer
from tests.support.processes import RedisServer, free_port, wait_until
from tests.support.small_language_model import run_language_model, small_language_model
from workers.knowledge.base import Entry
from workers.knowledge.loader import load
from workers.voice.brief import Brief, Source
from workers.voice.guard import Guard
from workers.voice.sentences import sentences_of

TARGET_SECONDS = 2.5
ON_TIME_SECONDS = TARGET_SECONDS + 1.0
DELIVERY = (
    "A parcel takes two to three working days.",
    "To an island it takes two days more.",
    "You get a message on the morning on which it arrives.",
    "The driver rings twice and waits for a minute.",
    "What nobody takes in lies at the post office for a week.",
    "There you need your passport or another paper with your picture.",
)
RETURNS = (
    "You can send back whatever you do not like within 30 days.",
    "The money is on your account after five days.",
)
KNOWLEDGE = f"""
- id: delivery-time
  question: How long does delivery take?
  phrasings: [When does my parcel come?, How many days until my parcel is here?]
  answer: {" ".join(DELIVERY)}
- id: returns
  question: Can I send an article back?
  phrasings: [How do I return an article?, Do you take back what I do not like?]
  answer: {" ".join(RETURNS)}
"""
LINK = "model"
ASKED, ASKED_BACK = "How long does delivery take?", "Can I send an article back?"
OWN_WORDS = " ".join(DELIVERY)
LIE = "It costs 4,711 EUR."


@dataclass
class Stand:
    """All that is under test.

    `generation` are workers that take what is to be put into words. They reach the model server
    through a relay at `port`.
    """

    redis_url: str
    server: ModelServer
    port: int
    relay: ExitStack
    gateway: Gateway
    generation: list[WorkerProcess]
    new_worker: Callable[..., WorkerProcess]
    conversations: Iterator[str] = field(default_factory=lambda: map("c-{}".format, range(1_000)))

    def follow(self, message: str, conversation: str) -> Iterator[ServerEvent]:
        """Ask, and yield the events of the reply as they come."""
        body = {"message": message, "conversation_id": conversation}
        with EventSource(self.gateway.url, "POST", "/chat", body) as source:
            assert source.is_stream, source.problem()
            yield from source.events()

    def told(self, message: str) -> "Told":
        """Ask, and return what a client has seen."""
        began_at = time.monotonic()
        events = list(self.follow(message, next(self.conversations)))
        return Told(events, time.monotonic() - began_at)

    def ask(self, script: ModelReply | str) -> "Told":
        """Ask while the model says what is written down."""
        self.server.script = lambda _: script
        return self.told(ASKED)

    def is_handing_over(self) -> bool:
        """Tell whether a message goes to the model: after slow ones it is spared for a while."""
        asked = len(self.server.requests)
        self.ask(DELIVERY[0])
        return len(self.server.requests) > asked

    @contextmanager
    def server_down(self) -> Iterator[None]:
        """Have nothing listen where the model server is expected."""
        self.relay.close()
        try:
            yield
        finally:
            self.relay.enter_context(Proxy({LINK: self.port}, self.server.server_address[1]))

    def turns(self, conversation: str) -> list[dict[str, Any]]:
        """Return what is kept of a conversation."""
        url = f"{self.gateway.url}/conversations/{conversation}"
        found: list[dict[str, Any]] = requests.get(url, timeout=10).json()["turns"]
        return found

    def take_holder(self) -> WorkerProcess:
        """Return the worker that has a reply under way; it is no longer one of the stand's."""
        probe = InFlightProbe(self.redis_url)
        for worker in self.generation:
            name = probe.worker_id("generation", worker.process.pid)
            if name and probe.count(name):
                self.generation.remove(worker)
                return worker
        raise AssertionError("no worker has a reply under way")


@dataclass
class Told:
    """What a client has seen of one reply."""

    events: Sequence[ServerEvent]
    seconds: float

    @property
    def deltas(self) -> list[str]:
        return [event.data["text"] for event in self.events if event.name == "delta"]

    @property
    def reply(self) -> dict[str, Any]:
        assert self.events[-1].name == "reply", self.events[-1]
        members: dict[str, Any] = self.events[-1].data
        return members


def write_base(folder: Path) -> Path:
    """Return the file of a small knowledge base."""
    base = folder / "base.yaml"
    base.write_text(KNOWLEDGE)
    return base


@pytest.fixture(scope="module")
def stand(
    redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory, model_dir: Path
) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("voice")
    base = write_base(folder)
    url = redis_server.url
    with redis.Redis.from_url(url) as client:
        client.flushall()
    settings = {
        "PARLEY_ENGINE": "litert",
        "PARLEY_KB": str(base),
        "PARLEY_LLM_URL": f"http://127.0.0.1:{(port := free_port())}/v1",
        "PARLEY_VOICE_TARGET_MS": f"{1_000 * TARGET_SECONDS:.0f}",
    }
    with ExitStack() as stack:
        server = stack.enter_context(ModelServer("Nothing yet."))
        relay = stack.enter_context(ExitStack())
        relay.enter_context(Proxy({LINK: port}, server.server_address[1]))

        def new_worker(queue: str, **more: str) -> WorkerProcess:
            worker = WorkerProcess(url, queue, folder, model_dir, (), **(settings | more))
            return stack.enter_context(worker)

        workers = [new_worker(queue) for queue in (keys.INFERENCE, *2 * (keys.GENERATION,))]
        gateway = Gateway(url, folder)
        gateway.start()
        stack.push(gateway)
        wait_until_alive(*workers)
        wait_until(gateway.answers, 60)
        yield Stand(url, server, port, relay, gateway, workers[1:], new_worker)


@pytest.fixture
def voice(stand: Stand) -> Stand:
    """The stand, once messages are handed over."""
    wait_until(stand.is_handing_over, 20, 0.2)
    return stand


def message_of(request: dict[str, Any]) -> str:
    """Return what the customer wrote, of what the model is told."""
    return str(request["messages"][-1]["content"]).split("<message>\n")[1].split("\n</")[0]


def test_a_reply_comes_by_checked_sentences(voice: Stand) -> None:
    told = voice.ask(ModelReply(text=" ".join(DELIVERY[:3]), piece_delay_seconds=0.02))
    assert told.reply["words"] == "model"
    assert told.reply["response"] == "".join(told.deltas) == " ".join(DELIVERY[:3])
    assert [delta.strip() for delta in told.deltas] == list(DELIVERY[:3])


def test_a_client_of_openai_reads_it_as_it_comes(voice: Stand) -> None:
    voice.server.script = lambda _: ModelReply(
        text=" ".join(DELIVERY[:2]), piece_delay_seconds=0.02
    )
    client = OpenAI(base_url=f"{voice.gateway.url}/v1", api_key="none", max_retries=0)
    chunks = client.chat.completions.create(
        model="parley",
        messages=[{"role": "user", "content": ASKED}],
        stream=True,
        metadata={"conversation_id": "by-openai"},
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert [piece.strip() for piece in pieces if piece] == list(DELIVERY[:2])
    assert voice.turns("by-openai")[1]["text"] == "".join(pieces)


def test_nobody_sees_a_lie(voice: Stand) -> None:
    for text in (f"{LIE} {DELIVERY[0]}", f"{DELIVERY[0]} {LIE} {DELIVERY[1]}"):
        told = voice.ask(text)
        assert "".join(told.deltas) == told.reply["response"]
        assert "4,711" not in told.reply["response"]
        assert told.reply["response"].replace("\n\n", " ") == OWN_WORDS


def test_a_model_that_stalls_makes_no_reply_late(voice: Stand) -> None:
    voice.server.script = lambda request: (
        ModelReply(text=" ".join(DELIVERY[:3]), stall_after=10)
        if message_of(request) == ASKED
        else ModelReply(text=RETURNS[0], stall_after=0)
    )
    with ThreadPoolExecutor(2) as pool:
        begun, silent = pool.map(voice.told, (ASKED, ASKED_BACK))
    assert begun.reply["response"].replace("\n\n", " ") == OWN_WORDS
    assert begun.deltas[0].strip() == DELIVERY[0]
    assert silent.deltas == [" ".join(RETURNS)]
    assert max(begun.seconds, silent.seconds) < ON_TIME_SECONDS


def test_a_server_that_is_down_costs_the_entry_s_words_no_time(voice: Stand) -> None:
    with voice.server_down():
        told = voice.told(ASKED)
    assert (told.reply["response"], told.reply["words"]) == (OWN_WORDS, "entry")
    assert told.seconds < TARGET_SECONDS


def test_a_model_that_breaks_off_tears_nothing(voice: Stand) -> None:
    told = voice.ask(ModelReply(text=" ".join(DELIVERY[:3]), break_after=12))
    assert "".join(told.deltas) == told.reply["response"]
    assert told.reply["response"].replace("\n\n", " ") == OWN_WORDS


def test_who_does_not_want_it_any_more_stops_the_model(voice: Stand) -> None:
    left = voice.server.disconnects
    voice.server.script = lambda _: ModelReply(text=OWN_WORDS, piece_delay_seconds=0.05)
    events = voice.follow(ASKED, next(voice.conversations))
    job_id = next(events).data["job_id"]
    assert next(event for event in events if event.name == "delta")
    cancelled = requests.delete(f"{voice.gateway.url}/jobs/{job_id}", timeout=10)
    assert cancelled.json()["state"] == "cancelled"
    assert voice.server.wait_for(lambda: voice.server.disconnects > left, TARGET_SECONDS - 1.0)


def test_conversations_keep_their_order(voice: Stand) -> None:
    def script(request: dict[str, Any]) -> ModelReply:
        is_first = message_of(request) == ASKED
        text = DELIVERY[0] if is_first else RETURNS[0]
        return ModelReply(text=text, first_delay_seconds=0.6 if is_first else 0.0)

    voice.server.script = script
    jobs: dict[str, list[str]] = {"one": [], "other": []}
    for message in (ASKED, ASKED_BACK):
        for conversation in jobs:
            body = {"message": message, "conversation_id": conversation}
            sent = requests.post(
                f"{voice.gateway.url}/chat",
                json=body,
                headers={"Prefer": "respond-async"},
                timeout=10,
            )
            jobs[conversation].append(sent.json()["job_id"])
    wait_until(lambda: all(len(voice.turns(each)) == 4 for each in jobs), 20)
    for conversation, asked in jobs.items():
        turns = voice.turns(conversation)
        assert [turn["job_id"] for turn in turns[::2]] == asked
        assert [turn["text"] for turn in turns[1::2]] == [DELIVERY[0], RETURNS[0]]


def test_a_worker_that_dies_in_the_middle_is_not_noticed(voice: Stand) -> None:
    voice.server.script = lambda _: ModelReply(text=" ".join(DELIVERY[:3]), stall_after=12)
    conversation = next(voice.conversations)
    events = voice.follow(ASKED, conversation)
    shown = next(event for event in events if event.name == "delta").data["text"]
    holder = voice.take_holder()
    holder.process.kill()
    told = Told(list(events), 0.0)

    assert shown.strip() == DELIVERY[0]
    assert told.reply["response"] == shown + "".join(told.deltas)
    assert told.reply["response"].replace("\n\n", " ") == OWN_WORDS
    assert told.reply["words"] == "both"
    assert [turn["role"] for turn in voice.turns(conversation)] == ["user", "assistant"]


def test_a_worker_that_stops_leaves_nothing_unsaid(voice: Stand) -> None:
    voice.server.script = lambda _: ModelReply(text=" ".join(DELIVERY[:3]), stall_after=12)
    conversation = next(voice.conversations)
    events = voice.follow(ASKED, conversation)
    shown = next(event for event in events if event.name == "delta").data["text"]
    holder = voice.take_holder()
    holder.process.terminate()
    told = Told(list(events), 0.0)

    assert told.reply["response"] == shown + "".join(told.deltas)
    assert told.reply["response"].replace("\n\n", " ") == OWN_WORDS
    assert [turn["role"] for turn in voice.turns(conversation)] == ["user", "assistant"]
    assert holder.process.wait(timeout=20) == 0


def test_without_a_worker_the_entry_s_words_come_at_once(stand: Stand) -> None:
    assert stand.generation == []
    told = stand.ask(" ".join(DELIVERY[:2]))
    assert (told.reply["response"], told.reply["words"]) == (OWN_WORDS, "entry")
    assert told.seconds < TARGET_SECONDS


def test_a_real_model_says_nothing_that_the_entries_do_not(stand: Stand, tmp_path: Path) -> None:
    entries = {entry.id: entry for entry in load(write_base(tmp_path)).entries}
    used = tokens_used(stand)
    with run_language_model(small_language_model(), tmp_path) as llama:
        # It writes with the processors that all else needs.
        more = {"PARLEY_LLM_URL": llama.url, "PARLEY_VOICE_TARGET_MS": "20000"}
        wait_until_alive(stand.new_worker(keys.GENERATION, **more))
        deadline = time.monotonic() + 60
        while tokens_used(stand) < used + 400:
            assert time.monotonic() < deadline
            for message in (ASKED, ASKED_BACK):
                told = stand.told(message)
                assert "".join(told.deltas) == told.reply["response"]
                assert not unfounded(told.reply, message, entries)
            time.sleep(0.2)


def unfounded(reply: dict[str, Any], message: str, entries: Mapping[str, Entry]) -> list[str]:
    """Return the sentences of a reply that its entry does not bear out."""
    entry = entries[reply["answer"]["id"]]
    brief = Brief("answer", message, (Source(entry.id, entry.question, entry.answer),), "")
    check = Guard().over(brief)
    said = map(str.strip, sentences_of(reply["response"]))
    return [each for each in said if each not in entry.answer and check.judge(each)]


def tokens_used(stand: Stand) -> int:
    """Return what models have read and written, in tokens."""
    with redis.Redis.from_url(stand.redis_url) as client:
        used: dict[bytes, bytes] = client.hgetall(keys.tokens_used(day_of(time.time())))
    return sum(map(int, used.values()))

"""Replies by any OpenAI-compatible server: vLLM, llama.cpp, Ollama, a cloud."""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from shared.clock import Clock
from shared.errors import ModelBusy, ModelUnavailable, SettingsError
from workers.settings import VoiceSettings
from workers.voice.breaker import Breaker, Try
from workers.voice.completion_calls import CompletionCalls
from workers.voice.language_model import Prompt
from workers.voice.model_connection import ModelConnection
from workers.voice.model_faults import REASONS
from workers.voice.places import Place, Places
from workers.voice.streamed_reply import StreamedReply

RETRIES = 2
FIRST_RETRY_SECONDS = 0.2
_OVERLOADED = ("busy", "late")
_WELL = ("refused", "length")  # what is wrong lies in the request, not in the server
_RETRIES = "llm_retries"
_FAILURES = {reason: f"llm_failures_{reason}" for reason in REASONS}
_log = logging.getLogger(__name__)


class OpenAiModel:
    """A language model behind a server's chat completions; safe from many threads at once.

    Without a model's name it is the first that the server lists, asked for again after failures.
    `pause` waits before a retry.
    """

    def __init__(
        self,
        connection: ModelConnection,
        model: str | None,
        clock: Clock,
        places: Places,
        breaker: Breaker,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._calls = CompletionCalls(connection, model, clock)
        self._clock = clock
        self._places = places
        self._breaker = breaker
        self._pause = pause
        self._totals_lock = threading.Lock()
        self._totals = Counter[str]()

    @contextmanager
    def stream(
        self, prompts: Sequence[Prompt], *, max_tokens: int, due_at: float
    ) -> Iterator[StreamedReply]:
        """Yield a reply once its first piece is there; on leaving the server is told to stop.

        `due_at` (monotonic seconds) ends everything: waiting for a place, tries, and the text.
        Raises ModelUnavailable, as does reading the reply.
        """
        asked_at = self._clock.monotonic()
        with self._admitted(due_at) as (place, attempt):
            admitted_at = self._clock.monotonic()
            reply: StreamedReply | None = None
            fault: ModelUnavailable | None = None
            try:
                reply = self._begun(prompts, max_tokens, due_at, place)
                with closing(reply):
                    yield reply
            except ModelUnavailable as error:
                fault = error
                raise
            finally:
                fault = fault if reply is None else reply.fault
                if _is_own_delay(fault, admitted_at - asked_at, due_at - admitted_at):
                    self._count(_FAILURES["late"])
                    self._breaker.abandon(attempt)
                else:
                    self._settle(place, attempt, fault, has_begun=reply is not None)

    def gauges(self) -> Mapping[str, float]:
        """Return places, whether the breaker is open, and totals of retries and failures."""
        with self._totals_lock:
            totals = {name: float(self._totals[name]) for name in (_RETRIES, *_FAILURES.values())}
        return {
            "llm_places": float(self._places.limit),
            "llm_places_taken": float(self._places.taken),
            "llm_open": float(self._breaker.is_open),
            **totals,
        }

    def close(self) -> None:
        """Close all connections."""
        self._connection.close()

    @contextmanager
    def _admitted(self, due_at: float) -> Iterator[tuple[Place, Try]]:
        """Hold a place, once one is free; while the breaker is open, refuse at once."""
        if self._breaker.is_open:
            raise self._refused("open")
        place = self._places.acquire(due_at)
        if place is None:
            raise self._refused("no_place")
        try:
            is_late = self._clock.monotonic() >= due_at
            attempt = None if is_late else self._breaker.admit()
            if attempt is None:
                raise self._refused("no_place" if is_late else "open")
            yield place, attempt
        finally:
            self._places.release(place)

    def _refused(self, reason: str) -> ModelUnavailable:
        self._count(_FAILURES[reason])
        if reason == "no_place":
            return ModelUnavailable("No place with the model became free in time.", reason)
        return ModelUnavailable("The model server failed too often and is left alone.", reason)

    def _begun(
        self, prompts: Sequence[Prompt], max_tokens: int, due_at: float, place: Place
    ) -> StreamedReply:
        """Return a reply at its first piece, after retries if the server is busy for now."""
        retries = 0
        while True:
            try:
                reply, seconds = self._calls.begin(prompts, max_tokens, due_at)
            except ModelBusy as fault:
                if fault.reason in _OVERLOADED:
                    self._places.note_overload(place)
                self._wait_after(fault, retries, due_at)
                retries += 1
            else:
                self._places.note_first_token(place, seconds)
                return reply

    def _wait_after(self, fault: ModelBusy, retries: int, due_at: float) -> None:
        """Wait before a retry, with full jitter; raise the fault if there is to be none."""
        jittered = random.SystemRandom().uniform(0, FIRST_RETRY_SECONDS * 2**retries)
        seconds = max(jittered, fault.retry_after_seconds or 0.0)
        if retries == RETRIES or self._clock.monotonic() + seconds >= due_at:
            raise fault
        self._count(_RETRIES)
        self._pause(seconds)

    def _settle(
        self, place: Place, attempt: Try, fault: ModelUnavailable | None, *, has_begun: bool
    ) -> None:
        """Tell places and breaker how it went."""
        if fault is not None:
            self._count(_FAILURES[fault.reason])
            if fault.reason in _OVERLOADED:
                self._places.note_overload(place)
            elif fault.reason not in _WELL:
                self._calls.forget()
        if fault is None and has_begun:
            self._breaker.succeed(attempt)
        elif fault is None or fault.reason in _WELL or (has_begun and fault.reason == "late"):
            self._breaker.abandon(attempt)
        else:
            self._fail(attempt, fault)

    def _fail(self, attempt: Try, fault: ModelUnavailable) -> None:
        if self._breaker.fail(attempt):
            seconds = self._breaker.pause_seconds
            _log.warning("the language model is left alone for %.0f s: %s", seconds, fault)

    def _count(self, name: str) -> None:
        with self._totals_lock:
            self._totals[name] += 1


def _is_own_delay(
    fault: ModelUnavailable | None, waited_seconds: float, left_seconds: float
) -> bool:
    """Return whether a reply was late because it had waited for its place more than it had left.

    To call that an overload would lower the limit, let the next ones wait longer, and so on.
    """
    return fault is not None and fault.reason == "late" and waited_seconds > left_seconds


def open_model(settings: VoiceSettings, clock: Clock) -> OpenAiModel:
    """Return the model that the settings name; nothing is called yet."""
    if settings.llm_address is None:
        raise SettingsError("PARLEY_LLM_URL is not set: there is no language model.")
    key = settings.llm_key.get_secret_value().strip() if settings.llm_key else None
    return OpenAiModel(
        ModelConnection(settings.llm_address, key, clock),
        settings.llm_model,
        clock,
        Places(settings.llm_max_places, clock),
        Breaker(clock),
    )

"""Calls for one reply each, to an OpenAI-compatible server."""

from collections.abc import Sequence
from contextlib import ExitStack
from http import HTTPStatus

from shared.clock import Clock
from workers.voice.dialect import Dialect
from workers.voice.language_model import Prompt
from workers.voice.model_connection import ModelConnection
from workers.voice.model_faults import refusal
from workers.voice.model_name import ModelName
from workers.voice.streamed_reply import StreamedReply

_COMPLAINTS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_MOST_COMPLAINT_BYTES = 16_384


class CompletionCalls:
    """Begin replies; know the model's name and which parameters the server takes."""

    def __init__(self, connection: ModelConnection, model: str | None, clock: Clock) -> None:
        self._connection = connection
        self._name = ModelName(connection, model, clock)
        self._clock = clock
        self._dialect = Dialect()

    def begin(
        self, prompts: Sequence[Prompt], max_tokens: int, due_at: float
    ) -> tuple[StreamedReply, float]:
        """Return a reply at its first piece, to be closed, and the seconds until then.

        Asks again at once without a parameter that the server does not take, and from then on.
        Raises ModelUnavailable.
        """
        model = self._name.read(due_at)
        told: Dialect | None = self._dialect
        while told is not None:
            dialect, begun_at = told, self._clock.monotonic()
            body = dialect.request(model, prompts, max_tokens)
            begun = self._called(body, dialect, _characters(prompts), due_at)
            if isinstance(begun, StreamedReply):
                self._dialect = dialect
                return begun, self._clock.monotonic() - begun_at
            told = begun
        raise refusal(HTTPStatus.BAD_REQUEST, None, self._clock.now())

    def _called(
        self, body: object, dialect: Dialect, prompt_characters: int, due_at: float
    ) -> StreamedReply | Dialect | None:
        """Return a reply that has begun, or the dialect to ask in instead, if there is one."""
        with ExitStack() as held:
            call = self._connection.call("/chat/completions", body, due_at)
            response = held.enter_context(call)
            if response.status in _COMPLAINTS:
                return dialect.without(response.first_bytes(_MOST_COMPLAINT_BYTES))
            if response.status != HTTPStatus.OK:
                raise refusal(response.status, response.retry_after, self._clock.now())
            return StreamedReply(response, held, prompt_characters)

    def forget(self) -> None:
        """Ask for the model's name again: the server may come back with another."""
        self._name.forget()


def _characters(prompts: Sequence[Prompt]) -> int:
    return sum(len(one.content) for one in prompts)

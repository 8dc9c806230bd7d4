"""Answers a question that came in OpenAI's form, at once or as a stream."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from flask import Response, request

from gateway.caller import current_caller
from gateway.connection import client_descriptor
from gateway.idempotency import IdempotencyKey, read_idempotency_key
from gateway.job_events import JobEvents
from gateway.job_streams import JobStreams
from gateway.openai_api.errors import LATE
from gateway.openai_api.question import HistoryOf, Question
from gateway.openai_api.streaming import PatientEvents, StreamForm
from gateway.problems import job_problem
from gateway.queue.dispatcher import Dispatcher
from gateway.queue.histories import Histories
from gateway.queue.pending_replies import ENDED
from shared import tenants
from shared.errors import ParleyError
from shared.jobs import ChatJob

NewForm = Callable[[str, HistoryOf], StreamForm]
Finish = Callable[[Mapping[str, Any]], bytes]


class Answerer:
    """Turn questions into replies: `NewForm` makes a stream's form for a job, `Finish` a body."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        streams: JobStreams,
        histories: Histories,
        wait_seconds: float,
    ) -> None:
        self._dispatcher = dispatcher
        self._streams = streams
        self._histories = histories
        self._wait_seconds = wait_seconds

    def answer(self, question: Question, new_form: NewForm, finish: Finish) -> Response:
        """Return the response to the current request; raise what `submit` raises."""
        history, key = HistoryOf(self._histories, question), _idempotency_key(question)
        asked = question.chat_request(history.conversation_id())
        try:
            job = self._dispatcher.accept(asked, current_caller(), key)
            if question.streamed:
                return self._stream(job, key, history, new_form)
            return self._wait(job, key, history, finish)
        except ParleyError:
            history.give_back()
            raise

    def _stream(
        self,
        job: ChatJob,
        key: IdempotencyKey | None,
        history: HistoryOf,
        new_form: NewForm,
    ) -> Response:
        def encode(events: JobEvents) -> PatientEvents:
            return PatientEvents(events, new_form(events.local_job_id, history))

        return self._streams.submit(job, key, self._wait_seconds, encode, cancels=True)

    def _wait(
        self, job: ChatJob, key: IdempotencyKey | None, history: HistoryOf, finish: Finish
    ) -> Response:
        result = self._dispatcher.submit(job, self._wait_seconds, key, client_descriptor())
        record = result.record
        if record.state not in ENDED:
            if key is None:
                self._dispatcher.abandon(job.id)
            record = LATE
        if record.state != "done" or record.body is None:
            history.give_back()
            return job_problem(tenants.local(result.job_id), record)
        reply = msgspec.json.decode(record.body)
        history.keep(reply)
        return Response(finish(reply), content_type="application/json")


def _idempotency_key(question: Question) -> IdempotencyKey | None:
    """Return the key, which stands for what was sent: not for what was found by its history."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    asked = question.chat_request(question.conversation_id)
    return read_idempotency_key(header, asked, current_caller())

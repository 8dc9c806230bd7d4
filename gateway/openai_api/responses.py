"""The Responses API in its basic form: the request, the reply, and the events of a stream."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.caller import current_caller
from gateway.chat_request import check_identifier
from gateway.job_events import JobEvent
from gateway.openai_api.errors import MODEL, OpenAiError, describe_error
from gateway.openai_api.messages import Asked, read_messages
from gateway.openai_api.question import HistoryOf, Question, count_tokens, parley_members
from gateway.openai_api.reading import optional, read_conversation, read_user, refuse_unless
from gateway.openai_api.streaming import problem_name
from gateway.queue.job_store import JobStore
from shared.errors import InvalidRequest
from shared.identifiers import is_identifier

PREFIX = "resp_"
_encode = msgspec.json.Encoder().encode
_ONLY: Mapping[str, tuple[tuple[object, ...], str]] = {
    "background": ((False,), "send it without, or POST /chat with Prefer: respond-async."),
    "tool_choice": (("none", "auto"), "Parley calls no tools."),
    "prompt": ((), "there are no stored prompts."),
}


def read_response_request(body: Mapping[str, Any], jobs: JobStore) -> Question:
    """Return the question in a body; raise InvalidRequest that names the member at fault."""
    for name, (allowed, reason) in _ONLY.items():
        refuse_unless(body, name, allowed, reason)
    _check_form(body)
    asked = _read_input(body.get("input"))
    streamed = optional(body, "stream", bool, "a boolean") or False
    return Question(asked, read_user(body), _conversation(body, jobs), streamed)


def _check_form(body: Mapping[str, Any]) -> None:
    text = optional(body, "text", dict, "an object") or {}
    if text.get("format") not in (None, {"type": "text"}):
        raise InvalidRequest("text.format is not supported with this value: answers are text.")


def _read_input(given: Any) -> Asked:
    """Read a text, or items; those that are no messages say nothing to Parley."""
    if isinstance(given, str):
        return read_messages([{"role": "user", "content": given}], "input")
    if not isinstance(given, list):
        raise InvalidRequest("input must be a string or an array of items.", "input")
    messages = [
        item
        for item in given
        if not isinstance(item, dict) or item.get("type", "message") == "message"
    ]
    return read_messages(messages, "input")


def _conversation(body: Mapping[str, Any], jobs: JobStore) -> str | None:
    named = body.get("conversation")
    if isinstance(named, dict):
        named = named.get("id", "")
    if body.get("conversation") is not None and not isinstance(named, str):
        raise InvalidRequest("conversation must be an id, or an object with one.", "conversation")
    check_identifier("conversation", named)
    previous = optional(body, "previous_response_id", str, "a string")
    if named is not None and previous is not None:
        raise InvalidRequest(
            "previous_response_id and conversation cannot both be given.", "previous_response_id"
        )
    if previous is not None:
        return _conversation_of(previous, jobs)
    return named or read_conversation(body)


def _conversation_of(response_id: str, jobs: JobStore) -> str:
    """Return the conversation of an earlier response."""
    job_id = response_id.removeprefix(PREFIX)
    found = is_identifier(job_id) and jobs.find(current_caller().scope(job_id))
    if not found or found.state != "done" or found.body is None:
        raise OpenAiError(
            f"Previous response with id '{response_id[:200]}' not found.",
            "previous_response_id",
            code="previous_response_not_found",
        )
    return str(msgspec.json.decode(found.body)["conversation_id"])


class ResponseForm:
    """A response object as it comes to be."""

    def __init__(self, job_id: str, question: Question, body: Mapping[str, Any]) -> None:
        self._job_id = job_id
        self._question = question
        self._body = body
        self._created = int(time.time())

    @property
    def item_id(self) -> str:
        """Return the id of the message in it."""
        return f"msg_{self._job_id}"

    def part(self, text: str) -> dict[str, object]:
        """Return the message's only part."""
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def item(self, status: str, *parts: Mapping[str, object]) -> dict[str, object]:
        """Return the message."""
        head = {"id": self.item_id, "type": "message", "status": status, "role": "assistant"}
        return {**head, "content": list(parts)}

    def begun(self) -> dict[str, object]:
        """Return the response before its message."""
        return {**self._members("in_progress"), "output": [], "usage": None}

    def completed(self, reply: Mapping[str, Any]) -> dict[str, object]:
        """Return the response with its message."""
        text = reply["response"]
        return {
            **self._members("completed"),
            "output": [self.item("completed", self.part(text))],
            "usage": self._usage(text),
            "conversation": {"id": reply["conversation_id"]},
            "parley": parley_members(reply),
        }

    def _members(self, status: str) -> dict[str, object]:
        given = self._body.get
        return {
            "id": f"{PREFIX}{self._job_id}",
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": given("instructions"),
            "max_output_tokens": None,
            "metadata": given("metadata") or {},
            "model": MODEL,
            "parallel_tool_calls": True,
            "previous_response_id": given("previous_response_id"),
            "reasoning": {"effort": None, "summary": None},
            "store": True,
            "temperature": None,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": None,
            "truncation": "disabled",
            "user": given("user"),
        }

    def _usage(self, text: str) -> dict[str, object]:
        asked, answered = count_tokens(self._question.asked.prompt), count_tokens([text])
        return {
            "input_tokens": asked,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": answered,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked + answered,
        }


class ResponseEvents:
    """A job's events as those of a response."""

    def __init__(self, form: ResponseForm, history: HistoryOf) -> None:
        self._form = form
        self._history = history
        self._number = 0
        self._text_begun = False
        self._place = {"item_id": form.item_id, "output_index": 0, "content_index": 0}

    def encode(self, event: JobEvent) -> bytes:
        """Return the events of one of the job's, maybe none."""
        data = msgspec.json.decode(event.data)
        if event.name == "queued" and self._number == 0:
            begun = self._form.begun()
            return self._send("created", response=begun) + self._send("in_progress", response=begun)
        if event.name == "delta":
            delta = {**self._place, "delta": data["text"], "logprobs": []}
            return self._begin_text() + self._send("output_text.delta", **delta)
        if event.name == "reply":
            return self._begin_text() + self._end(data)
        if event.name == "error":
            return self.fault(data["status"], problem_name(data), data["detail"])
        return b""

    def fault(self, status: int, name: str, message: str) -> bytes:
        """Return an error as a stream tells it; the conversation can be gone on with."""
        self._history.give_back()
        error = describe_error(status, name, message)
        return self._write("error", {**error, "error": error})

    def _begin_text(self) -> bytes:
        if self._text_begun:
            return b""
        self._text_begun = True
        item = self._form.item("in_progress")
        added = self._send("output_item.added", output_index=0, item=item)
        return added + self._send("content_part.added", **self._place, part=self._form.part(""))

    def _end(self, reply: Mapping[str, Any]) -> bytes:
        self._history.keep(reply)
        text, form = reply["response"], self._form
        part = form.part(text)
        item = form.item("completed", part)
        return b"".join(
            (
                self._send("output_text.done", **self._place, text=text, logprobs=[]),
                self._send("content_part.done", **self._place, part=part),
                self._send("output_item.done", output_index=0, item=item),
                self._send("completed", response=form.completed(reply)),
            )
        )

    def _send(self, name: str, **members: object) -> bytes:
        return self._write(f"response.{name}", members)

    def _write(self, kind: str, members: Mapping[str, object]) -> bytes:
        data = _encode({**members, "type": kind, "sequence_number": self._number})
        self._number += 1
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)

"""Chat completions: the request, the reply, and the chunks of a stream."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.job_events import JobEvent
from gateway.openai_api.errors import MODEL, describe_error
from gateway.openai_api.messages import read_messages
from gateway.openai_api.question import HistoryOf, Question, count_tokens, parley_members
from gateway.openai_api.reading import optional, read_conversation, read_user, refuse_unless
from gateway.openai_api.streaming import problem_name

_encode = msgspec.json.Encoder().encode
_DONE = b"data: [DONE]\n\n"
# What would change the form of the answer. All else (temperature, max_tokens, tools, …) is ignored:
# a model may choose to call no tool.
_ONLY: Mapping[str, tuple[tuple[object, ...], str]] = {
    "n": ((1,), "there is one answer to a question."),
    "response_format": (({"type": "text"},), "answers are texts of the knowledge base."),
    "tool_choice": (("none", "auto"), "Parley calls no tools."),
    "function_call": (("none", "auto"), "Parley calls no functions."),
    "logprobs": ((False,), "answers are not sampled."),
    "modalities": ((["text"],), "answers are text."),
}


def read_completion(body: Mapping[str, Any]) -> Question:
    """Return the question in a body; raise InvalidRequest that names the member at fault."""
    for name, (allowed, reason) in _ONLY.items():
        refuse_unless(body, name, allowed, reason)
    asked = read_messages(body.get("messages"), "messages")
    streamed = optional(body, "stream", bool, "a boolean") or False
    return Question(asked, read_user(body), read_conversation(body), streamed)


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Return whether a stream is to end with the count of tokens."""
    options = optional(body, "stream_options", dict, "an object") or {}
    return optional(options, "include_usage", bool, "a boolean") or False


def completion(question: Question, reply: Mapping[str, Any]) -> bytes:
    """Return a reply as a chat completion."""
    message = {"role": "assistant", "content": reply["response"], "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _encode(
        {
            **_head(reply["job_id"], "chat.completion"),
            "choices": [choice],
            "usage": _usage(question, reply["response"]),
            "parley": parley_members(reply),
        }
    )


class CompletionChunks:
    """A job's events as chunks of a chat completion."""

    def __init__(
        self, job_id: str, question: Question, history: HistoryOf, *, with_usage: bool
    ) -> None:
        self._job_id = job_id
        self._begun = False
        self._question = question
        self._history = history
        self._with_usage = with_usage
        self._created = int(time.time())

    def encode(self, event: JobEvent) -> bytes:
        """Return the chunks of one event, maybe none."""
        data = msgspec.json.decode(event.data)
        if event.name == "queued" and not self._begun:
            self._begun = True
            return self._chunk({"role": "assistant", "content": "", "refusal": None})
        if event.name == "delta":
            return self._chunk({"content": data["text"]})
        if event.name == "reply":
            return self._end(data)
        if event.name == "error":
            return self.fault(data["status"], problem_name(data), data["detail"])
        return b""

    def fault(self, status: int, name: str, message: str) -> bytes:
        """Return an error as a stream tells it; the conversation can be gone on with."""
        self._history.give_back()
        return b"data: %s\n\n" % _encode({"error": describe_error(status, name, message)})

    def _end(self, reply: Mapping[str, Any]) -> bytes:
        self._history.keep(reply)
        last = self._chunk({}, "stop", parley=parley_members(reply))
        if not self._with_usage:
            return last + _DONE
        head = _head(self._job_id, "chat.completion.chunk", self._created)
        usage = {**head, "choices": [], "usage": _usage(self._question, reply["response"])}
        return last + b"data: %s\n\n" % _encode(usage) + _DONE

    def _chunk(
        self, delta: Mapping[str, object], finish_reason: str | None = None, **members: object
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        head = _head(self._job_id, "chat.completion.chunk", self._created)
        usage = {"usage": None} if self._with_usage else {}
        return b"data: %s\n\n" % _encode({**head, "choices": [choice], **usage, **members})


def _head(job_id: str, kind: str, created: int | None = None) -> dict[str, object]:
    return {
        "id": f"chatcmpl-{job_id}",
        "object": kind,
        "created": int(time.time()) if created is None else created,
        "model": MODEL,
    }


def _usage(question: Question, text: str) -> dict[str, int]:
    prompt, answered = count_tokens(question.asked.prompt), count_tokens([text])
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answered,
        "total_tokens": prompt + answered,
    }

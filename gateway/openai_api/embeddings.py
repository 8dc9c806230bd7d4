"""Embeddings: texts go to the workers of chat messages, and share their batches."""

import base64
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Response

from gateway.caller import current_caller
from gateway.connection import client_descriptor
from gateway.openai_api.errors import LATE, MODEL
from gateway.openai_api.reading import optional, read_conversation, read_user
from gateway.problems import job_problem
from gateway.queue.dispatcher import Dispatcher
from gateway.queue.job_store import ResultBin
from gateway.queue.pending_replies import ENDED
from shared import tenants
from shared.errors import InvalidRequest, QueueUnavailable
from shared.jobs import EmbedJob
from shared.results import JobRecord
from shared.wire import MAX_TEXTS

MAX_INPUTS = MAX_TEXTS
MAX_INPUT_CHARACTERS = 8_000
_MAX_TEXT_BYTES = 40_000  # a message on the queue holds that in base64
_TEXTS_A_JOB, _CHARACTERS_A_JOB = 16, 4_000  # chat messages are not to wait behind more
_FORMATS = ("float", "base64")
_FLOAT_BYTES = 4
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """The texts whose vectors are wanted, and whether as base64 of little-endian floats."""

    texts: Sequence[str]
    as_base64: bool


class _Embedded(msgspec.Struct):
    vectors: str
    dimension: int
    tokens: int


_decode = msgspec.json.Decoder(_Embedded).decode


def read_embedding_request(body: Mapping[str, Any]) -> EmbeddingRequest:
    """Return the request in a body; raise InvalidRequest that names the member at fault."""
    if body.get("dimensions") is not None:
        raise InvalidRequest(
            "dimensions is not supported: vectors have the encoder's own length.", "dimensions"
        )
    form = optional(body, "encoding_format", str, f"one of {', '.join(_FORMATS)}") or "float"
    if form not in _FORMATS:
        raise InvalidRequest(
            f"encoding_format must be one of {', '.join(_FORMATS)}.", "encoding_format"
        )
    read_user(body)
    read_conversation(body)
    return EmbeddingRequest(list(_read_texts(body.get("input"))), form == "base64")


def _read_texts(given: Any) -> Iterator[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts:
        raise InvalidRequest("input must be a text or an array of texts.", "input")
    if len(texts) > MAX_INPUTS:
        raise InvalidRequest(
            f"input has {len(texts)} texts; at most {MAX_INPUTS} are taken.", "input"
        )
    for text in texts:
        if not isinstance(text, str):
            raise InvalidRequest(
                "input must be text: token arrays are not taken, since every model has tokens of "
                "its own.",
                "input",
            )
        if not text.strip():
            raise InvalidRequest("input has a text that is empty.", "input")
        if len(text) > MAX_INPUT_CHARACTERS or len(_encode(text)) > _MAX_TEXT_BYTES:
            raise InvalidRequest(
                f"input has a text of {len(text)} characters; at most {MAX_INPUT_CHARACTERS} "
                f"are taken, and {_MAX_TEXT_BYTES} bytes as JSON.",
                "input",
            )
        yield text


class EmbeddingAnswerer:
    """Turn texts into vectors."""

    def __init__(self, dispatcher: Dispatcher, results: ResultBin, wait_seconds: float) -> None:
        self._dispatcher = dispatcher
        self._results = results
        self._wait_seconds = wait_seconds

    def answer(self, request: EmbeddingRequest) -> Response:
        """Return the response to the current request; raise what `submit_all` raises."""
        accept, caller = self._dispatcher.accept_texts, current_caller()
        jobs = [accept(texts, caller) for texts in _chunks(request.texts)]
        records = self._dispatcher.submit_all(jobs, self._wait_seconds, client_descriptor())
        for job, record in zip(jobs, records, strict=True):
            if record.state != "done":
                return self._refuse(jobs, job, record)
        with suppress(QueueUnavailable):  # then they are kept as long as any
            self._results.forget([job.id for job in jobs])
        found = [_decode(record.body or b"") for record in records]
        return Response(_list(found, request.as_base64), content_type="application/json")

    def _refuse(self, jobs: Sequence[EmbedJob], job: EmbedJob, record: JobRecord) -> Response:
        for each in jobs:
            self._dispatcher.abandon(each.id)
        return job_problem(tenants.local(job.id), record if record.state in ENDED else LATE)


def _chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield texts in groups that are each a job; a long text is alone."""
    chunk: list[str] = []
    characters = 0
    for text in texts:
        full = len(chunk) == _TEXTS_A_JOB or characters + len(text) > _CHARACTERS_A_JOB
        if chunk and full:
            yield chunk
            chunk, characters = [], 0
        chunk.append(text)
        characters += len(text)
    yield chunk


def _list(found: Sequence[_Embedded], as_base64: bool) -> bytes:
    vectors = [vector for each in found for vector in _vectors(each)]
    tokens = sum(each.tokens for each in found)
    data = [
        {"object": "embedding", "index": index, "embedding": _written(vector, as_base64)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return _encode({"object": "list", "data": data, "model": MODEL, "usage": usage})


def _vectors(embedded: _Embedded) -> Iterator[bytes]:
    raw, size = base64.b64decode(embedded.vectors), embedded.dimension * _FLOAT_BYTES
    for start in range(0, len(raw), size):
        yield raw[start : start + size]


def _written(vector: bytes, as_base64: bool) -> str | tuple[float, ...]:
    if as_base64:
        return base64.b64encode(vector).decode()
    return struct.unpack(f"<{len(vector) // _FLOAT_BYTES}f", vector)

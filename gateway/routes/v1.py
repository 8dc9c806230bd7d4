"""OpenAI's routes under /v1."""

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Flask, Response

from gateway.dependencies import Dependencies
from gateway.openai_api.answering import Answerer
from gateway.openai_api.completions import (
    CompletionChunks,
    completion,
    read_completion,
    wants_usage,
)
from gateway.openai_api.embeddings import EmbeddingAnswerer, read_embedding_request
from gateway.openai_api.errors import MODEL, unknown_model
from gateway.openai_api.question import HistoryOf
from gateway.openai_api.reading import read_object
from gateway.openai_api.responses import ResponseEvents, ResponseForm, read_response_request
from gateway.openai_api.streaming import StreamForm
from gateway.queue.job_store import JobStore

_CREATED = 1_767_225_600  # the beginning of 2026
_MODEL = {"id": MODEL, "object": "model", "created": _CREATED, "owned_by": "parley"}


def register(app: Flask, dependencies: Dependencies, max_wait_seconds: float) -> None:
    """Serve them all."""
    answerer = Answerer(
        dependencies.dispatcher,
        dependencies.job_streams,
        dependencies.histories,
        max_wait_seconds,
    )
    _register_completions(app, answerer)
    _register_responses(app, answerer, dependencies.jobs)
    embedder = EmbeddingAnswerer(dependencies.dispatcher, dependencies.results, max_wait_seconds)
    _register_embeddings(app, embedder)
    _register_models(app)


def _register_completions(app: Flask, answerer: Answerer) -> None:
    @app.post("/v1/chat/completions")
    def v1_chat_completions() -> Response:
        body = read_object()
        question, with_usage = read_completion(body), wants_usage(body)

        def chunks(job_id: str, history: HistoryOf) -> StreamForm:
            return CompletionChunks(job_id, question, history, with_usage=with_usage)

        def finish(reply: Mapping[str, Any]) -> bytes:
            return completion(question, reply)

        return answerer.answer(question, chunks, finish)


def _register_responses(app: Flask, answerer: Answerer, jobs: JobStore) -> None:
    @app.post("/v1/responses")
    def v1_responses() -> Response:
        body = read_object()
        question = read_response_request(body, jobs)

        def events(job_id: str, history: HistoryOf) -> StreamForm:
            return ResponseEvents(ResponseForm(job_id, question, body), history)

        def finish(reply: Mapping[str, Any]) -> bytes:
            form = ResponseForm(reply["job_id"], question, body)
            return msgspec.json.encode(form.completed(reply))

        return answerer.answer(question, events, finish)


def _register_embeddings(app: Flask, embedder: EmbeddingAnswerer) -> None:
    @app.post("/v1/embeddings")
    def v1_embeddings() -> Response:
        return embedder.answer(read_embedding_request(read_object()))


def _register_models(app: Flask) -> None:
    @app.get("/v1/models")
    def v1_models() -> Response:
        return _json({"object": "list", "data": [_MODEL]})

    @app.get("/v1/models/<name>")
    def v1_model(name: str) -> Response:
        if name != MODEL:
            raise unknown_model(name)
        return _json(_MODEL)


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), content_type="application/json")

"""GET and DELETE /conversations/{id}: show and erase what was said."""

import msgspec
from flask import Flask, Response
from werkzeug.exceptions import NotFound

from gateway.queue.conversations import Conversations
from shared.wire import IDENTIFIER


def register(app: Flask, conversations: Conversations) -> None:
    """Serve both methods."""

    @app.get("/conversations/<conversation_id>")
    def conversation(conversation_id: str) -> Response:
        _require_identifier(conversation_id)
        turns = [msgspec.Raw(turn) for turn in conversations.turns(conversation_id)]
        body = msgspec.json.encode({"conversation_id": conversation_id, "turns": turns})
        response = Response(body, content_type="application/json")
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.delete("/conversations/<conversation_id>")
    def erase_conversation(conversation_id: str) -> Response:
        _require_identifier(conversation_id)
        conversations.erase(conversation_id)
        return Response(status=204)


def _require_identifier(conversation_id: str) -> None:
    if not IDENTIFIER.match(conversation_id):
        raise NotFound("No conversation can have this id.")

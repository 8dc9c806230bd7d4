"""GET and DELETE /conversations/{id}, GET …/events: show, follow and erase what was said."""

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from gateway.caller import check_of_caller, current_caller
from gateway.dependencies import Dependencies
from gateway.event_response import event_response
from gateway.event_stream import RETRY, ConversationEvents, stream
from gateway.queue.conversations import Conversations
from shared.identifiers import is_identifier


def register(app: Flask, dependencies: Dependencies) -> None:
    """Serve all three."""
    _register_plain(app, dependencies.conversations)

    @app.get("/conversations/<identifier:conversation_id>/events")
    def conversation_events(conversation_id: str) -> Response:
        inside_id = _inside_id(conversation_id)
        events = ConversationEvents(
            dependencies.conversations,
            dependencies.handovers,
            inside_id,
            request.headers.get("Last-Event-ID"),
        )
        watch = dependencies.watches.watch(inside_id)
        try:
            frames = stream(events, watch, RETRY + events.news(), check=check_of_caller())
        except BaseException:
            watch.close()
            raise
        return event_response(frames, watch, dependencies.disconnect_watcher)


def _register_plain(app: Flask, conversations: Conversations) -> None:
    @app.get("/conversations/<identifier:conversation_id>")
    def conversation(conversation_id: str) -> Response:
        inside_id = _inside_id(conversation_id)
        turns = [msgspec.Raw(turn) for turn in conversations.turns(inside_id)]
        body = msgspec.json.encode({"conversation_id": conversation_id, "turns": turns})
        response = Response(body, content_type="application/json")
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.delete("/conversations/<identifier:conversation_id>")
    def erase_conversation(conversation_id: str) -> Response:
        conversations.erase(_inside_id(conversation_id))
        return Response(status=204)


def _inside_id(conversation_id: str) -> str:
    if not is_identifier(conversation_id):
        raise NotFound("No conversation can have this id.")
    return current_caller().scope(conversation_id)

"""GET and DELETE /conversations/{id}, GET …/events: show, follow and erase what was said."""

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from gateway.caller import current_caller
from gateway.connection import client_descriptor
from gateway.dependencies import Dependencies
from gateway.event_stream import ConversationEvents, stream
from gateway.queue.conversation_feed import ConversationWatch
from gateway.queue.conversations import Conversations
from gateway.queue.disconnect_watcher import DisconnectWatcher
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
            response = Response(stream(events, watch, events.news()))
        except BaseException:
            watch.close()
            raise
        response.headers["Content-Type"] = "text/event-stream; charset=utf-8"
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
        _free_at_end(response, watch, dependencies.disconnect_watcher)
        return response


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


def _free_at_end(
    response: Response, watch: ConversationWatch, disconnect_watcher: DisconnectWatcher
) -> None:
    """Free the stream's place when it ends, also if nothing of it was ever sent."""
    descriptor = client_descriptor()
    if descriptor is not None:
        disconnect_watcher.watch(descriptor, watch)
        response.call_on_close(lambda: disconnect_watcher.forget(descriptor))
    response.call_on_close(watch.close)


def _inside_id(conversation_id: str) -> str:
    if not is_identifier(conversation_id):
        raise NotFound("No conversation can have this id.")
    return current_caller().scope(conversation_id)

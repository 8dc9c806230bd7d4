"""GET /handovers and what a person does with one: claim it, reply, give it back, close it."""

from flask import Flask, Response, request

from gateway.caller import current_caller
from gateway.handover_request import (
    read_claim,
    read_close,
    read_page,
    read_release,
    read_reply,
)
from gateway.json_response import show
from gateway.queue.handovers import Handovers
from gateway.request_body import read_json
from shared.errors import UnknownHandover
from shared.identifiers import is_identifier


def register(app: Flask, handovers: Handovers) -> None:
    """Serve all six."""
    _register_reading(app, handovers)

    @app.post("/handovers/<identifier:handover_id>/claim")
    def claim_handover(handover_id: str) -> Response:
        claim = read_claim(read_json())
        return show(handovers.claim(_inside_id(handover_id), claim.by))

    @app.post("/handovers/<identifier:handover_id>/reply")
    def reply_handover(handover_id: str) -> Response:
        reply = read_reply(read_json())
        return show(handovers.reply(_inside_id(handover_id), reply.text, reply.by))

    @app.post("/handovers/<identifier:handover_id>/release")
    def release_handover(handover_id: str) -> Response:
        release = read_release(read_json())
        return show(handovers.release(_inside_id(handover_id), release.by))

    @app.post("/handovers/<identifier:handover_id>/close")
    def close_handover(handover_id: str) -> Response:
        close = read_close(read_json())
        return show(handovers.close(_inside_id(handover_id), close.note, close.by))


def _register_reading(app: Flask, handovers: Handovers) -> None:
    @app.get("/handovers")
    def list_handovers() -> Response:
        wanted = read_page(request.args)
        tenant = current_caller().tenant
        page = handovers.page(wanted.state, wanted.limit, wanted.cursor, tenant, wanted.since)
        return show(page)

    @app.get("/handovers/<identifier:handover_id>")
    def handover(handover_id: str) -> Response:
        return show(handovers.find(_inside_id(handover_id)))


def _inside_id(handover_id: str) -> str:
    if not is_identifier(handover_id):
        raise UnknownHandover(handover_id)
    return current_caller().scope(handover_id)

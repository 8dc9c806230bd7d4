"""GET /desk: the page for those who take over; GET /conversations…: the story that it shows."""

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from gateway.caller import current_caller
from gateway.chat_request import check_identifier
from gateway.handover_request import refuse_unknown
from gateway.json_response import show
from gateway.page_document import answer_page, compose_page
from gateway.queue.stories import Stories
from shared.errors import InvalidRequest
from shared.identifiers import is_identifier

_SCRIPTS = (
    *("elements.js", "calls.js", "desk-parts.js", "desk-queue.js"),
    *("desk-story.js", "desk-feedback.js", "desk-gaps.js", "desk.js"),
)


def register(app: Flask, stories: Stories) -> None:
    """Serve the page, which is put together once, and the stories."""
    page = compose_page("desk.html", styles=("palette.css", "desk.css"), scripts=_SCRIPTS)

    @app.get("/desk")
    def desk_page() -> Response:
        return answer_page(page)

    @app.get("/conversations")
    def find_conversations() -> Response:
        refuse_unknown(request.args, ("about",))
        about = request.args.get("about")
        if about is None:
            raise InvalidRequest("about is missing: name a conversation, a job or a user.", "about")
        check_identifier("about", about)
        return show({"conversations": stories.find(current_caller().tenant, about)})

    @app.get("/conversations/<identifier:conversation_id>/story")
    def conversation_story(conversation_id: str) -> Response:
        if not is_identifier(conversation_id):
            raise NotFound("No conversation can have this id.")
        return show(stories.tell(current_caller().scope(conversation_id)))

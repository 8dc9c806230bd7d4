"""GET /: the chat page. GET /widget.js: the same chat for a page on another site."""

from flask import Flask, Response

from gateway.page_document import answer_page, answer_script, compose_page, compose_script

# What both are made of: the conversation, and how it is seen.
_STYLES = ("palette.css", "talk.css")
_SCRIPTS = (
    *("elements.js", "calls.js", "words.js", "delivery.js", "conversation.js"),
    *("reply_parts.js", "transcript.js", "composer.js", "talk.js"),
)


def register(app: Flask) -> None:
    """Serve both; they are put together once."""
    page = compose_page("chat.html", styles=(*_STYLES, "chat.css"), scripts=(*_SCRIPTS, "chat.js"))
    widget = compose_script(styles=(*_STYLES, "widget.css"), scripts=(*_SCRIPTS, "widget.js"))

    @app.get("/")
    def chat_page() -> Response:
        return answer_page(page)

    @app.get("/widget.js")
    def chat_widget() -> Response:
        return answer_script(widget)

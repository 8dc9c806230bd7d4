"""GET /: the chat page."""

from flask import Flask, Response

from gateway.page_document import answer_page, compose_page


def register(app: Flask) -> None:
    """Serve the page; it is put together once."""
    page = compose_page(
        "chat.html",
        styles=("palette.css", "chat.css"),
        scripts=("elements.js", "calls.js", "chat.js"),
    )

    @app.get("/")
    def chat_page() -> Response:
        return answer_page(page)

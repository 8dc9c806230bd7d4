"""GET /: the chat page, one document with its style and script inside."""

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources

from flask import Flask, Response, request

from gateway.security_headers import restrict_page


@dataclass(frozen=True, slots=True)
class Page:
    """A document and the policy that lets only its own style and script run."""

    document: bytes
    policy: str


def register(app: Flask) -> None:
    """Serve the page; it is put together once."""
    page = compose_page()

    @app.get("/")
    def chat_page() -> Response:
        return answer_page(page)


def answer_page(page: Page) -> Response:
    """Return a page that knows its base path, kept to itself; 304 if the client has it."""
    base = f'data-base="{request.root_path}"'.encode()
    document = page.document.replace(b'data-base=""', base, 1)
    response = Response(document, content_type="text/html; charset=utf-8")
    restrict_page(response, page.policy)
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def compose_page() -> Page:
    """Put style and script into the document and allow exactly these by their digests."""
    style, script = _read("palette.css") + _read("chat.css"), _read("chat.js")
    document = _read("chat.html").replace("/*style*/", style).replace("/*script*/", script)
    return Page(document.encode(), policy(style, script))


def policy(style: str, script: str | None = None) -> str:
    """Return the Content-Security-Policy that lets exactly these run."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            *((f"script-src '{_digest(script)}'", "connect-src 'self'") if script else ()),
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _read(name: str) -> str:
    return resources.files("gateway").joinpath("pages", name).read_text("utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

"""Pages: one document each, style and script inside, and the policy that allows only these.

And scripts that pages of other sites load.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from flask import Response, request

from gateway.security_headers import restrict_page


@dataclass(frozen=True, slots=True)
class Page:
    """A document and the policy that lets only its own style and script run."""

    document: bytes
    policy: str


def compose_page(
    document: str, styles: Sequence[str], scripts: Sequence[str], library: str = ""
) -> Page:
    """Put files of gateway/pages into a document of that folder, in this order.

    `library` is a script of others, which runs first, in an element of its own.
    """
    style, script = ("".join(map(_read, names)) for names in (styles, scripts))
    text = _read(document).replace("/*style*/", style).replace("/*script*/", script)
    text = text.replace("/*library*/", library)
    return Page(text.encode(), policy(style, script, *((library,) if library else ())))


def compose_script(styles: Sequence[str], scripts: Sequence[str]) -> bytes:
    """Put files of gateway/pages into one closure, which leaves no name behind on a page.

    Their styles are a string where the last script says `"/*style*/"`.
    """
    style, script = ("".join(map(_read, names)) for names in (styles, scripts))
    styled = script.replace('"/*style*/"', json.dumps(style))
    return f'"use strict";(() => {{\n{styled}}})();\n'.encode()


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


def answer_script(script: bytes) -> Response:
    """Return a script for pages on any site, kept for some minutes; 304 if the client has it."""
    response = Response(script, content_type="text/javascript; charset=utf-8")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = "public, max-age=300"
    response.add_etag()
    response.make_conditional(request)
    return response


def policy(style: str, *scripts: str) -> str:
    """Return the Content-Security-Policy that lets exactly these run."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            *(_script_policy(scripts) if scripts else ()),
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _script_policy(scripts: Sequence[str]) -> tuple[str, str]:
    digests = " ".join(f"'{_digest(script)}'" for script in scripts)
    return f"script-src {digests}", "connect-src 'self'"


def _read(name: str) -> str:
    return resources.files("gateway").joinpath("pages", name).read_text("utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

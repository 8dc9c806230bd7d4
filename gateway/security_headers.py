"""Headers that tell browsers what an answer may do: nothing, unless it is a page of ours."""

from flask import Flask, Response, request

_EVERY_ANSWER = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    # Of requests without CORS alone: who is allowed by PARLEY_CORS_ORIGINS may read all the same.
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE = (
    ("Cross-Origin-Opener-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), "
        "display-capture=(), browsing-topics=()",
    ),
)
_STRICT_TRANSPORT = "max-age=31536000"


def register(app: Flask) -> None:
    """Put the headers on every answer, errors included; a page brings its own policy."""

    @app.after_request
    def restrict(response: Response) -> Response:
        headers = response.headers
        for name, value in _EVERY_ANSWER:
            headers.add(name, value)
        if "Content-Security-Policy" not in headers:
            headers.add("Content-Security-Policy", _DATA_POLICY)
        if "Cache-Control" not in headers:
            headers.add("Cache-Control", "no-store")
        if request.environ.get("wsgi.url_scheme") == "https":
            headers.add("Strict-Transport-Security", _STRICT_TRANSPORT)
        return response


def restrict_page(response: Response, policy: str) -> None:
    """Give a page the policy that lets its own style and script run, and no powers."""
    response.headers["Content-Security-Policy"] = policy
    for name, value in _PAGE:
        response.headers[name] = value

"""GET /openapi.json and /docs: what programs and people may rely on."""

from flask import Flask, Response, request

from gateway.openapi.document import compose_documentation
from gateway.page_document import Page, answer_page, policy

_AT_THE_ROOT = b'"servers":[{"url":"/"}]'


def register(app: Flask) -> None:
    """Serve both; they are put together once."""
    documentation = compose_documentation()
    page = Page(documentation.page, policy(documentation.style))

    @app.get("/openapi.json")
    def openapi_document() -> Response:
        served_at = b'"servers":[{"url":"%s/"}]' % request.root_path.encode()
        document = documentation.document.replace(_AT_THE_ROOT, served_at, 1)
        response = Response(document, content_type="application/json")
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
        response.make_conditional(request)
        return response

    @app.get("/docs")
    def docs_page() -> Response:
        return answer_page(page)

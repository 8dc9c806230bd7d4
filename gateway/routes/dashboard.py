"""GET /dashboard: the page, and /dashboard/data, what it shows."""

import msgspec
from flask import Flask, Response, request

from gateway.dashboard.board import Board, read_range, read_since
from gateway.dashboard.chart_library import read_chart_library
from gateway.page_document import answer_page, compose_page


def register(app: Flask, board: Board) -> None:
    """Serve both; the page is put together once."""
    page = compose_page(
        "dashboard.html",
        styles=("palette.css", "dashboard.css"),
        scripts=("elements.js", "calls.js", "figures.js", "charts.js", "dashboard.js"),
        library=read_chart_library(),
    )

    @app.get("/dashboard")
    def dashboard_page() -> Response:
        return answer_page(page)

    @app.get("/dashboard/data")
    def dashboard_data() -> Response:
        of, since = read_range(request.args.get("range")), read_since(request.args.get("since"))
        return Response(msgspec.json.encode(board.read(of, since)), content_type="application/json")

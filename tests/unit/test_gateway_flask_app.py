"""The app's own shortcuts: what Flask itself would find, host, rule and errors."""

from collections.abc import Mapping

import pytest
from flask import Flask, Response, request, url_for

from gateway.flask_app import MAX_ADDRESSES, GatewayFlask

REQUESTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("POST", "/ask", {}),
    ("GET", "/ask", {}),
    ("OPTIONS", "/ask", {}),
    ("HEAD", "/page/", {}),
    ("GET", "/page", {}),
    ("GET", "/page/", {"Host": "shop.example:8080"}),
    ("GET", "//page/", {}),
    ("GET", "/page/?a=b", {}),
    ("GET", "/one/7", {}),
    ("GET", "/one/8", {}),
    ("GET", "/one/new", {}),
    ("POST", "/one/new", {}),
    ("DELETE", "/one/new", {}),
    ("OPTIONS", "/one/new", {}),
    ("GET", "/none", {}),
    ("GET", "/page/", {"Host": "bad host"}),
    ("GET", "/page/", {"Connection": "Upgrade", "Upgrade": "websocket"}),
    ("POST", "/ask", {"Host": "other.example"}),
)


def served(app: Flask) -> Flask:
    def tell(**arguments: object) -> Response:
        told = (request.host, request.endpoint, request.url, url_for("page"), arguments)
        return Response(repr(told))

    app.add_url_rule("/ask", "ask", tell, methods=["POST"])
    app.add_url_rule("/page/", "page", tell)
    app.add_url_rule("/one/<int:number>", "one", tell)
    app.add_url_rule("/one/new", "new", tell, methods=["POST"])
    app.add_url_rule("/one/<name>", "named", tell)
    return app


def answer(app: Flask, method: str, path: str, headers: Mapping[str, str]) -> tuple[object, ...]:
    response = app.test_client().open(path, method=method, headers=dict(headers))
    return response.status_code, response.data, sorted(response.headers)


@pytest.mark.parametrize("sent", REQUESTS)
def test_a_request_is_answered_as_by_flask_the_first_time_and_the_second(
    sent: tuple[str, str, dict[str, str]],
) -> None:
    own, plain = served(GatewayFlask("own")), served(Flask("own"))
    assert [answer(own, *sent) for _ in range(2)] == [answer(plain, *sent) for _ in range(2)]


def test_addresses_are_told_apart_and_bounded() -> None:
    own, plain = served(GatewayFlask("own")), served(Flask("own"))
    sent = [("GET", "/page/", {"Host": f"h{number}.example"}) for number in range(MAX_ADDRESSES)]
    for each in (*REQUESTS, *sent, *REQUESTS):
        assert answer(own, *each) == answer(plain, *each)

"""The chat page and the widget's script as they are served."""

import pytest

from gateway.page_document import compose_script
from tests.support.gateway_harness import GatewayHarness

BYTES = {"/": 100_000, "/widget.js": 80_000}


@pytest.mark.parametrize("path", BYTES)
def test_both_are_small_and_are_not_sent_twice(path: str) -> None:
    client = GatewayHarness().client
    answer = client.get(path)
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert 0 < len(answer.data) <= BYTES[path]
    assert (again.status_code, again.data) == (304, b"")


def test_the_script_is_for_pages_of_every_site() -> None:
    headers = GatewayHarness().client.get("/widget.js").headers
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers.getlist("Cross-Origin-Resource-Policy") == ["cross-origin"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "public" in headers["Cache-Control"]


def test_styles_lie_in_a_script_as_one_string() -> None:
    script = compose_script(styles=("palette.css",), scripts=("widget.js",)).decode()
    assert script.startswith('"use strict";(() => {')
    assert 'const STYLE = ":root {\\n' in script
    assert "/*style*/" not in script

"""Bodies as real clients send them: marks, character sets, codings, cut emoji."""

import gzip
import io
import json
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from gateway.charset import to_utf8
from gateway.chat_request import read_chat_request
from gateway.content_coding import inflate
from shared.errors import InvalidRequest, ParleyError
from shared.task_body import MAX_BODY_BYTES
from tests.support.gateway_harness import GatewayHarness

TEXT = "Grüße, wo ist mein Päckchen?"
DOCUMENT = json.dumps({"message": TEXT}, ensure_ascii=False)


def asked(body: bytes, content_type: str = "application/json", **headers: str) -> str | None:
    """Return the message that a request puts on the queue, if it does."""
    harness, response = send(body, content_type, **headers)
    assert response.status_code in (200, 400, 413, 415)
    return harness.published[0].message if harness.published else None


def send(
    body: bytes, content_type: str | None, **headers: str
) -> tuple[GatewayHarness, TestResponse]:
    harness = GatewayHarness()
    harness.answer_at_once()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    client = harness.client
    return harness, client.post("/chat", data=body, content_type=content_type, headers=sent)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_json_in_any_unicode_is_taken_without_being_told(encoding: str) -> None:
    assert asked(DOCUMENT.encode(encoding)) == TEXT


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        *(("iso-8859-1", "latin-1"), ("ISO-8859-15", "iso-8859-15"), ("latin1", "latin-1")),
        *(("windows-1252", "cp1252"), ("cp1252", "cp1252"), ("macintosh", "mac-roman")),
        *(('"utf-16"', "utf-16"), ("utf-16", "utf-16-be"), ("utf-16", "utf-16-le")),
        *(("UTF-16LE", "utf-16-le"), ("utf-16be", "utf-16-be"), ("utf-32", "utf-32")),
        *(("utf8", "utf-8"), ('"UTF-8"', "utf-8-sig"), ("", "utf-8"), ("utf-8", "utf-16")),
        ("gb18030", "gb18030"),
    ],
)
def test_the_character_set_is_honoured(charset: str, encoding: str) -> None:
    assert asked(DOCUMENT.encode(encoding), f"application/json; charset={charset}") == TEXT


@pytest.mark.parametrize(
    "charset", ["klingon", "base64", "rot13", "unicode_escape", "idna", "\0", "utf-7"]
)
def test_a_character_set_that_is_none_is_named(charset: str) -> None:
    _, response = send(DOCUMENT.encode(), f'application/json; charset="{charset}"')
    assert response.status_code == 415
    assert repr(charset) in response.get_json()["detail"] or charset == "\0"


@pytest.mark.parametrize(
    ("body", "charset", "sentence"),
    [
        (b'{"message":"\xff"}', "utf-8", "The body is not valid UTF-8."),
        (b'\xef\xbb\xbf{"message":"\xff"}', "utf-8", "The body is not valid UTF-8."),
        (b'{"message":"\xe9"}', "us-ascii", "The body is not valid ASCII."),
        (b"\xff\xfe{\0\0\xd8", "utf-16", "The body is not valid UTF-16."),
    ],
)
def test_bytes_of_another_character_set_are_refused(
    body: bytes, charset: str, sentence: str
) -> None:
    _, response = send(body, f"application/json; charset={charset}")
    assert (response.status_code, response.get_json()["detail"]) == (400, sentence)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"thanks \ud83d", "thanks \ufffd"),
        (r"thanks \uD83D!", "thanks \ufffd!"),
        (r"\udc00 x", "\ufffd x"),
        (r"\ud83d\ud83d\ude00", "\ufffd😀"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"a\\ud83d \ud83d", "a\\ud83d \ufffd"),
        (r"\ud83d\u0041", "\ufffdA"),
        (r"\"\ud83d\"", '"\ufffd"'),
        (r"\ud83d\ude00", "😀"),
    ],
)
def test_half_a_surrogate_pair_is_replaced(written: str, read: str) -> None:
    assert asked(b'{"message":"%s"}' % written.encode()) == read


@given(st.text(st.characters(), min_size=1, max_size=50))
def test_any_text_that_a_program_escapes_is_read_again(text: str) -> None:
    body = json.dumps({"message": f"x{text}"}).encode()  # pairs that were halved included
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert read_chat_request(body).message == f"x{whole}"


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "identity": bytes,
    "": bytes,
    "deflate, gzip": lambda body: gzip.compress(zlib.compress(body)),
}


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coding_is_taken_off(coding: str) -> None:
    assert asked(CODINGS[coding](DOCUMENT.encode()), Content_Encoding=coding) == TEXT


def test_deflate_without_its_frame_and_gzip_in_parts_are_taken() -> None:
    body = DOCUMENT.encode()
    parts = gzip.compress(body[:9]) + gzip.compress(body[9:]) + b"\0\0"
    assert asked(raw_deflate(body), Content_Encoding="deflate") == TEXT
    assert asked(parts, Content_Encoding="gzip") == TEXT


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "x" * 500])
def test_another_coding_is_refused_with_those_that_are_taken(coding: str) -> None:
    _, response = send(DOCUMENT.encode(), "application/json", Content_Encoding=coding)
    assert response.status_code == 415
    assert response.headers["Accept-Encoding"] == "gzip, deflate"
    assert len(response.get_json()["detail"]) < 200


def test_three_codings_are_too_many() -> None:
    _, response = send(b"x", "application/json", Content_Encoding="gzip, gzip, gzip")
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("body", "coding", "sentence"),
    [
        (DOCUMENT.encode(), "gzip", "The body is not gzip data, as Content-Encoding says."),
        (DOCUMENT.encode(), "deflate", "The body is not deflate data, as Content-Encoding says."),
        (gzip.compress(b"{}")[:-3], "gzip", "The body's gzip data ends too early."),
        (b"", "gzip", "The body's gzip data ends too early."),
        (gzip.compress(b"{}") + b"x", "gzip", "The body goes on after its gzip data."),
        (gzip.compress(b"") * 101, "gzip", "The body's gzip data has more than 100 members."),
        (gzip.compress(b"{}")[:-8] + b"12345678", "gzip", "The body is not gzip data"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(
    body: bytes, coding: str, sentence: str
) -> None:
    _, response = send(body, "application/json", Content_Encoding=coding)
    assert response.status_code == 400
    assert response.get_json()["detail"].startswith(sentence)


@pytest.mark.parametrize(
    ("bomb", "coding"),
    [
        (gzip.compress(bytes(50_000_000)), "gzip"),
        (zlib.compress(bytes(50_000_000)), "deflate"),
        (raw_deflate(bytes(50_000_000)), "deflate"),
        (gzip.compress(gzip.compress(bytes(60_000_000))), "gzip, gzip"),
        (gzip.compress(bytes(40_000)) * 500, "gzip"),
    ],
)
def test_a_bomb_is_refused(bomb: bytes, coding: str) -> None:
    assert len(bomb) < MAX_BODY_BYTES
    _, response = send(bomb, "application/json", Content_Encoding=coding)
    assert response.status_code == 413
    assert response.get_json()["type"] == "urn:parley:problem:body-too-large"


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "gzip, deflate"]))
def test_no_bytes_break_inflating(body: bytes, coding: str) -> None:
    for sent in (body, zlib.compress(body), gzip.compress(body)[: len(body)]):
        try:
            assert len(inflate(sent, coding, 1_000)) <= 1_000
        except (ParleyError, HTTPException):
            continue


@given(st.binary(max_size=50), st.text(max_size=20))
def test_no_character_set_breaks_reading(body: bytes, charset: str) -> None:
    try:
        read = to_utf8(body, charset)
    except (InvalidRequest, HTTPException):
        return
    assert len(read) <= 4 * len(body)


def test_json_without_a_type_is_taken_from_programs_and_from_no_page() -> None:
    body = b'{"message":"x"}'
    by_a_program, from_program = send(body, None)
    by_a_page, from_page = send(body, None, Origin="https://evil.example")
    assert (from_program.status_code, len(by_a_program.published)) == (200, 1)
    assert (from_page.status_code, len(by_a_page.published)) == (415, 0)


def test_a_nul_is_a_character_like_others() -> None:
    assert asked(b'{"message":"a\\u0000b"}') == "a\0b"
    _, response = send(b'{"message":"a\0b"}', "application/json")
    assert response.status_code == 400


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413), (10, 413)])
def test_a_chunked_body_is_not_cut_at_the_limit(more: int, status: int) -> None:
    harness = GatewayHarness()
    harness.answer_at_once()
    body = b'{"message":"x"}'.ljust(MAX_BODY_BYTES + more)
    chunked = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    response = harness.client.post(
        "/chat", content_type="application/json", environ_overrides=chunked
    )
    assert response.status_code == status

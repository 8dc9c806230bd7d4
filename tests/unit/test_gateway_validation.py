"""What POST /chat refuses, and how it says why."""

import json

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from gateway.caller import ANYONE
from gateway.chat_request import ChatRequest, read_chat_request
from gateway.idempotency import read_idempotency_key
from shared.chat_arguments import MAX_MESSAGE_CHARACTERS
from shared.errors import InvalidRequest
from tests.support.blank_texts import BLANK_TEXTS
from tests.support.gateway_harness import GatewayHarness

FAULTS: list[tuple[bytes, str | None, str]] = [
    (b"", None, "The body is empty; send a JSON object."),
    (b"  ", None, "The body is empty; send a JSON object."),
    (b"{", None, "The body is not valid JSON: it ends too early."),
    (b"{'message': 'x'}", None, "The body is not valid JSON"),
    (b'{"message":"x"} x', None, "The body is not valid JSON: trailing characters"),
    (b"[]", None, "The body must be a JSON object, not an array."),
    (b"null", None, "The body must be a JSON object, not null."),
    (b'"x"', None, "The body must be a JSON object, not a string."),
    (b"3.5", None, "The body must be a JSON object, not a number."),
    (b"true", None, "The body must be a JSON object, not a boolean."),
    (b'{"message":"\xff"}', None, "The body is not valid UTF-8."),
    (b'{"message":"\xed\xa0\x80"}', None, "The body is not valid UTF-8."),
    (b'{"message":"\\ud8zz x"}', None, "The body is not valid JSON"),
    (b'{"message":"\\ud83d', None, "The body is not valid JSON: it ends too early."),
    (b"[" * 60_000, None, "The body is JSON that is nested too deeply."),
    (b'{"message":' + b"[" * 60_000, None, "The body is JSON that is nested too deeply."),
    (b'{"x":' + b'{"x":' * 12_000, None, "The body is JSON that is nested too deeply."),
    (b"{}", "message", "message is missing."),
    (b'{"message":null}', "message", "message must be a string, not null."),
    (b'{"message":7}', "message", "message must be a string, not a number."),
    (b'{"message":["x"]}', "message", "message must be a string, not an array."),
    (b'{"message":{}}', "message", "message must be a string, not an object."),
    (b'{"message":""}', "message", "message is empty."),
    (b'{"message":" \\t\\n "}', "message", "message is blank: it has no visible character."),
    *(
        (json.dumps({"message": text}).encode(), "message", "message is blank: it has no visible")
        for text in BLANK_TEXTS
    ),
    (b'{"message":"x","mesage":"y"}', "mesage", "mesage is not a known field; known are message"),
    (
        b'{"message":"x","conversation_id":true}',
        "conversation_id",
        "conversation_id must be a string or an integer, not a boolean.",
    ),
    (
        b'{"message":"x","conversation_id":""}',
        "conversation_id",
        "conversation_id must be 1 to 255 bytes of printable text.",
    ),
    (
        b'{"message":"x","conversation_id":"a\\u0085b"}',
        "conversation_id",
        "conversation_id must be 1",
    ),
    (b'{"message":"x","user_id":"a\\nb"}', "user_id", "user_id must be 1 to 255"),
    (b'{"message":"x","user_id":"%s"}' % (b"u" * 256), "user_id", "user_id must be 1 to 255"),
    (
        b'{"message":"x","user_id":4.5}',
        "user_id",
        "user_id must be a string or an integer.",
    ),
    (b'{"message":"x","user_id":1e300}', "user_id", "user_id must be a string or an integer."),
    (
        json.dumps({"message": "x" * (MAX_MESSAGE_CHARACTERS + 1)}).encode(),
        "message",
        "message has 4001 characters; at most 4000 are taken.",
    ),
]


@pytest.mark.parametrize(("body", "field", "sentence"), FAULTS)
def test_refusal_names_field_and_fault(body: bytes, field: str | None, sentence: str) -> None:
    response = GatewayHarness().client.post("/chat", data=body, content_type="application/json")

    problem = response.get_json()
    assert response.status_code == 400
    assert problem["type"] == "urn:parley:problem:invalid-request"
    assert problem["detail"].startswith(sentence)
    assert problem.get("field") == field


@pytest.mark.parametrize(
    "message",
    [
        "x" * MAX_MESSAGE_CHARACTERS,
        "🙂",
        "👩‍👩‍👧",
        "\U0001fae9",  # younger than this Python's Unicode tables
        "a\x00b",
        "¿Dónde está mi paquete?",
        "[SEP]",
    ],
)
def test_what_people_write_is_taken_as_it_is(message: str) -> None:
    body = json.dumps({"message": message}).encode()

    assert read_chat_request(body).message == message


@pytest.mark.parametrize("written", [b"4711", b"4711.0", b"4.711e3", b'"4711"'])
def test_an_integer_stands_for_its_digits(written: bytes) -> None:
    assert read_chat_request(b'{"message":"x","user_id":%s}' % written).user_id == "4711"


def test_null_ids_mean_no_ids() -> None:
    request = read_chat_request(b'{"message":"x","conversation_id":null,"user_id":null}')

    assert (request.conversation_id, request.user_id) == (None, None)


def test_the_last_of_doubled_fields_counts() -> None:
    assert read_chat_request(b'{"message":"a","message":"b"}').message == "b"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
FIELDS = st.sampled_from(["message", "conversation_id", "user_id"]) | st.text()


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    harness = GatewayHarness()
    harness.answer_at_once()
    return harness.client


@given(JSON | st.dictionaries(FIELDS, JSON | st.text()))
def test_any_json_is_taken_or_refused_with_a_sentence(client: FlaskClient, value: object) -> None:
    response = client.post(
        "/chat", data=json.dumps(value).encode(), content_type="application/json"
    )

    assert response.status_code in (200, 400)
    assert response.status_code == 200 or response.get_json()["detail"].endswith(".")


BROKEN_TEXT = st.text().map(lambda text: b'{"message":"' + text.encode(errors="surrogatepass"))


@given(st.binary() | BROKEN_TEXT | BROKEN_TEXT.map(lambda body: body + b'"}'))
def test_any_bytes_are_refused_or_hold_a_text_that_can_be_written_again(body: bytes) -> None:
    try:
        message = read_chat_request(body).message
    except InvalidRequest:
        return
    assert message.encode()


@pytest.mark.parametrize("header", ["k", '"k"', "a.B_9:@-", "k" * 128, f'"{"k" * 128}"', " k "])
def test_an_idempotency_key_may_be_bare_or_quoted(header: str) -> None:
    key = read_idempotency_key(header, ChatRequest("x"), ANYONE)

    assert key.key == header.strip().strip('"')


@pytest.mark.parametrize("header", ["", '""', '"k', 'k"', "a, b", "ké", "k" * 256, "k\n\n."])
def test_other_idempotency_keys_answer_400_and_queue_nothing(header: str) -> None:
    harness = GatewayHarness()
    environ = {"HTTP_IDEMPOTENCY_KEY": header}

    response = harness.client.post("/chat", json={"message": "x"}, environ_overrides=environ)

    assert response.status_code == 400
    assert response.get_json()["field"] == "Idempotency-Key"
    assert harness.published == []


def test_every_member_of_the_body_counts_for_its_digest() -> None:
    requests = [
        ChatRequest("x"),
        ChatRequest("y"),
        ChatRequest("x", conversation_id="c"),
        ChatRequest("x", user_id="c"),
    ]
    digests = {read_idempotency_key("k", request, ANYONE).fingerprint for request in requests}

    assert len(digests) == len(requests)
    assert read_idempotency_key("k", ChatRequest("x"), ANYONE).fingerprint in digests

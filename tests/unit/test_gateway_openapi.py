"""The OpenAPI document says what the code does, no less and no more."""

import base64
import hashlib
import re
import sys
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec import Struct

from gateway import problems
from gateway.chat_request import ChatRequest, check_text
from gateway.draft_request import MAX_PHRASINGS, MAX_WORDING_CHARACTERS, DraftRequest
from gateway.feedback_request import MAX_COMMENT_CHARACTERS, FeedbackRequest
from gateway.handover_request import (
    MAX_NAME_CHARACTERS,
    MAX_PAGE,
    ClaimRequest,
    CloseRequest,
    ReleaseRequest,
    ReplyRequest,
)
from gateway.openapi.document import read_document
from gateway.problem_kind import ProblemKind
from gateway.queue.drafts import KnownDraft
from gateway.queue.gaps import KnownGaps
from gateway.queue.handovers import HandoverFilter, HandoverPage
from gateway.queue.ratings import Rating
from gateway.queue.story import Death, FoundConversation, Story, StoryJob
from shared import jobs
from shared.chat_arguments import MAX_MESSAGE_CHARACTERS
from shared.drafts import Draft, DraftKind, DraftOutcome, DraftState
from shared.errors import InvalidRequest
from shared.feedback import Feedback
from shared.gap_groups import GapGroup
from shared.handovers import Attempt, Handover, HandoverReason, HandoverState, HandoverSummary
from shared.identifiers import is_identifier
from tests.support.gateway_harness import GatewayHarness

ROOT = Path(__file__).parent.parent.parent
_OF_ITSELF = {"HEAD", "OPTIONS"}  # Flask answers them for every GET


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return read_document()


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def test_every_route_is_in_the_document_and_no_other(document: dict[str, Any]) -> None:
    served = {
        (re.sub(r"<[^>]+>", "{}", rule.rule), method)
        for rule in GatewayHarness().app.url_map.iter_rules()
        for method in (rule.methods or set()) - _OF_ITSELF
    }
    written = {
        (re.sub(r"{[^}]+}", "{}", path), method.upper())
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert served == written


@pytest.mark.parametrize(
    "value",
    [
        *(jobs.Reply, jobs.Tone, jobs.Answer, jobs.Alternative, jobs.Timings, jobs.Turn),
        *(Handover, HandoverSummary, Attempt, HandoverPage),
        *(Story, StoryJob, Death, FoundConversation, Feedback, Rating),
        *(KnownGaps, GapGroup, KnownDraft, Draft, DraftOutcome),
    ],
)
def test_every_field_of_an_answer_is_described(value: type, document: dict[str, Any]) -> None:
    described = schema(document, value.__name__)
    names = [field.name for field in fields(value)]
    assert list(described["properties"]) == names
    assert described["required"] == names


def test_the_request_has_the_fields_that_are_taken(document: dict[str, Any]) -> None:
    described = schema(document, "ChatRequest")["properties"]
    assert tuple(described) == ChatRequest.__struct_fields__
    assert described["message"]["maxLength"] == MAX_MESSAGE_CHARACTERS


def test_the_filters_of_handovers_are_listed(document: dict[str, Any]) -> None:
    state, limit, *_ = document["paths"]["/handovers"]["get"]["parameters"]
    assert state["schema"]["enum"] == list(get_args(HandoverFilter))
    assert limit["schema"]["maximum"] == MAX_PAGE


KINDS_OF_BODIES = [ClaimRequest, ReplyRequest, ReleaseRequest, CloseRequest, FeedbackRequest]


@pytest.mark.parametrize("kind", KINDS_OF_BODIES)
def test_what_persons_send_has_the_fields_that_are_taken(
    kind: type[Struct], document: dict[str, Any]
) -> None:
    described = schema(document, kind.__name__)
    assert tuple(described["properties"]) == kind.__struct_fields__
    assert schema(document, "Name")["maxLength"] == MAX_NAME_CHARACTERS


@pytest.mark.parametrize("name", ["EntryDraftRequest", "PhrasingsDraftRequest"])
def test_both_kinds_of_drafts_have_the_fields_and_limits_that_are_checked(
    name: str, document: dict[str, Any]
) -> None:
    described = schema(document, name)["properties"]
    assert tuple(described) == DraftRequest.__struct_fields__
    phrasings = described["phrasings"].get("anyOf", [described["phrasings"]])[0]
    assert phrasings["maxItems"] == MAX_PHRASINGS
    assert phrasings["items"]["maxLength"] == MAX_WORDING_CHARACTERS


def test_the_limits_of_feedback_are_those_that_are_checked(document: dict[str, Any]) -> None:
    described = schema(document, "FeedbackRequest")["properties"]
    assert (described["score"]["minimum"], described["score"]["maximum"]) == (1, 5)
    assert described["comment"]["anyOf"][0]["maxLength"] == MAX_COMMENT_CHARACTERS


@pytest.mark.parametrize(
    ("name", "field", "choices"),
    [
        ("Job", "state", jobs.JobState),
        ("Draft", "kind", DraftKind),
        ("DraftOutcome", "state", DraftState),
        ("Answer", "kind", jobs.AnswerKind),
        ("Reply", "encoder", jobs.Encoder),
        ("Reply", "variant", jobs.Variant),
        ("Tone", "label", jobs.ToneLabel),
        ("Handover", "state", HandoverState),
        ("Handover", "reason", HandoverReason),
    ],
)
def test_every_choice_is_listed(
    name: str, field: str, choices: Any, document: dict[str, Any]
) -> None:
    assert schema(document, name)["properties"][field]["enum"] == list(get_args(choices))


def test_the_pattern_of_an_identifier_is_the_one_that_is_checked(document: dict[str, Any]) -> None:
    pattern = re.compile(schema(document, "Identifier")["pattern"])
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    allowed = "".join(char for char in characters if pattern.match(char))
    refused = [char for char in characters if not pattern.match(char)]
    # Half a second in texts as long as the pattern allows; nine, character by character.
    texts = [allowed[first : first + 63] for first in range(0, len(allowed), 63)]
    assert [text for text in texts if not (pattern.match(text) and is_identifier(text))] == []
    assert [char for char in refused if is_identifier(char)] == []
    assert pattern.match("x" * 255)
    assert not pattern.match("x" * 256)


def test_the_pattern_of_a_message_refuses_what_the_code_refuses(document: dict[str, Any]) -> None:
    visible = re.compile(schema(document, "ChatRequest")["properties"]["message"]["pattern"])
    assigned = [
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(char) not in ("Cn", "Co", "Cs")
    ]
    refused = {char for char in assigned if not visible.search(char)}
    assert refused == {char for char in assigned if is_blank(char)}
    assert len(refused) > 150


def is_blank(message: str) -> bool:
    """Tell whether the gateway refuses a message for having no visible character."""
    try:
        check_text("message", message)
    except InvalidRequest:
        return True
    return False


def test_every_kind_of_problem_is_named(document: dict[str, Any]) -> None:
    described = " ".join(
        response["description"] for response in document["components"]["responses"].values()
    )
    of_every_route = {problems.METHOD_NOT_ALLOWED.name}
    kinds = {kind.name for kind in (*all_kinds(), *problems._BY_STATE.values())}
    assert {name for name in kinds if name not in described} == of_every_route


def all_kinds() -> Iterator[ProblemKind]:
    yield from (kind for kind in vars(problems).values() if isinstance(kind, ProblemKind))


def test_the_version_is_the_package_s(document: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document["info"]["version"] == project["version"]


def test_it_is_served_as_json_and_not_sent_again_to_who_has_it(document: dict[str, Any]) -> None:
    client = GatewayHarness().client
    response = client.get("/openapi.json")
    assert response.get_json() == document
    again = client.get("/openapi.json", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_the_page_shows_every_operation_and_needs_nothing_from_elsewhere(
    document: dict[str, Any],
) -> None:
    response = GatewayHarness().client.get("/docs")
    page = response.get_data(as_text=True)
    operations = [
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert len(operations) > 5
    assert all(f'<section id="{name}">' in page for name in operations)
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"(?!#|openapi\.json)", page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in response.headers["Content-Security-Policy"]

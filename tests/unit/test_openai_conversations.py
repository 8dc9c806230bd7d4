"""Conversations of clients that send their whole history each time, over fakes."""

import pytest

from gateway.openai_api.messages import Said, history_digest
from shared.errors import (
    AdmissionRefused,
    ClientGone,
)
from shared.results import Failure
from tests.support.gateway_harness import GatewayHarness
from tests.support.openai_calls import complete, converse, error, said


@pytest.fixture
def harness() -> GatewayHarness:
    harness = GatewayHarness()
    harness.answer_at_once()
    return harness


def test_a_client_without_a_memory_stays_in_its_conversation(harness: GatewayHarness) -> None:
    texts = ["One"]
    first = converse(harness, texts)
    texts.append("Two?")
    second = converse(harness, texts)
    texts += ["Three!"]
    third = converse(harness, [*texts])

    assert first == second == third


def test_two_whose_conversations_began_alike_never_share_one(harness: GatewayHarness) -> None:
    mine, theirs = ["Hello"], ["Hello"]
    begun = {converse(harness, mine), converse(harness, theirs)}
    assert mine == theirs
    mine.append("I am Anna.")
    theirs.append("I am Ben.")

    went_on = {converse(harness, mine), converse(harness, theirs)}

    assert begun == went_on
    assert len(went_on) == 2


@pytest.mark.parametrize("user", ["anna", "ben"])
def test_another_user_does_not_go_on_with_it(user: str, harness: GatewayHarness) -> None:
    texts = ["Hello"]
    begun = converse(harness, texts, user="anna")
    texts.append("And?")

    assert (converse(harness, texts, user=user) == begun) == (user == "anna")


def test_what_was_said_elsewhere_begins_a_new_conversation(harness: GatewayHarness) -> None:
    texts = ["Hello", "Written by another model.", "And now?"]
    conversation = converse(harness, texts)

    assert conversation == harness.published[-1].id
    asked_again = converse(harness, ["Hello", "Written by another model.", "And now?"])
    assert asked_again != conversation


def test_a_named_conversation_is_not_looked_for(harness: GatewayHarness) -> None:
    converse(harness, ["Hello"], metadata={"conversation_id": "named"})
    assert harness.histories.kept == {}


def test_a_refused_question_does_not_lose_its_conversation(harness: GatewayHarness) -> None:
    texts = ["Hello"]
    begun = converse(harness, texts)
    texts.append("And?")
    harness.publisher.answer = AdmissionRefused("full", 2.0)
    refused = complete(harness, *said(*texts))
    harness.publisher.answer = None

    assert error(refused, 503)["type"] == "server_error"
    assert refused.headers["Retry-After"] == "2"
    harness.clock.advance(2)
    assert converse(harness, texts) == begun


@pytest.mark.parametrize("streamed", [True, False])
def test_a_failed_question_does_not_lose_its_conversation(
    streamed: bool, harness: GatewayHarness
) -> None:
    texts = ["Hello"]
    begun = converse(harness, texts)
    texts.append("And?")
    answer = harness.publisher.on_publish
    harness.fail_at_once(Failure("failed", "It could not be read."))
    assert b"could not be read" in complete(harness, *said(*texts), stream=streamed).data
    harness.publisher.on_publish = answer

    assert converse(harness, texts) == begun


def test_a_client_that_went_away_finds_its_conversation_again(harness: GatewayHarness) -> None:
    texts = ["Hello"]
    begun = converse(harness, texts)
    texts.append("And?")
    harness.publisher.answer = ClientGone("the client closed the connection")
    assert complete(harness, *said(*texts)).status_code == 499
    harness.publisher.answer = None

    assert converse(harness, texts) == begun


def test_digests_tell_apart_who_said_what() -> None:
    one = [Said("user", "a"), Said("assistant", "b")]
    other = [Said("user", "a"), Said("user", "b")]
    digests = {
        history_digest(user, history) for user in (None, "u") for history in (one, other, one[:1])
    }
    assert len(digests) == 6
    assert history_digest(None, [Said("user", " a\n"), one[1], Said("assistant", "")]) in digests

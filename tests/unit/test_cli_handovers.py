"""`parley handovers` against the gateway's own routes, over fakes."""

import json
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.cli.exit_status import ExitStatus
from shared.handovers import Attempt, Handover, HandoverSummary
from shared.jobs import Turn
from tests.support.gateway_harness import GatewayHarness

Parley = Callable[..., tuple[int, str, str]]
SUMMARY = HandoverSummary(
    ("Hi", "A person [now]!"), (Attempt("a-1", "Where?"),), ("neutral", "negative")
)


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Write no line for a request."""


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayHarness]:
    harness = GatewayHarness()
    harness.handovers.records["h-1"] = Handover("h-1", "c-1", None, 1_700_000_000, "wish", SUMMARY)
    asked = msgspec.json.encode(Turn("user", "A person [now]!", "job-1", 1.0))
    harness.conversations.stored["c-1"] = [asked]
    server = make_server("127.0.0.1", 0, harness.app, request_handler=_Silent)
    monkeypatch.setenv("PARLEY_HTTP_PORT", str(server.server_port))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield harness
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_waits_is_listed_with_the_last_message(
    parley: Parley, harness: GatewayHarness
) -> None:
    code, out, err = parley("handovers", "list")
    assert (code, err) == (0, "")
    assert "11-14 22:13" in out
    assert "A person [now]!" in out
    [listed] = json.loads(parley("handovers", "list", "--json")[1])["handovers"]
    assert listed["id"] == "h-1"
    assert parley("handovers", "list", "--state", "closed")[1] == "No handovers.\n"


def test_more_than_a_page_is_said_to_be(parley: Parley, harness: GatewayHarness) -> None:
    harness.handovers.records["h-2"] = Handover("h-2", "c-2", None, 1.0, "legal", SUMMARY)
    assert "There are more" in parley("handovers", "list", "--limit", "1")[1]


def test_a_conversation_is_taken_answered_and_given_back(
    parley: Parley, harness: GatewayHarness
) -> None:
    assert parley("handovers", "claim", "h-1", "--by", "anna") == (0, "claimed\n", "")
    assert "claimed by anna" in parley("handovers", "list", "--state", "claimed")[1]
    assert parley("handovers", "reply", "h-1", "Hello!") == (0, "sent\n", "")
    shown = parley("handovers", "show", "h-1")[1]
    assert "customer  A person [now]!\nanna      Hello!\n" in shown
    assert "neutral → negative" in shown
    closed = parley("handovers", "close", "h-1", "--note", "Found.", "--by", "ben")
    assert closed == (0, "closed by ben\n", "")
    told = json.loads(parley("handovers", "show", "h-1", "--json")[1])
    assert (told["state"], told["note"], len(told["turns"])) == ("closed", "Found.", 2)


def test_refusals_are_sentences(parley: Parley, harness: GatewayHarness) -> None:
    parley("handovers", "claim", "h-1", "--by", "anna")
    code, _, err = parley("handovers", "claim", "h-1", "--by", "ben")
    assert (code, err) == (ExitStatus.CONFLICT, "The gateway refused (409): anna has it.\n")
    assert "No such handover" in parley("handovers", "show", "h-9")[2]
    assert "state must be one of" in parley("handovers", "list", "--state", "a&b")[2]


def test_who_had_it_is_named_where_nobody_said_who_closed_it(
    parley: Parley, harness: GatewayHarness
) -> None:
    parley("handovers", "claim", "h-1", "--by", "anna")
    assert parley("handovers", "close", "h-1")[1] == "closed; anna had it\n"


def test_a_narrow_terminal_cuts_nothing(
    parley: Parley, harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_id = "e99f269e-879a-462e-913c-440b52a54c52"
    asked = HandoverSummary(("Where is my parcel? It should have been here five days ago!",))
    harness.handovers.records[long_id] = Handover(long_id, "c-3", None, 9.0, "self_harm", asked)
    monkeypatch.setenv("COLUMNS", "60")
    out = parley("handovers", "list", "--state", "all")[1]
    assert f"{long_id}\n" in out
    assert "  last message Where is my parcel? It should have been here five days ago!\n" in out
    assert "…" not in out

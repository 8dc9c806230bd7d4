"""`parley evaluate` through a gateway that a test plays: tables, report, page, and refusals."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.cli.exit_status import ExitStatus

Parley = Callable[..., tuple[int, str, str]]


class EchoGateway(ThreadingHTTPServer):
    """Answer with the entry that a message names first; refuse the first messages as too busy."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[dict[str, Any]] = []
        self.refusals = 0
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: EchoGateway

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = self.server.refusals > 0
        self.server.refusals -= 1
        if not refused:
            self.server.bodies.append(body)
        self.send_response(503 if refused else self.server.status)
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(json.dumps(_reply(body)).encode())

    def log_message(self, *_: object) -> None:
        pass


def _reply(body: dict[str, Any]) -> dict[str, Any]:
    entry, _, rest = body["message"].partition(" ")
    known = entry != "nothing"
    timings = dict.fromkeys(("queue_ms", "prepare_ms", "engine_ms", "compose_ms", "total_ms"), 1.0)
    return {
        "response": "So.",
        "job_id": "job",
        "conversation_id": body.get("conversation_id", f"talk-{rest}"),
        "tone": {"label": "neutral", "score": 0.9, "emotions": {}},
        "answer": {
            "kind": "answer" if known else "fallback",
            "id": entry,
            "confidence": 0.9 if known else 0.1,
            "alternatives": [{"id": "other", "question": "?", "confidence": 0.05}],
            "reask_score": 0.8 if "conversation_id" in body else None,
        },
        "timings": timings,
        "engine": "test",
        "truncated": False,
        "a_later_field": 1,
    }


@pytest.fixture
def gateway() -> Iterator[EchoGateway]:
    server = EchoGateway()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rows = [
        {"text": "pay one", "gold": "pay"},
        {"text": "pay two", "gold": "pay"},
        {"text": "pay <three>", "gold": "return"},
        {"text": "nothing four", "gold": None},
    ]
    path = tmp_path / "labelled.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def dialogues(tmp_path: Path) -> Path:
    path = tmp_path / "dialogues.yaml"
    path.write_text(
        "- turns:\n  - {user: pay one, entry: pay}\n"
        "  - {user: return two, entry: return, context: true, reask: true}\n"
    )
    return path


def test_figures_page_and_report_through_a_gateway(
    parley: Parley, gateway: EchoGateway, labelled: Path, tmp_path: Path
) -> None:
    gateway.refusals = 1
    out = tmp_path / "out"
    code, told, errors = parley(
        "evaluate", str(labelled), "--through", gateway.url, "--out", str(out), "--examples", "1"
    )
    assert (code, errors) == (0, "")
    assert "Questions: 3 answerable, 1 not" in told
    assert "66.7 %" in told
    assert "<three>" not in told
    report = json.loads((out / "report.json").read_text())
    (system,) = report["systems"]
    assert system["figures"]["questions"]["oos_auc"]["value"] == 1
    assert system["figures"]["questions"]["p50_ms"]["value"] > 0
    assert system["confusions"] == [
        {"right": "return", "found": "pay", "times": 1, "messages": ["pay <three>"]}
    ]
    page = (out / "report.html").read_text()
    assert "pay &lt;three&gt;" in page
    assert page.count("data:image/png;base64,") == 2
    assert "http" not in page.replace(gateway.url, "")
    assert {path.name for path in out.iterdir()} >= {"reliability.png", "risk-coverage.png"}


def test_no_message_is_in_the_report_unless_asked_for(
    parley: Parley, gateway: EchoGateway, labelled: Path, tmp_path: Path
) -> None:
    parley("evaluate", str(labelled), "--through", gateway.url, "--out", str(tmp_path / "out"))
    for name in ("report.json", "report.html"):
        assert "three" not in (tmp_path / "out" / name).read_text()


def test_a_dialogue_is_one_conversation(
    parley: Parley, gateway: EchoGateway, dialogues: Path, tmp_path: Path
) -> None:
    code, told, _ = parley(
        "evaluate",
        str(dialogues),
        "--through",
        gateway.url,
        "--out",
        str(tmp_path / "out"),
        "--json",
    )
    assert code == 0
    assert [body.get("conversation_id") for body in gateway.bodies] == [None, "talk-one"]
    (system,) = json.loads(told)["systems"]
    assert system["figures"]["dialogues"]["right_context"]["value"] == 1
    assert system["figures"]["dialogues"]["reask_auc"]["value"] is None


def test_two_gateways_are_compared_message_by_message(
    parley: Parley, gateway: EchoGateway, labelled: Path, tmp_path: Path
) -> None:
    other = gateway.url.replace("127.0.0.1", "localhost")
    code, told, _ = parley(
        "evaluate",
        str(labelled),
        "--through",
        gateway.url,
        "--compare",
        other,
        "--out",
        str(tmp_path / "out"),
    )
    assert code == 0
    assert "No difference in “right entry first” can be told between" in told.replace("\n", " ")
    assert len(gateway.bodies) == 8


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--through", "http://example.org"), "add --allow-remote"),
        (("--through", "example.org"), "is no system"),
        (("--through", "http://127.0.0.1:1"), "No gateway answers"),
        (("--through", "http://127.0.0.1:1", "--folds", "5"), "has its own base"),
        (("--through", "http://127.0.0.1:1", "--variant", "tfidf"), "leave them out"),
        (("--folds", "1"), "needs two at least"),
        (("--folds", "5", "--kb", "x.yaml"), "leave out --kb"),
        (("--folds", "5", "--missing", "5"), "leave out --folds"),
        (("--encoder", "huge"), "is no system"),
        (("--compare", "small/large"), "is no system"),
        (("--encoder", "small", "--compare", "small"), "with itself"),
    ],
)
def test_what_cannot_be_done_is_said(
    parley: Parley, labelled: Path, tmp_path: Path, arguments: tuple[str, ...], fault: str
) -> None:
    code, _, errors = parley("evaluate", str(labelled), *arguments, "--out", str(tmp_path / "out"))
    unreachable = fault == "No gateway answers"
    assert code == (ExitStatus.UNREACHABLE if unreachable else ExitStatus.USAGE)
    assert fault in errors


def test_a_gateway_that_stays_busy_or_refuses_is_named(
    parley: Parley, gateway: EchoGateway, labelled: Path
) -> None:
    gateway.refusals = 10**6
    code, _, errors = parley("evaluate", str(labelled), "--through", gateway.url)
    assert (code, "too busy" in errors) == (ExitStatus.BUSY, True)
    gateway.refusals, gateway.status = 0, 401
    code, _, errors = parley("evaluate", str(labelled), "--through", gateway.url)
    assert (code, "answered 401" in errors) == (ExitStatus.KEY_REFUSED, True)

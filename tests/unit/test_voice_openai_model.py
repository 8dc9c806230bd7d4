"""The adapter to OpenAI-compatible servers, on real sockets and a scripted server."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain, repeat
from pathlib import Path

import pytest

from shared.clock import SystemClock
from shared.errors import ModelUnavailable, SettingsError
from shared.settings import load
from tests.support.model_server import ModelReply, ModelServer, Script
from workers.settings import VoiceSettings
from workers.voice.breaker import Breaker
from workers.voice.brief import Usage
from workers.voice.language_model import LanguageModel, Prompt
from workers.voice.model_connection import ModelConnection
from workers.voice.openai_model import OpenAiModel, open_model
from workers.voice.places import Places

PROMPTS = [Prompt("system", "Say what is there."), Prompt("user", "How long?")]
KEY = "sk-very-secret"
TEXT = "Refunds take 5 days. They go to your card."
Opened = Callable[..., OpenAiModel]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Open models that wait next to nothing before retries; all are closed at the end."""
    with ExitStack() as held:

        def open_one(
            url: str,
            *,
            model: str | None = "m",
            key: str | None = None,
            most: int = 8,
            stall_seconds: float = 5.0,
            paused: list[float] | None = None,
        ) -> OpenAiModel:
            clock = SystemClock()
            connection = ModelConnection(url, key, clock, stall_seconds=stall_seconds)
            pause = (lambda _: None) if paused is None else paused.append
            places, breaker = Places(most, clock), Breaker(clock)
            one = OpenAiModel(connection, model, clock, places, breaker, pause=pause)
            held.callback(one.close)
            return one

        yield open_one


def read(model: LanguageModel, seconds: float = 5.0) -> str:
    due_at = time.monotonic() + seconds
    with model.stream(PROMPTS, max_tokens=50, due_at=due_at) as reply:
        return "".join(reply)


def fault_of(model: LanguageModel, seconds: float = 5.0) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        read(model, seconds)
    return caught.value


def replies(*several: str | ModelReply) -> Script:
    """Say one after the other, and the last one for ever."""
    said = chain(several, repeat(several[-1]))
    return lambda _: next(said)


def test_a_reply_comes_in_pieces_with_its_usage(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, usage=(30, 12))) as server:
        model = opened(server.url, key=KEY)
        due_at = time.monotonic() + 5
        with model.stream(PROMPTS, max_tokens=50, due_at=due_at) as reply:
            assert list(reply) == ModelReply(text=TEXT).all_pieces
            assert reply.usage == Usage(30, 12)
    (request,) = server.requests
    assert request["messages"][1] == {"role": "user", "content": "How long?"}
    assert (request["model"], request["max_tokens"], request["stream"]) == ("m", 50, True)
    assert request["temperature"] <= 0.3
    assert server.keys == [f"Bearer {KEY}"]


def test_the_connection_is_kept_for_the_next_reply(opened: Opened) -> None:
    with ModelServer(TEXT) as server:
        model = opened(server.url + "/")
        assert [read(model), read(model), read(model)] == [TEXT] * 3
        assert server.connections == 1


def test_usage_is_estimated_where_the_server_does_not_tell(opened: Opened) -> None:
    with ModelServer(ModelReply(text="12345678", usage=None)) as server:
        model = opened(server.url)
        with model.stream(PROMPTS, max_tokens=9, due_at=time.monotonic() + 5) as reply:
            assert list(reply) == ["12345678"]
            assert reply.usage == Usage(7, 2)  # 27 characters and 8, a quarter each


def test_who_leaves_has_the_server_stop_at_once(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, stall_after=2)) as server:
        model = opened(server.url)
        with model.stream(PROMPTS, max_tokens=9, due_at=time.monotonic() + 5) as reply:
            assert next(iter(reply)) == "Refunds"
        assert server.wait_for(lambda: server.disconnects == 1)
        assert model.gauges()["llm_places_taken"] == 0


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (ModelReply(text=TEXT, stall_after=0), "late"),
        (ModelReply(text=TEXT, stall_after=2), "late"),
        (ModelReply(text=TEXT, stall_after=0, ping_seconds=0.01), "late"),
        (ModelReply(text=TEXT, stall_after=3, ping_seconds=0.01), "late"),
        (ModelReply(text=TEXT, head_drip_seconds=0.005), "late"),
        (ModelReply(text=TEXT * 9, piece_delay_seconds=0.02), "late"),
        (ModelReply(text=TEXT, is_streamed=False, first_delay_seconds=5), "late"),
        (ModelReply(status=500, first_delay_seconds=5), "late"),
    ],
)
def test_no_server_holds_a_thread_beyond_its_time(
    opened: Opened, reply: ModelReply, reason: str
) -> None:
    with ModelServer(reply) as server:
        model = opened(server.url)
        started_at = time.monotonic()
        assert fault_of(model, seconds=0.08).reason == reason
        assert 0.07 < time.monotonic() - started_at < 1
        assert server.wait_for(lambda: server.in_flight == 0)


def test_a_server_that_is_silent_in_between_is_left_before_the_time_is_over(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, stall_after=2)) as server:
        assert fault_of(opened(server.url, stall_seconds=0.03), seconds=60).reason == "late"


def test_a_port_that_takes_connections_and_is_silent(opened: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        model = opened(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", model=None)
        assert fault_of(model, seconds=0.05).reason == "late"


def test_a_port_where_nobody_listens(opened: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    model = opened(url)
    fault = fault_of(model)
    assert fault.reason == "unreachable"
    assert "refused" in str(fault)
    assert model.gauges()["llm_retries"] == 2


def test_a_host_without_a_name(opened: Opened) -> None:
    assert fault_of(opened("http://no-such-host.invalid/v1")).reason in ("unreachable", "late")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again_before_the_first_token(opened: Opened, status: int) -> None:
    busy = ModelReply(status=status)
    paused: list[float] = []
    with ModelServer(replies(busy, busy, TEXT)) as server:
        model = opened(server.url, paused=paused)
        assert read(model) == TEXT
    assert len(server.requests) == 3
    assert len(paused) == 2
    assert all(0 <= seconds <= 0.4 for seconds in paused)
    assert model.gauges()["llm_retries"] == 2


def test_a_server_that_stays_busy_is_asked_three_times(opened: Opened) -> None:
    with ModelServer(ModelReply(status=503)) as server:
        assert fault_of(opened(server.url)).reason == "busy"
    assert len(server.requests) == 3


def test_a_lost_connection_is_replaced_before_the_first_token(opened: Opened) -> None:
    with ModelServer(replies(ModelReply(text=TEXT, break_after=0), TEXT)) as server:
        assert read(opened(server.url)) == TEXT


def test_a_server_that_was_started_again_meets_idle_connections(opened: Opened) -> None:
    with ModelServer(TEXT) as server:
        model = opened(server.url)
        assert read(model) == TEXT
        server.drop_connections()
        assert read(model) == TEXT


def test_after_the_first_token_nothing_is_tried_again(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, break_after=3)) as server:
        model = opened(server.url)
        with model.stream(PROMPTS, max_tokens=9, due_at=time.monotonic() + 5) as reply:
            pieces = iter(reply)
            assert [next(pieces), next(pieces), next(pieces)] == ["Refunds", " take", " 5"]
            with pytest.raises(ModelUnavailable, match="broke off"):
                next(pieces)
    assert model.gauges()["llm_failures_broken"] == 1
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("after", "paused_for", "asked"),
    [("1", 1.0, 2), ("60", None, 1), ("soon", 0.0, 2), ("-1", 0.0, 2), ("nan", 0.0, 2)],
)
def test_a_server_may_say_when_it_is_asked_again(
    opened: Opened, after: str, paused_for: float | None, asked: int
) -> None:
    paused: list[float] = []
    busy = ModelReply(status=429, headers={"Retry-After": after})
    with ModelServer(replies(busy, TEXT)) as server:
        model = opened(server.url, paused=paused)
        assert (fault_of(model).reason == "busy") if paused_for is None else read(model) == TEXT
    assert len(server.requests) == asked
    assert paused == [] if paused_for is None else paused[0] >= paused_for


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        (401, "key", "refuses the key"),
        (403, "key", "refuses the key"),
        (404, "address", "no such model"),
        (307, "address", "307"),
        (413, "refused", "refuses the request"),
    ],
)
def test_a_refusal_is_told_and_not_repeated(
    opened: Opened, status: int, reason: str, told: str
) -> None:
    headers = {"Location": "http://127.0.0.1:9/"}
    with ModelServer(ModelReply(status=status, headers=headers)) as server:
        fault = fault_of(opened(server.url, key=KEY))
    assert fault.reason == reason
    assert told in str(fault)
    assert KEY not in str(fault)
    assert len(server.requests) == 1


def test_a_wrong_key_is_told_where_the_name_is_asked_for(opened: Opened) -> None:
    with ModelServer(TEXT, key=KEY) as server:
        assert fault_of(opened(server.url, model=None, key="other")).reason == "key"
        assert read(opened(server.url, model=None, key=KEY)) == TEXT


def test_the_first_listed_model_is_asked_for_once(opened: Opened) -> None:
    with ModelServer(TEXT, models=["first", "second"]) as server:
        model = opened(server.url, model=None)
        assert [read(model), read(model)] == [TEXT, TEXT]
        assert server.model_lookups == 1
    assert [request["model"] for request in server.requests] == ["first", "first"]


def test_the_name_is_asked_for_again_after_a_failure(opened: Opened) -> None:
    with ModelServer(replies(TEXT, ModelReply(status=404), TEXT)) as server:
        model = opened(server.url, model=None)
        assert read(model) == TEXT
        server.models = ["new"]
        assert fault_of(model).reason == "address"
        assert read(model) == TEXT
    assert [request["model"] for request in server.requests] == ["test-model", "test-model", "new"]


def test_a_server_without_models(opened: Opened) -> None:
    with ModelServer(TEXT, models=[]) as server:
        assert "PARLEY_LLM_MODEL" in str(fault_of(opened(server.url, model=None)))


@pytest.mark.parametrize("refused", [["stream_options"], ["temperature", "stream_options"]])
def test_what_a_server_does_not_take_is_left_out_from_then_on(
    opened: Opened, refused: list[str]
) -> None:
    with ModelServer(TEXT, refused_parameters=refused) as server:
        model = opened(server.url)
        assert [read(model), read(model)] == [TEXT, TEXT]
    assert len(server.requests) == 2 + len(refused)
    assert not set(refused) & set(server.requests[-1])


def test_a_refused_prompt_leaves_the_parameters_as_they_are(opened: Opened) -> None:
    refused = ModelReply(status=400)
    with ModelServer(replies(refused, refused, TEXT)) as server:
        model = opened(server.url)
        assert fault_of(model).reason == "refused"
        assert read(model) == TEXT
    assert "stream_options" in server.requests[-1]


def test_no_place_in_time(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, stall_after=1)) as server:
        model = opened(server.url, most=1)
        with model.stream(PROMPTS, max_tokens=9, due_at=time.monotonic() + 5):
            assert fault_of(model, seconds=0.02).reason == "no_place"
    assert len(server.requests) == 1


def test_a_server_that_fails_again_and_again_is_left_alone(opened: Opened) -> None:
    with ModelServer(ModelReply(status=401)) as server:
        model = opened(server.url)
        reasons = [fault_of(model).reason for _ in range(7)]
        assert reasons == ["key"] * 5 + ["open"] * 2
        assert len(server.requests) == 5
    gauges = model.gauges()
    assert gauges["llm_open"] == 1
    assert (gauges["llm_failures_key"], gauges["llm_failures_open"]) == (5, 2)


def test_prompts_that_a_server_refuses_open_nothing(opened: Opened) -> None:
    with ModelServer(ModelReply(status=413)) as server:
        model = opened(server.url)
        assert {fault_of(model).reason for _ in range(8)} == {"refused"}
        assert model.gauges()["llm_open"] == 0


def test_many_threads_share_the_places(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, first_delay_seconds=0.005)) as server:
        model = opened(server.url, most=3)
        with ThreadPoolExecutor(12) as threads:
            texts = list(threads.map(lambda _: read(model), range(24)))
        assert texts == [TEXT] * 24
        assert server.most_at_once <= 3
        assert server.connections <= 3
    assert model.gauges()["llm_places_taken"] == 0


def test_a_caller_that_fails_gives_its_place_back(opened: Opened) -> None:
    with ModelServer(TEXT) as server:
        model = opened(server.url)
        with (
            pytest.raises(ZeroDivisionError),
            model.stream(PROMPTS, max_tokens=9, due_at=time.monotonic() + 5),
        ):
            raise ZeroDivisionError
        assert model.gauges()["llm_places_taken"] == 0


def test_proxies_of_the_environment_are_not_used(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with ModelServer(TEXT) as server:
        assert read(opened(server.url)) == TEXT


def test_cookies_are_neither_kept_nor_sent(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, headers={"Set-Cookie": "a=b; Path=/"})) as server:
        model = opened(server.url)
        assert [read(model), read(model)] == [TEXT, TEXT]
        assert "Cookie" not in server.headers[-1]
        assert server.headers[-1]["Accept-Encoding"] == "identity"


def test_a_server_that_is_busy_or_late_gets_fewer_places(opened: Opened) -> None:
    late = ModelReply(text=TEXT, stall_after=0)
    with ModelServer(replies(ModelReply(status=429), TEXT, late)) as server:
        model = opened(server.url)
        assert model.gauges()["llm_places"] == 4
        assert read(model) == TEXT
        assert model.gauges()["llm_places"] == 2
        assert fault_of(model, seconds=0.03).reason == "late"
        assert model.gauges()["llm_places"] == 1


def test_a_reply_that_said_its_end_is_not_waited_for(opened: Opened) -> None:
    body = b'data: {"choices": [{"delta": {"content": "Yes."}, "finish_reason": "stop"}]}\n\n'
    headers = {"Content-Length": "9999"}
    with ModelServer(ModelReply(raw=body, headers=headers, stall_after=0)) as server:
        started_at = time.monotonic()
        assert read(opened(server.url), seconds=60) == "Yes."
        assert time.monotonic() - started_at < 5


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1, signed by itself, with its key."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", f"{path}.key", "-out", path, "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.key").read_text())
    return path


def test_over_tls(opened: Opened, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    stalls = ModelReply(text=TEXT, stall_after=2, ping_seconds=0.01)
    with ModelServer(replies(TEXT, TEXT, stalls), certificate=certificate) as server:
        model = opened(server.url)
        assert [read(model), read(model)] == [TEXT, TEXT]
        assert server.connections == 1
        assert fault_of(model, seconds=0.08).reason == "late"
        assert server.wait_for(lambda: server.disconnects == 1)


def test_a_certificate_that_nobody_vouches_for(opened: Opened, certificate: Path) -> None:
    with ModelServer(TEXT, certificate=certificate) as server:
        assert "certificate" in str(fault_of(opened(server.url)))
        assert not server.requests


def test_a_handshake_that_nobody_answers(opened: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        model = opened(f"https://127.0.0.1:{silent.getsockname()[1]}/v1")
        assert fault_of(model, seconds=0.05).reason == "late"


def test_a_model_is_opened_as_the_settings_say() -> None:
    with ModelServer(TEXT, key=KEY) as server:
        settings = load(VoiceSettings, llm_url=server.url, llm_key=f"{KEY}\n", llm_max_places=2)
        model = open_model(settings, SystemClock())
        try:
            assert read(model) == TEXT
        finally:
            model.close()
    assert model.gauges()["llm_places"] <= 2


def test_settings_that_open_no_model() -> None:
    with pytest.raises(SettingsError, match="PARLEY_LLM_URL"):
        open_model(load(VoiceSettings), SystemClock())
    with pytest.raises(SettingsError, match="PARLEY_LLM_KEY") as caught:
        open_model(load(VoiceSettings, llm_url="http://h/v1", llm_key="ä b"), SystemClock())
    assert "ä b" not in str(caught.value)


def test_threads_that_look_for_a_host_are_not_waited_for(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        found.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        assert fault_of(opened("http://slow.invalid/v1"), seconds=0.03).reason == "late"
    finally:
        found.set()

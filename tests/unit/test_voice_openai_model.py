"""The adapter to OpenAI-compatible servers, on real sockets and a scripted server."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.clock import SystemClock
from shared.errors import ModelUnavailable, SettingsError
from shared.settings import load
from tests.support.model_calls import PROMPTS, TEXT, Opened, fault_of, opening_models, read, replies
from tests.support.model_server import ModelReply, ModelServer
from workers.settings import VoiceSettings
from workers.voice.brief import Usage
from workers.voice.openai_model import open_model

KEY = "sk-very-secret"


@pytest.fixture
def opened() -> Iterator[Opened]:
    with opening_models() as open_one:
        yield open_one


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


def test_usage_is_estimated_where_the_server_does_not_tell(opened: Opened) -> None:
    with ModelServer(ModelReply(text="12345678", usage=None)) as server:
        model = opened(server.url)
        with model.stream(PROMPTS, max_tokens=9, due_at=time.monotonic() + 5) as reply:
            assert list(reply) == ["12345678"]
            assert reply.usage == Usage(7, 2)  # 27 characters and 8, a quarter each


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


def test_a_server_that_is_busy_or_late_gets_fewer_places(opened: Opened) -> None:
    late = ModelReply(text=TEXT, stall_after=0)
    with ModelServer(replies(ModelReply(status=429), TEXT, late)) as server:
        model = opened(server.url)
        assert model.gauges()["llm_places"] == 4
        assert read(model) == TEXT
        assert model.gauges()["llm_places"] == 2
        assert fault_of(model, seconds=0.03).reason == "late"
        assert model.gauges()["llm_places"] == 1


def test_who_waited_for_a_place_too_long_blames_nobody(opened: Opened) -> None:
    with ModelServer(ModelReply(text=TEXT, stall_after=1)) as server:
        model = opened(server.url, most=2)
        due_at = time.monotonic() + 5
        held = model.stream(PROMPTS, max_tokens=9, due_at=due_at)
        with model.stream(PROMPTS, max_tokens=9, due_at=due_at):
            held.__enter__()
            server.script = lambda _: ModelReply(stall_after=0)
            leaves = threading.Timer(0.15, held.__exit__, (None, None, None))
            leaves.start()
            assert fault_of(model, seconds=0.2).reason == "late"
            leaves.join()
        gauges = model.gauges()
        assert (gauges["llm_places"], gauges["llm_failures_late"]) == (2, 1)
        assert [fault_of(model, seconds=0.03).reason for _ in range(2)] == ["late"] * 2
        assert model.gauges()["llm_places"] == 1


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

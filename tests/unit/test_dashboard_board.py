"""What the dashboard's endpoint answers: ranges, what is new since, and the sentence above all."""

from typing import Any

import pytest

from gateway.dashboard.chart_library import read_chart_library
from gateway.dashboard.headline import duration, headline
from gateway.dashboard.live import LiveStatus, LiveWorker
from gateway.dashboard.quantiles import quantile
from gateway.dashboard.sample import PoolSample, Sample
from shared import keys
from shared.api_keys import ApiKey, digest_of, new_key
from tests.support.dashboard_samples import sample
from tests.support.gateway_harness import GatewayHarness
from tests.support.made_up_day import fill, seen

NOW = 1_700_000_000.0
ALL = (keys.INFERENCE, keys.SENTIMENT)


def data(harness: GatewayHarness, query: str = "") -> dict[str, Any]:
    answer = harness.client.get(f"/dashboard/data{query}")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json or {}
    return told


@pytest.fixture
def harness() -> GatewayHarness:
    made = GatewayHarness()
    fill(made.history, made.clock.now())
    return made


@pytest.mark.parametrize(
    ("of", "seconds", "step", "points"),
    [
        ("15m", 900, 5, 180),
        ("1h", 3_600, 20, 180),
        ("6h", 21_600, 120, 150),
        ("24h", 86_400, 480, 174),
    ],
)
def test_each_range_has_as_many_points_as_can_be_seen(
    harness: GatewayHarness, of: str, seconds: int, step: int, points: int
) -> None:
    told = data(harness, f"?range={of}")
    assert (told["range_seconds"], told["step_seconds"]) == (seconds, step)
    # In the day there is an hour in which nothing was sampled; ends need not be full steps.
    assert abs(len(told["points"]["at"]) - points) <= 2
    ends = told["points"]["at"]
    assert ends == sorted(set(ends))
    assert NOW - seconds < ends[0] < ends[-1] <= NOW


def test_one_message_in_eight_minutes_is_seen_in_a_day(harness: GatewayHarness) -> None:
    harness.history.seconds = []
    harness.history.minutes = [
        sample(int(NOW) - 7_200 + 60 * place, seconds=60.0, arrivals=int(place == 4))
        for place in range(8)
    ]
    points = data(harness, "?range=24h")["points"]
    assert sum(points["seconds"]) == 480
    assert max(points["arrivals"]) > 0


def lengths(columns: Any) -> set[int]:
    if isinstance(columns, list):
        return {len(columns)}
    return {length for each in columns.values() for length in lengths(each)}


@pytest.mark.parametrize("of", ["15m", "1h", "6h", "24h"])
def test_what_is_new_is_little_and_continues_what_is_known(
    harness: GatewayHarness, of: str
) -> None:
    before = data(harness, f"?range={of}")["points"]
    known = before["at"][-1]
    harness.clock.advance(5)
    harness.history.seconds.append(sample(int(NOW) + 5, counts={"kind=answer": 50}))
    news = data(harness, f"?range={of}&since={known}")
    assert 1 <= len(news["points"]["at"]) <= 2
    assert lengths(news["points"]) == {len(news["points"]["at"])}
    assert news["points"]["at"][-1] == NOW + 5
    everything, fresh = data(harness, f"?range={of}")["points"]["at"], news["points"]["at"]
    assert everything[-len(fresh) :] == fresh
    assert set(everything[: -len(fresh)]) <= set(before["at"])


def test_figures_are_rates_quantiles_and_means() -> None:
    harness = GatewayHarness()
    pool = PoolSample(7, 1.5, 2, 40, 8, 5.0, 10.0)
    counts = {"kind=answer": 40, "ms=50": 40, "score=1": -1, "score=5": 2, "bert replies": 40}
    fields: dict[str, Any] = {"arrivals": 45, "pools": (pool, *[PoolSample()] * 3)}
    harness.history.seconds = [sample(int(NOW), counts=counts, **fields)]
    told = data(harness)
    points = told["points"]
    assert (points["arrivals"], points["answers"]) == ([9.0], [8.0])
    assert points["latency_ms"] == {"p50": [37.5], "p95": [48.8], "p99": [49.8]}
    assert (points["kinds"]["answer"], points["scores"]["1"], points["scores"]["5"]) == (
        [40],
        [0],
        [2],
    )
    inference = points["queues"]["inference"]
    assert (inference["waiting"], inference["batch_messages"], inference["busy"]) == (
        [7],
        [5.0],
        [0.5],
    )
    assert points["queues"]["sentiment"]["batch_messages"] == [None]
    assert points["variants"]["bert"]["replies"] == [40]
    assert told["minute"]["answers"] == [8.0]


def test_quantiles_of_buckets() -> None:
    bounds = (10, 20, 50)
    assert quantile((0, 0, 0, 0), bounds, 0.5) is None
    assert quantile((4, 0, 0, 0), bounds, 0.5) == 5
    assert quantile((10, 10, 0, 0), bounds, 0.5) == 10
    assert quantile((10, 0, 10, 0), bounds, 0.75) == 35
    assert quantile((0, 0, 0, 3), bounds, 0.99) == 50  # at least
    assert quantile((1, 0, 0, 1), bounds, 1.0) == 50


def test_before_anything_was_sampled() -> None:
    told = data(GatewayHarness())
    assert (told["level"], told["live"], told["points"]["at"]) == ("unknown", None, [])
    assert lengths(told["points"]) == {0}
    assert "ten seconds" in told["headline"]


@pytest.mark.parametrize("query", ["?range=2h", "?range=", "?since=x", "?since=-1", "?since=1e9",
                                   "?since=", "?since=1.2345", "?since=%D9%A1"])  # fmt: skip
def test_what_cannot_be_asked_for(harness: GatewayHarness, query: str) -> None:
    answer = harness.client.get(f"/dashboard/data{query}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["type"] == "urn:parley:problem:invalid-request"


def test_without_redis_there_is_a_problem_and_still_a_page(harness: GatewayHarness) -> None:
    harness.history.available = False
    assert harness.client.get("/dashboard/data").status_code == 503
    assert harness.client.get("/dashboard").status_code == 200


def test_another_tenant_sees_nothing_of_the_figures_of_all(harness: GatewayHarness) -> None:
    asked = [("acme", "admin", 403), ("acme", "metrics", 403)]
    asked += [("default", "metrics", 200), ("default", "read", 403)]
    for tenant, scope, status in asked:
        key_id, key = new_key()
        made = ApiKey(key_id, tenant=tenant, scopes=frozenset((scope,)))  # type: ignore[arg-type]
        harness.keys.create(digest_of(key), made)
        sent = {"Authorization": f"Bearer {key}"}
        assert harness.client.get("/dashboard/data", headers=sent).status_code == status
    assert harness.client.get("/dashboard/data").status_code == 401
    assert harness.client.get("/dashboard").status_code == 200


def live(**fields: Any) -> LiveStatus:
    given: dict[str, Any] = {"served": list(ALL), "waiting": {keys.INFERENCE: 0}}
    return LiveStatus(**{"at": NOW - 1, **given, **fields})


def waiting(messages: int, oldest: float, **fields: Any) -> LiveStatus:
    oldest_seconds = {keys.INFERENCE: oldest}
    return live(waiting={keys.INFERENCE: messages}, oldest_seconds=oldest_seconds, **fields)


BUSY = sample(int(NOW), counts={"kind=answer": 600, "ms=50": 600})
FAILING = sample(int(NOW), counts={"kind=answer": 95, "failure=failed": 3, "failure=expired": 2})
WELL = "All is well: "
ONE_A_MINUTE = sample(int(NOW), seconds=60.0, counts={"kind=answer": 1, "ms=100": 1})
NO_WORKER = "No inference worker: "


@pytest.mark.parametrize(
    ("minute", "now", "level", "text"),
    [
        (BUSY, live(), "good", WELL + "120 messages/s, answers in 38 ms."),
        (ONE_A_MINUTE, live(), "good", WELL + "1 message in the last minute, answers in 88 ms."),
        (sample(int(NOW)), live(), "good", WELL + "no messages in the last minute."),
        (None, live(), "good", WELL + "no messages in the last minute."),
        (BUSY, waiting(1, 12, served=[keys.SENTIMENT]), "bad",
         NO_WORKER + "1 message waiting, the oldest for 12 s."),
        (None, waiting(1_400, 300, served=[]), "bad",
         NO_WORKER + "1,400 messages waiting, the oldest for 5 min."),
        (BUSY, waiting(0, 0, served=[]), "bad", NO_WORKER + "the next message will wait."),
        (BUSY, waiting(0, 0, served=[], paused=[keys.INFERENCE]), "bad",
         "Every inference worker is paused: the next message will wait."),
        (BUSY, waiting(320, 9), "warn", "Busy: 320 messages in the queue, the oldest for 9 s."),
        (FAILING, live(), "bad", "5 of 100 messages ended without a reply in the last minute."),
        (BUSY, live(at=NOW - 65), "warn", "Nothing was measured for 65 s. These figures are old."),
        (BUSY, None, "unknown", "No figures yet. The first ones come after ten seconds."),
    ],
)  # fmt: skip
def test_one_sentence_says_how_things_are(
    minute: Sample | None, now: LiveStatus | None, level: str, text: str
) -> None:
    told = headline(NOW, minute, now)
    assert (told.level, told.text) == (level, text)


def test_notes_say_what_else_to_look_at() -> None:
    workers = [
        LiveWorker("a", keys.INFERENCE, "litert", "h", 1.0, knowledge_revision="r1"),
        LiveWorker("b", keys.INFERENCE, "litert", "h", 1.0, knowledge_revision="r2",
                   knowledge_refused="acme"),
    ]  # fmt: skip
    told = headline(
        NOW,
        BUSY,
        live(served=[keys.INFERENCE], workers=workers, cascade=True, voice=True,
             dead_letters=1, handovers_open=3, handovers_open_since=NOW - 7_300),
    )  # fmt: skip
    assert told.notes == (
        "No sentiment worker: replies do not know the tone.",
        "No large worker: the small encoder answers alone.",
        "No generation worker: the entries' own words go out.",
        "3 conversations wait for a person, the oldest for 2 h.",
        "1 dead letter: parley dead-letters list shows why.",
        "A knowledge base was refused: acme.",
        "Workers answer from different revisions of the knowledge base.",
    )
    assert headline(NOW, BUSY, live()).notes == ()
    assert headline(NOW, BUSY, seen(NOW)).level == "good"


@pytest.mark.parametrize(
    ("away", "notes"),
    [
        ((False, False), ()),
        ((True, True), ("The language model is left alone: the entries' own words go out.",)),
        ((True, False), ("1 of 2 generation workers leave their language model alone.",)),
    ],
)
def test_a_model_that_does_not_answer_is_noted(
    away: tuple[bool, ...], notes: tuple[str, ...]
) -> None:
    workers = [
        LiveWorker(str(n), keys.GENERATION, "m", "h", 1.0, model_away=each)
        for n, each in enumerate(away)
    ]
    served = [keys.INFERENCE, keys.SENTIMENT, keys.GENERATION]
    told = headline(NOW, BUSY, live(served=served, workers=workers, voice=True))
    assert told.notes == notes


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (119, "119 s"), (150, "2 min"), (8_000, "2 h"), (2e5, "2 d")],
)
def test_times_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_page_carries_the_chart_library_and_its_licence() -> None:
    library = read_chart_library()
    page = GatewayHarness().client.get("/dashboard")
    assert "Copyright" in library.partition("*/")[0]
    assert library in page.text
    assert page.headers["Content-Security-Policy"].count("'sha256-") == 3
    assert "/*library*/" not in page.text
    again = GatewayHarness().client.get(
        "/dashboard", headers={"If-None-Match": page.headers["ETag"]}
    )
    assert again.status_code == 304


def test_without_the_chart_library_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert read_chart_library("no_such_package") == ""
    assert read_chart_library("shared") == ""
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "django-unfold" in caplog.text

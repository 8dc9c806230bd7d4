"""`parley top`: figures from scrapes, what is drawn, and the command against a gateway."""

import io
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from rich.console import Console

from infra.cli.exit_status import ExitStatus
from infra.top.reading import Reading, Span, quantile, read_exposition
from infra.top.screen import Screen, print_plain
from infra.top.view import TopView, view
from infra.top.watching import Watcher
from shared.errors import GatewayUnavailable
from tests.support.full_scrape import full_scrape
from tests.support.played_events import Played, Script, played_gateway
from tests.support.processes import free_port

Parley = Callable[..., tuple[int, str, str]]

SERVING = """
parley_redis_up 1.0
parley_queue_messages{queue="inference"} 7.0
parley_queue_messages{queue="sentiment"} 0.0
parley_queue_messages{queue="inference-large"} 0.0
parley_queue_oldest_seconds{queue="inference"} 1.5
parley_queue_work_seconds{queue="inference"} 0.25
parley_worker_up{engine="litert-int8",queue="inference",worker="w"} 1.0
parley_worker_up{engine="litert-int8",queue="sentiment",worker="s"} 1.0
parley_worker_answered_total{queue="inference",worker="w"} %d
parley_worker_messages_total{queue="inference",worker="w"} %d
parley_worker_batches_total{queue="inference",worker="w"} 10
parley_worker_engine_busy_seconds_total{queue="inference",worker="w"} 3.0
parley_worker_process_resident_memory_bytes{queue="inference",worker="w"} 2.5e+08
parley_stage_seconds_bucket{le="0.1",queue="inference",stage="total",worker="w"} 90
parley_stage_seconds_bucket{le="0.2",queue="inference",stage="total",worker="w"} 100
parley_stage_seconds_bucket{le="+Inf",queue="inference",stage="total",worker="w"} 100
parley_replies_total{kind="answer",tenant="default"} 30
parley_replies_total{kind="fallback",tenant="acme"} 10
parley_handovers{state="open"} 2
parley_handover_oldest_seconds{state="open"} 400
parley_dead_letters_kept 3
"""
DOWN = "parley_redis_up 0.0\n"
OF_A_TENANT = 'parley_handovers{state="open"} 2\nparley_replies_total{kind="answer"} 3\n'


def reading(text: str = SERVING, at: float = 100.0, answered: int = 100) -> Reading:
    return read_exposition(text % (answered, answered) if "%d" in text else text, at)


def seen(*readings: Reading) -> TopView:
    span = Span(readings[0] if len(readings) > 1 else None, readings[-1])
    return view(span, span)


def drawn(shown: TopView, width: int, trouble: str | None = None) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(Screen("http://gateway").draw(shown, "12:00:00", width, trouble))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_every_name_that_is_looked_for_is_in_a_real_scrape() -> None:
    shown = seen(read_exposition(full_scrape(), 0.0), read_exposition(full_scrape(), 10.0))
    assert [queue.name for queue in shown.queues] == [
        *("inference", "sentiment", "inference-large", "generation")
    ]
    assert all(queue.answered_per_second == 0.0 and queue.workers == 1 for queue in shown.queues)
    by_queue = {worker.queue: worker for worker in shown.workers}
    assert by_queue["inference"].memory_bytes == 1.0
    assert (by_queue["inference"].busy_share, by_queue["inference"].encoder) == (0.0, "small")
    assert by_queue["inference-large"].encoder == "large"
    assert [stage.name for stage in shown.stages] == [
        *("queue", "prepare", "engine", "compose", "total")
    ]
    assert shown.kinds_today == {"handover": 1}
    assert shown.dead_letters is not None
    assert shown.warnings == (
        "The language model is left alone: the entries' own words go out.",
        "3 messages lie where no worker looks: `parley doctor`.",
    )


def test_rates_are_of_the_time_between_two_looks() -> None:
    shown = seen(reading(at=100.0, answered=100), reading(at=105.0, answered=150))
    assert shown.queues[0].answered_per_second == 10.0
    assert (shown.queues[0].waiting, shown.queues[0].oldest_seconds) == (7, 1.5)
    worker = shown.workers[0]
    assert (worker.messages_per_second, worker.busy_share, worker.memory_bytes) == (10, 0, 2.5e8)


def test_the_first_look_knows_no_rates_and_takes_times_since_the_start() -> None:
    shown = seen(reading())
    assert shown.queues[0].answered_per_second is None
    assert shown.workers[0].batch_messages is None
    assert shown.stages_of_seconds is None
    assert shown.stages[-1].p50_seconds == pytest.approx(0.1 * 50 / 90)
    assert shown.kinds_today == {"answer": 30, "fallback": 10}
    assert (shown.handovers_open, shown.dead_letters) == (2, 3)


def test_a_worker_that_began_or_ended_between_lets_nothing_fall() -> None:
    other = SERVING.replace('worker="w"', 'worker="new"')
    shown = seen(reading(at=100.0, answered=500), reading(other, at=110.0, answered=20))
    assert shown.queues[0].answered_per_second == 2.0
    assert shown.workers[0].messages_per_second == 2.0


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 1.5), (0.25, 0.75), (0.75, 2.0), (1.0, 2.0), (0.0, 0.0)]
)
def test_quantiles_are_interpolated_and_never_beyond_the_last_bound(
    share: float, expected: float
) -> None:
    assert quantile([1.0, 2.0, math.inf], [20, 40, 60], share) == pytest.approx(expected)


def test_faults_and_warnings_are_sentences() -> None:
    assert "Redis does not answer" in seen(reading(DOWN)).faults[0]
    assert "its tenant's figures alone" in seen(reading(OF_A_TENANT)).faults[0]
    lonely = "\n".join(line for line in SERVING.splitlines() if 'worker="s"' not in line)
    assert seen(reading(lonely)).faults == ("No worker serves sentiment: tones are unknown.",)
    slow = SERVING.replace('{queue="inference"} 1.5', '{queue="inference"} 31')
    assert seen(reading(slow)).warnings == ("The oldest message of inference waits 31 s.",)
    paused = SERVING + 'parley_worker_paused{queue="inference",worker="w"} 1\n'
    assert seen(reading(paused)).warnings == ("Paused: w.",)


SPEAKING = """
parley_worker_voice{queue="inference",worker="w"} 1.0
parley_queue_messages{queue="generation"} 3.0
parley_queue_oldest_seconds{queue="generation"} 1.0
parley_worker_up{engine="small.gguf",queue="generation",worker="v"} 1.0
parley_worker_messages_total{queue="generation",worker="v"} %d
parley_worker_batches_total{queue="generation",worker="v"} %d
parley_worker_engine_busy_seconds_total{queue="generation",worker="v"} %d
parley_voice_model_away{queue="generation",worker="v"} 0.0
"""


def speaking(at: float, done: int) -> Reading:
    return reading(SERVING % (100, 100) + SPEAKING % (done, done, done), at)


def test_a_generation_worker_has_a_load_and_no_batches() -> None:
    shown = seen(speaking(100.0, 0), speaking(110.0, 5))
    assert shown.warnings == ()
    assert [(queue.name, queue.waiting) for queue in shown.queues][-1] == ("generation", 3)
    worker = shown.workers[-1]
    assert (worker.busy_share, worker.batch_messages) == (0.5, None)
    assert seen(speaking(100.0, 0), speaking(101.0, 9)).workers[-1].busy_share == 1.0


def test_a_model_that_does_not_answer_is_told() -> None:
    text = SERVING % (1, 1) + SPEAKING % (1, 1, 1)
    away = text.replace('away{queue="generation",worker="v"} 0.0', 'away{worker="v"} 1.0')
    assert seen(reading(away)).warnings == (
        "The language model is left alone: the entries' own words go out.",
    )
    two = f'{away}parley_voice_model_away{{worker="v2"}} 0.0\n'
    assert seen(reading(two)).warnings == (
        "1 of 2 generation workers leave their language model alone.",
    )
    alone = text.replace('parley_worker_up{engine="small.gguf"', "parley_other{")
    assert seen(reading(alone)).warnings == (
        "No worker serves generation: the entries' own words go out.",
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_all_that_matters_fits_any_width(width: int) -> None:
    told = drawn(seen(reading(at=95.0, answered=50), reading()), width)
    assert max(map(len, told.splitlines())) <= width
    for words in ("ok", "inference", "10.0", "250 MB", "handovers open", "fallback", "25%"):
        assert words in told, (words, told)


def test_what_is_not_known_is_not_drawn_as_nothing() -> None:
    told = drawn(seen(reading(DOWN)), 80)
    assert "Redis does not answer" in told
    assert "No worker lives" not in told
    assert "answers today" not in told
    tenant = drawn(seen(reading(OF_A_TENANT)), 80)
    assert "handovers open" in tenant
    assert "waiting" not in tenant


def test_a_gateway_that_is_gone_is_said_above_the_last_view() -> None:
    told = drawn(seen(reading()), 80, "No gateway answers [here].")
    assert told.splitlines()[0].split()[-3:] == ["no", "gateway", "12:00:00"]
    assert "No gateway answers [here]." in told
    assert "inference" in told


def test_recent_paces_are_drawn_where_there_is_room() -> None:
    screen = Screen("http://gateway")
    shown = seen(reading(at=95.0, answered=50), reading())
    for pace in (0.0, 5.0, 10.0):
        queue = replace(shown.queues[0], answered_per_second=pace)
        screen.remember(replace(shown, queues=(queue,)))
    console = Console(file=io.StringIO(), width=120)
    console.print(screen.draw(shown, "12:00:00", 120, None))
    assert "▁▅█" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_pipe_gets_neither_colours_nor_blanks_at_ends() -> None:
    console = Console(file=io.StringIO(), width=100)
    print_plain(seen(reading()), "http://gateway", "12:00:00", console)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in told
    assert not [line for line in told.splitlines() if line != line.rstrip()]


def test_a_watcher_takes_rates_of_seconds_and_times_of_a_minute() -> None:
    times = iter(range(0, 400, 2))
    counts = iter(range(0, 4_000, 20))
    texts = (SERVING % (count, count) for count in counts)
    watcher = Watcher(lambda: next(texts), lambda: float(next(times)))
    shown = [watcher.look() for _ in range(60)]
    assert shown[0].queues[0].answered_per_second is None
    assert {each.queues[0].answered_per_second for each in shown[1:]} == {10.0}


def test_what_has_no_metrics_is_called_so() -> None:
    with pytest.raises(GatewayUnavailable, match="no metrics"):
        Watcher(lambda: "<html>{", lambda: 0.0).look()


@pytest.fixture
def gateway() -> Iterator[tuple[str, Script]]:
    with played_gateway() as (url, script):
        script.play("GET /metrics", Played(text=SERVING % (1, 1)), Played(text=SERVING % (5, 5)))
        yield url, script


def test_once_shows_rates_and_says_by_its_status_whether_all_is_there(
    parley: Parley, gateway: tuple[str, Script]
) -> None:
    url, script = gateway
    code, out, err = parley("top", "--once", "--interval", "0.2", "--url", url)
    assert (code, err) == (0, "")
    assert "litert-int8" in out
    script.play("GET /metrics", Played(text=DOWN))
    code, out, _ = parley("top", "--once", "--json", "--interval", "0.2", "--url", url)
    assert code == ExitStatus.DEGRADED
    assert json.loads(out)["faults"][0].startswith("Redis does not answer")


def test_who_may_not_look_is_told(parley: Parley, gateway: tuple[str, Script]) -> None:
    url, script = gateway
    script.play("GET /metrics", Played(403, {"detail": "It lacks the scope metrics."}))
    code, _, err = parley("top", "--once", "--url", url)
    assert (code, "lacks the scope" in err) == (ExitStatus.KEY_REFUSED, True)
    code, _, err = parley("top", "--url", f"http://127.0.0.1:{free_port()}")
    assert (code, "No gateway answers" in err) == (ExitStatus.UNREACHABLE, True)


def test_another_programs_metrics_are_told_apart() -> None:
    watcher = Watcher(lambda: "node_load1 0.5\n", lambda: 0.0)
    with pytest.raises(GatewayUnavailable, match="none of Parley"):
        watcher.look()

"""The gateway's small parts."""

import logging
import runpy
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.prefer_header import Preference, read_preference
from gateway.queue.dispatcher import new_gateway_id
from gateway.queue.pending_replies import PendingReplies
from gateway.queue.publisher import ExistingJob, Queued
from gateway.settings import GatewaySettings
from gateway.wsgi import enqueue_limits
from shared.errors import QueueUnavailable, SettingsError
from shared.message_headers import GATEWAY_ID
from shared.outage_log import OutageLog
from shared.results import JobRecord
from shared.settings import load

DONE = JobRecord("done", b"{}")


@pytest.mark.parametrize(
    ("header", "preference"),
    [
        (None, Preference(30.0)),
        ("", Preference(30.0)),
        ("respond-async", Preference(0.0, "respond-async")),
        ("Respond-Async; foo=bar", Preference(0.0, "respond-async")),
        ("wait=7", Preference(7.0, "wait=7")),
        ("wait = 7", Preference(7.0, "wait=7")),
        ('wait="7"', Preference(7.0, "wait=7")),
        ("respond-async, wait=7", Preference(7.0, "wait=7")),
        ("wait=0", Preference(0.0, "wait=0")),
        ("wait=9999", Preference(30.0, "wait=30")),
        ("wait=soon", Preference(30.0)),
        ("wait=-1", Preference(30.0)),
        ("return=minimal", Preference(30.0)),
    ],
)
def test_preferences(header: str | None, preference: Preference) -> None:
    assert read_preference(header, 30.0) == preference


@given(st.text())
def test_any_prefer_header_is_survived(header: str) -> None:
    assert 0 <= read_preference(header, 30.0).wait_seconds <= 30


def test_all_requests_that_wait_for_a_job_are_woken() -> None:
    pending = PendingReplies()
    first, second, other = pending.register("a"), pending.register("a"), pending.register("b")

    assert pending.deliver([("a", DONE), ("unknown", DONE)]) == 1
    assert first.wait(10) is second.wait(10) is DONE
    assert pending.job_ids() == ["b"]
    other.acknowledge(Queued(1))
    assert other.wait(0) is None


def test_a_discarded_reply_is_forgotten_and_others_still_wait() -> None:
    pending = PendingReplies()
    stays = pending.register("a")
    with pending.register("a"):
        pass

    assert len(pending) == 1
    pending.deliver([("a", DONE)])
    assert stays.wait(10) is DONE
    pending.discard(stays)
    assert len(pending) == 0


def test_a_job_that_has_not_ended_wakes_no_request() -> None:
    pending = PendingReplies()
    reply = pending.register("a")
    reply.acknowledge(Queued(1))

    assert pending.deliver([("a", JobRecord("started"))]) == 0
    assert reply.wait(0) is None


def test_a_job_that_could_not_be_queued_ends_the_wait() -> None:
    reply = PendingReplies().register("a")
    reply.acknowledge(QueueUnavailable("down"))

    with pytest.raises(QueueUnavailable, match="down"):
        reply.wait(10)


def test_a_job_that_stands_for_this_one_ends_the_wait() -> None:
    reply = PendingReplies().register("b")
    reply.acknowledge(ExistingJob("a", "c"))

    assert reply.wait(10) == ExistingJob("a", "c")


def test_a_job_that_is_queued_already_needs_no_acknowledgement() -> None:
    assert PendingReplies().register("a", queued=True).wait(0) is None


def test_a_job_without_acknowledgement_is_not_called_accepted() -> None:
    with pytest.raises(QueueUnavailable, match="did not answer in time"):
        PendingReplies().register("a").wait(0.01)


def test_a_reply_counts_whatever_the_queue_answered() -> None:
    pending = PendingReplies()
    reply = pending.register("a")
    pending.deliver([("a", DONE)])
    reply.acknowledge(QueueUnavailable("connection lost after the job was queued"))

    assert reply.wait(0) is DONE


def test_gateway_ids_fit_the_wire_and_differ() -> None:
    ids = {new_gateway_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(GATEWAY_ID.match(gateway_id) for gateway_id in ids)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in GatewaySettings.model_fields.values())


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_HTTP_PORT", "eighty")

    with pytest.raises(SettingsError, match="PARLEY_HTTP_PORT is 'eighty'"):
        load(GatewaySettings)


def test_gunicorn_stops_with_a_sentence_if_a_setting_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARLEY_GATEWAY_WORKERS", "0")

    with pytest.raises(SystemExit, match="parley gateway: PARLEY_GATEWAY_WORKERS is '0'"):
        runpy.run_module("gateway.gunicorn_conf")


def test_gunicorns_own_process_loads_nothing_that_gevent_would_come_too_late_for() -> None:
    script = "import sys, gateway.gunicorn_conf; print(*sys.modules)"
    loaded = subprocess.run(
        (sys.executable, "-c", script), capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"redis", "flask", "werkzeug", "urllib3"}.isdisjoint(loaded)


def test_gunicorn_outlasts_the_longest_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_WAIT_SECONDS", "90")
    monkeypatch.setenv("PARLEY_HTTP_HOST", "0.0.0.0")  # noqa: S104

    names = runpy.run_module("gateway.gunicorn_conf")

    assert names["graceful_timeout"] > 90
    assert names["bind"] == ["0.0.0.0:8000"]
    assert names["worker_class"] == "gateway.gunicorn_worker.GatewayWorker"


def test_a_lane_outlives_every_job_that_can_hold_it() -> None:
    settings = load(GatewaySettings, job_deadline_seconds=30)

    assert enqueue_limits(settings).lane_ttl_seconds > 2 * settings.job_deadline_seconds


def test_what_is_let_in_waits_for_a_part_of_its_time_only() -> None:
    usual, given = load(GatewaySettings), load(GatewaySettings, queue_wait_seconds=3)
    too_long = load(GatewaySettings, job_deadline_seconds=6, queue_wait_seconds=60)

    assert enqueue_limits(usual).max_wait_seconds == usual.job_deadline_seconds / 3
    assert enqueue_limits(given).max_wait_seconds == 3
    assert enqueue_limits(too_long).max_wait_seconds == 6


def test_a_full_queue_leaves_connections_to_say_so() -> None:
    settings = load(GatewaySettings)

    assert settings.gateway_connections > settings.queue_limit


def test_an_outage_is_logged_when_it_begins_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    outage = OutageLog(logging.getLogger("gateway"))
    for fault in (None, "down", "down", "down", None, None):
        outage.record(fault)

    assert caplog.messages == ["the queue is unavailable: down", "the queue is available again"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redis_url", "http://app:{}@one"),
        ("redis_url", "sentinel://one?sentinel_password={}"),
        ("handover_webhook", "ftp://app:{}@one/hook"),
        ("handover_webhook_secret", "{}"),
        ("api_keys", "a b={}"),
        ("cors_origins", "https://app:{}@shop.example"),
    ],
)
def test_no_secret_is_in_a_sentence_about_a_setting(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as fault:
        assert load(GatewaySettings, **{name: value.format("hush-4711")}).given_keys is None
    assert f"PARLEY_{name.upper()}" in str(fault.value)
    assert "hush" not in str(fault.value)

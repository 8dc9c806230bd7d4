"""What editors accept, on a real Redis: kept, bounded, changed by several at once, written out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from gateway.queue.drafts import RedisDrafts
from shared import keys
from shared.drafts import Draft, DraftOutcome
from shared.errors import DraftsFull
from workers.draft_source import RedisDraftSource

Parley = Callable[..., tuple[int, str, str]]
WIFI = Draft("d-1", "entry", "wifi", 1.0, "Wifi?", "Yes.", gaps=("x", "y"), by="mira")


def test_a_draft_is_kept_noticed_by_workers_and_told_of(redis_client: "redis.Redis") -> None:
    drafts, source = RedisDrafts(redis_client), RedisDraftSource(redis_client)
    assert source.changed()
    assert source.read() == {}
    source.take({})
    assert not source.changed()

    drafts.add("acme", WIFI)

    assert source.changed()
    assert source.read() == {"acme": [WIFI]}
    assert drafts.all_of("acme")[0].outcome is None
    source.take({"acme": {"d-1": DraftOutcome("live", 1.0)}})
    assert not source.changed()
    assert drafts.all_of("acme")[0].outcome == DraftOutcome("live", 1.0)
    assert drafts.all_of("default") == []

    assert drafts.change("acme", Draft("d-1", "entry", "wifi", 2.0, "Wifi?", "No."))
    assert source.changed()
    [known] = drafts.all_of("acme")
    assert (known.draft.answer, known.outcome) == ("No.", None), "what was told is of the old text"

    assert drafts.remove("acme", "d-1")
    assert not drafts.remove("acme", "d-1")
    assert source.changed()
    assert source.read() == {"acme": []}


def test_without_redis_the_last_drafts_hold(redis_client: "redis.Redis") -> None:
    drafts, source = RedisDrafts(redis_client), RedisDraftSource(redis_client)
    drafts.add("default", WIFI)
    assert source.read() == {"default": [WIFI]}
    nobody = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    dead = RedisDraftSource(nobody)
    assert not dead.changed()
    assert dead.read() == {}
    dead.take({"default": {}})
    source._client = nobody
    assert source.read() == {"default": [WIFI]}


def test_drafts_are_bounded(redis_client: "redis.Redis", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_DRAFTS", 1)
    drafts = RedisDrafts(redis_client)
    drafts.add("default", WIFI)
    assert drafts.change("default", WIFI)
    with pytest.raises(DraftsFull):
        drafts.add("default", Draft("d-2", "entry", "b", 1.0, "B?", "B."))
    drafts.add("acme", WIFI)


def test_a_draft_that_has_gone_does_not_come_back_by_a_change(redis_client: "redis.Redis") -> None:
    drafts = RedisDrafts(redis_client)
    assert not drafts.change("default", WIFI)
    assert drafts.all_of("default") == []
    assert not RedisDraftSource(redis_client).read()


def test_a_change_while_drafts_are_written_into_files_is_kept(redis_client: "redis.Redis") -> None:
    drafts = RedisDrafts(redis_client)
    other = Draft("d-2", "entry", "b", 1.0, "B?", "B.")
    drafts.add("default", WIFI)
    drafts.add("default", other)
    changed = replace(WIFI, answer="No.", at=2.0)
    drafts.change("default", changed)
    drafts.forget("default", [WIFI, other])
    assert [each.draft for each in drafts.all_of("default")] == [changed]


def test_no_more_drafts_than_allowed_are_kept_however_many_come_at_once(
    redis_client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "MAX_DRAFTS", 3)
    drafts = RedisDrafts(redis_client)

    def add(number: int) -> bool:
        try:
            drafts.add("default", replace(WIFI, id=f"d-{number}"))
        except DraftsFull:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(add, range(24)))
    assert (sum(taken), len(drafts.all_of("default"))) == (3, 3)


def test_what_another_version_wrote_is_passed_over(
    redis_client: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    drafts, source = RedisDrafts(redis_client), RedisDraftSource(redis_client)
    drafts.add("default", WIFI)
    redis_client.hset(keys.drafts("default"), "d-9", '{"id":"d-9","kind":"picture","entry":"x"}')
    redis_client.hset(keys.draft_outcomes("default"), "d-1", '{"state":"tested","draft_at":1}')
    assert [(each.draft, each.outcome) for each in drafts.all_of("default")] == [(WIFI, None)]
    assert source.read() == {"default": [WIFI]}
    assert "1 drafts of default" in caplog.text
    assert drafts.remove("default", "d-9")


def test_a_draft_in_a_file_leaves_the_desk_and_its_gaps_stay_settled(
    parley: Parley,
    redis_client: "redis.Redis",
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    drafts = RedisDrafts(redis_client)
    drafts.add("default", WIFI)
    drafts.add("default", Draft("d-2", "phrasings", "gone", 2.0, phrasings=("A?",)))
    (tmp_path / "faq.yaml").write_text("- {id: pay, question: Pay?, answer: Card.}\n")

    code, shown, _ = parley("kb", "accepted")
    assert (code, "2 accepted" in shown) == (0, True)
    assert "waiting   new entry wifi: Wifi?" in shown
    assert parley("kb", "accepted", "--write")[0] == 1, "the demo base is not written into"

    code, shown, _ = parley("kb", "accepted", str(tmp_path), "--write")
    assert (code, "accepted.yaml" in shown, "no entry with the id gone" in shown) == (0, True, True)
    assert [each.draft.id for each in drafts.all_of("default")] == ["d-2"]
    assert redis_client.zrange(keys.settled_gaps("default"), 0, -1) == [b"x", b"y"]
    assert "Wifi?" in (tmp_path / "accepted.yaml").read_text()

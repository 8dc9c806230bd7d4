"""Messages without an answer on the real server: kept with their conversation, bounded, erased."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.queue.conversations import RedisConversations
from infra.cli.exit_status import ExitStatus
from shared import keys
from tests.contract.broker import Broker, claim, done, job, push
from tests.contract.conversation_stand import LIMITS, ConversationStand
from workers.gap_store import read_gaps
from workers.gaps import Gap

pytestmark = pytest.mark.parametrize("broker", ["", "{p07}"], indirect=True)


Parley = Callable[..., tuple[int, str, str]]
RECORD = b'{"text":"Do you repair kettles?","reason":"fallback","entry":null}'


def leave_gap(broker: Broker, name: str, conversation: str, user: str | None = None) -> None:
    worker, each = broker.inference("w"), replace(job(name, conversation), user_id=user)
    push(broker, each)
    (lease,) = worker.lease(1)
    claim(worker, lease, each)
    completion = done(lease, each)
    assert completion.result
    result = replace(completion.result, gap=RECORD)
    assert worker.complete([replace(completion, result=result)]) == ["applied"]


def test_it_is_kept_until_its_conversation_is_erased(broker: Broker) -> None:
    leave_gap(broker, "one", "c-1")
    leave_gap(broker, "two", "c-2")

    assert read_gaps(broker.client) == [Gap("Do you repair kettles?", "fallback", None)] * 2
    assert 0 < broker.client.ttl(keys.gaps_of("c-1")) <= keys.REPORT_TTL_SECONDS

    RedisConversations(broker.client, broker.clock, LIMITS).erase("c-1")
    assert broker.client.zrange(keys.GAPS, 0, -1) == [b"c-2"]
    assert broker.client.exists(keys.gaps_of("c-1")) == 0


def test_it_goes_with_its_user_also_after_the_conversation_is_forgotten(broker: Broker) -> None:
    leave_gap(broker, "one", "c-1", user="anna")
    broker.client.delete(keys.turns("c-1"), keys.dialogue("c-1"), keys.memory("user anna"))
    assert broker.client.ttl(keys.user_conversations("anna")) > 80 * 86_400

    ConversationStand(broker).erasure.erase_user("anna")

    assert read_gaps(broker.client) == []


def test_only_the_last_are_kept(broker: Broker) -> None:
    for number in range(21):
        leave_gap(broker, f"job-{number}", "c-1")
    broker.client.zadd(keys.GAPS, {f"old-{n}": n for n in range(keys.MAX_GAPS)})
    leave_gap(broker, "last", "c-2")

    assert broker.client.llen(keys.gaps_of("c-1")) == 20
    assert broker.client.zcard(keys.GAPS) == keys.MAX_GAPS


def test_without_any_the_command_says_how_to_get_them(
    parley: Parley, redis_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)

    code, shown, _ = parley("kb", "gaps")
    assert (code, shown) == (
        0,
        "No messages without an answer are kept: workers keep them only with PARLEY_GAPS=1.\n",
    )
    mine = tmp_path / "mine.yaml"
    mine.write_text("mine")
    code, _, errors = parley("kb", "gaps", "--out", str(mine))
    assert (code, "exists already" in errors, mine.read_text()) == (
        ExitStatus.CONFLICT,
        True,
        "mine",
    )

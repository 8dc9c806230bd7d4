"""How many of our own functions lie between a worker's thread and what its consumer calls.

That is Redis, the engine, and the two functions of its role: prepare and draft.
"""

from typing import Any

import pytest

from shared import keys
from shared.wire import encode_infer, encode_tone
from tests.contract.broker import Broker, job
from tests.fakes.consumer import PoisonableEngine, chat_role, tone_role
from tests.support.frames import recorded_stacks
from tests.support.processes import wait_until
from workers.consumer.batching import BatchLimits
from workers.consumer.consumer import BatchConsumer
from workers.consumer.linger import NoLinger
from workers.consumer.options import ConsumerOptions

MAX_FRAMES = 8
OPTIONS = ConsumerOptions(BatchLimits(8, 1_024), NoLinger())


@pytest.mark.parametrize("queue_name", [keys.INFERENCE, keys.SENTIMENT])
def test_a_message_passes_few_functions_from_lease_to_completion(
    broker: Broker, queue_name: str
) -> None:
    context = broker.context("w")
    queue: Any = broker.inference("w") if queue_name == keys.INFERENCE else broker.sentiment("w")
    role: Any = chat_role(queue) if queue_name == keys.INFERENCE else tone_role()
    consumer: BatchConsumer[Any, Any] = BatchConsumer(
        context, role, queue, PoisonableEngine(), OPTIONS
    )
    with recorded_stacks() as stacks:
        consumer.start()
        broker.push(keys.INFERENCE, encode_infer(job("a")))
        broker.push(keys.SENTIMENT, encode_tone(job("a")))
        wait_until(lambda: context.counters.snapshot().get("answered", 0) == 1, 20)
        consumer.stop()
    threads = {stack[-1] for stack in stacks}
    assert "guarded" in threads
    ours = [stack for stack in stacks if stack[-1] == "guarded"]
    deepest = max(ours, key=len)
    assert len(deepest) <= MAX_FRAMES, deepest
    assert any("Committer.commit" in stack for stack in ours)

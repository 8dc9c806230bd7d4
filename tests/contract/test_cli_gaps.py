"""`parley kb gaps` where the editor's shell does not know the base."""

from collections.abc import Callable

import pytest

from shared import keys
from tests.contract.broker import Broker

Parley = Callable[..., tuple[int, str, str]]


def test_without_a_base_it_says_whose_entries_are_nearest(
    parley: Parley, redis_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.client.zadd(keys.GAPS, {"c-1": 1.0})
    broker.client.rpush(
        keys.gaps_of("c-1"), b'{"text":"Kettles?","reason":"fallback","entry":null}'
    )
    traffic = "workers.modelling.knowledge.traffic.candidates_for"
    monkeypatch.setattr(traffic, lambda *_: ([], []))
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    said = "PARLEY_KB is not set: nearest are entries of the demo."

    assert said in parley("kb", "gaps")[1]
    monkeypatch.setenv("PARLEY_KB", "faq.yaml")
    assert said not in parley("kb", "gaps")[1]

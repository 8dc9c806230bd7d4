"""PARLEY_TENANT_WEIGHTS."""

import pytest

from shared.errors import SettingsError
from shared.settings import load
from workers.bootstrap import queue_policy
from workers.settings import WorkerSettings
from workers.tenant_weights import read_weights


@pytest.mark.parametrize(
    ("setting", "weights"),
    [
        (None, {}),
        ("", {}),
        ("acme=3", {"acme": 3}),
        (" acme = 3 , default=100,", {"acme": 3, "default": 100}),
    ],
)
def test_weights_are_read(setting: str | None, weights: dict[str, int]) -> None:
    assert read_weights(setting) == weights


@pytest.mark.parametrize(
    "setting", ["acme", "acme=", "acme=0", "acme=101", "acme=x", "A B=1", "=2"]
)
def test_other_weights_stop_a_worker_with_a_sentence(setting: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_TENANT_WEIGHTS"):
        load(WorkerSettings, tenant_weights=setting)


def test_workers_lease_by_the_weights_that_are_set() -> None:
    settings = load(WorkerSettings, tenant_weights="acme=3")

    assert queue_policy(settings).tenant_weights == {"acme": 3}

"""The exit statuses of commands: one meaning each, as docs/commands.md says."""

import re
from pathlib import Path

import pytest

from infra.cli.exit_status import ExitStatus, exit_status_of
from shared.errors import (
    AlreadyThere,
    CommandMisused,
    GatewayBusy,
    GatewayRefuses,
    GatewayUnavailable,
    ModelError,
    NotFound,
    ParleyError,
    QueueUnavailable,
    SettingsError,
    UnsuitableRedis,
)

DOCS = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()


def test_the_table_is_the_code() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", DOCS, re.MULTILINE)
    assert rows == [(str(int(status)), status.meaning) for status in ExitStatus]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ParleyError("x"), ExitStatus.FAILED),
        (ModelError("x"), ExitStatus.FAILED),
        (CommandMisused("x"), ExitStatus.USAGE),
        (NotFound("x"), ExitStatus.NOT_FOUND),
        (AlreadyThere("x"), ExitStatus.CONFLICT),
        (SettingsError("x"), ExitStatus.SETTINGS),
        (QueueUnavailable("x"), ExitStatus.UNREACHABLE),
        (UnsuitableRedis("x"), ExitStatus.UNREACHABLE),
        (GatewayUnavailable("x"), ExitStatus.UNREACHABLE),
        (GatewayBusy("x"), ExitStatus.BUSY),
        (GatewayRefuses("x", 400), ExitStatus.USAGE),
        (GatewayRefuses("x", 401), ExitStatus.KEY_REFUSED),
        (GatewayRefuses("x", 403), ExitStatus.KEY_REFUSED),
        (GatewayRefuses("x", 404), ExitStatus.NOT_FOUND),
        (GatewayRefuses("x", 409), ExitStatus.CONFLICT),
        (GatewayRefuses("x", 429), ExitStatus.BUSY),
        (GatewayRefuses("x", 503), ExitStatus.BUSY),
        (GatewayRefuses("x", 500), ExitStatus.FAILED),
    ],
)
def test_an_error_ends_with_its_status(error: ParleyError, status: ExitStatus) -> None:
    assert exit_status_of(error) is status

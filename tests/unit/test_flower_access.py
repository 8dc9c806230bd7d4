"""Flower is not open beyond its machine unless it asks for a login."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field

import click
import pytest
from celery.signals import import_modules
from flower.options import default_options as flower_options

from shared.errors import SettingsError
from workers.flower_access import connect_flower_access, keep_closed

EVERYWHERE = "0.0.0.0"  # noqa: S104


@dataclass
class Options:
    address: str = ""
    unix_socket: str = ""
    basic_auth: list[str] = field(default_factory=list)
    auth: str = ""


@pytest.mark.parametrize("publish_address", [None, "", "127.0.0.1"])
def test_by_default_it_listens_on_this_machine(publish_address: str | None) -> None:
    options = Options()
    keep_closed(options, publish_address)
    assert options.address == "127.0.0.1"


@pytest.mark.parametrize("address", [EVERYWHERE, "::", "10.0.0.1", "flower.example.com"])
def test_another_address_needs_a_login(address: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_FLOWER_BASIC_AUTH"):
        keep_closed(Options(address), None)
    for options in (Options(address, basic_auth=["anna:secret"]), Options(address, auth="a@b.c")):
        keep_closed(options, None)
        assert options.address == address


def test_a_container_counts_where_its_port_is_published() -> None:
    options = Options(EVERYWHERE)
    keep_closed(options, "127.0.0.1")
    assert options.address == EVERYWHERE
    with pytest.raises(SettingsError, match=r"192\.0\.2\.1"):
        keep_closed(Options(EVERYWHERE), "192.0.2.1")
    with pytest.raises(SettingsError, match=r"192\.0\.2\.1"):
        keep_closed(Options(), "192.0.2.1")


def test_a_socket_is_a_file() -> None:
    options = Options(unix_socket="/run/flower.sock")
    keep_closed(options, None)
    assert options.unix_socket == "/run/flower.sock"


@pytest.fixture
def as_before() -> Iterator[None]:
    """Leave the process as it was."""
    threshold, address = gc.get_threshold(), flower_options.address
    receivers = list(import_modules.receivers)
    yield
    import_modules.receivers = receivers
    flower_options.address = address
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize(("command", "is_tuned"), [("flower", True), ("worker", False)])
def test_flower_alone_looks_its_tasks_over_seldom(command: str, is_tuned: bool) -> None:
    gc.set_threshold(700, 10, 10)  # whatever other tests have tuned
    import_modules.receivers = []
    connect_flower_access()
    with click.Context(click.Command(command), info_name=command):
        import_modules.send(sender=None)
    assert (gc.get_threshold()[0] > 700) is is_tuned

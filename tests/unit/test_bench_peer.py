"""A system that others make: its packages are installed once, or it is left out with a reason."""

import sys
from pathlib import Path

import pytest

from infra.bench import campaign, peer_environment
from infra.bench.campaign import BenchCampaign
from infra.bench.mosec import MOSEC
from infra.bench.peer_environment import PeerEnvironment
from infra.bench.plan import quick_plan
from infra.harness.messages import Messages
from infra.harness.systems import Allocation
from shared.errors import PeerUnavailable


class Commands:
    """Record what would be run; pip fails with these words, if any."""

    def __init__(self) -> None:
        self.pip_says = ""
        self.run: list[str] = []

    def __call__(self, *command: str) -> None:
        self.run.append(command[2])
        if command[2] == "venv":
            Path(command[-1]).mkdir()
        elif self.pip_says:
            raise PeerUnavailable(self.pip_says)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    recorded = Commands()
    monkeypatch.setattr(peer_environment, "_run", recorded)
    return recorded


def environment(root: Path, lock: str = "mosec==1") -> PeerEnvironment:
    (root / "requirements").mkdir(exist_ok=True)
    (root / "requirements" / "mosec.txt").write_text(lock)
    return peer_environment.peer_environment("mosec", root)


def test_packages_are_installed_once_for_each_lock(commands: Commands, tmp_path: Path) -> None:
    environment(tmp_path).install()
    environment(tmp_path).install()
    assert commands.run == ["venv", "pip"]
    environment(tmp_path, "mosec==2").install()
    assert commands.run == ["venv", "pip"] * 2


def test_an_installation_that_was_cut_off_begins_anew(commands: Commands, tmp_path: Path) -> None:
    commands.pip_says = "no index"
    made = environment(tmp_path)
    with pytest.raises(PeerUnavailable, match="no index"):
        made.install()
    (made.folder / "half").touch()
    commands.pip_says = ""
    made.install()
    assert commands.run == ["venv", "pip"] * 2
    assert not (made.folder / "half").exists()


def test_the_reason_is_pips_own_last_line(tmp_path: Path) -> None:
    made = environment(tmp_path, "no such requirement, at all")
    with pytest.raises(PeerUnavailable, match=r"cannot be installed.*requirement"):
        made.install()


def test_a_peer_that_cannot_be_had_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(allocation: Allocation) -> None:
        raise PeerUnavailable("no index is reached")

    monkeypatch.setattr(campaign, "PREPARATIONS", {MOSEC: refuse})
    run = BenchCampaign(
        quick_plan((MOSEC,), None),
        Messages("some", ("a",)),
        tmp_path,
        Path(sys.prefix),
        lambda stage, share: None,
    )
    assert list(run.run()) == []
    assert run.left_out == {MOSEC: "no index is reached"}
    assert list(tmp_path.iterdir()) == []

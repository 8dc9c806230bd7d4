"""The campaign as a person runs it: a good system passes, a planted bug does not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.cli.exit_status import ExitStatus
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

KNOWLEDGE = """
- id: delivery-time
  question: How long does delivery take?
  phrasings: [When does my parcel come?, How many days until it arrives?]
  answer: |
    Your parcel takes two to three working days. To an island it takes two days more.
    You get a message on the morning on which it arrives.
- id: opening-hours
  question: When are you open?
  phrasings: [What are your opening hours?, Are you open on Sunday?]
  answer: Our shop is open from nine to five. It is closed on Sundays and on public holidays.
- id: returns
  question: Can I send something back?
  phrasings: [How do I return an article?, Do you take back what I do not like?]
  answer: |
    You can send back whatever you do not like within 30 days.
    - Put the article into its box again.
    - Stick the label from your account on it.
    - Take the box to a post office.

    The money is back on your account after five days.
- id: gift-card
  question: Do you have gift cards?
  phrasings: [Where can I buy a gift card?, I want to give somebody a voucher]
  answer: Gift cards are sold in our shop and at the till. A gift card is valid for three years.
"""  # a small one, so that workers that were killed are back soon


def run_chaos(folder: Path, model_dir: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    base = folder / "kb.yaml"
    base.write_text(KNOWLEDGE)
    outside = {key: text for key, text in os.environ.items() if not key.startswith("PARLEY_")}
    settings = {
        "PARLEY_DATA_DIR": str(folder / "data"),
        "PARLEY_MODEL_DIR": str(model_dir),
        "PARLEY_KB": str(base),
        "PARLEY_REDIS_URL": "redis://127.0.0.1:1/0",  # never asked: a campaign has its own
    }
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli", "chaos", "--json", *arguments],
        cwd=ROOT,
        env=outside | settings,
        capture_output=True,
        timeout=280,
    )
    assert done.stdout, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def test_a_short_seed_keeps_every_promise(tmp_path: Path, model_dir: Path) -> None:
    status, report = run_chaos(tmp_path, model_dir, "--quick", "--voice", "--patience", "60")
    verdict = report["verdict"]
    assert verdict["broken"] == {}, verdict["examples"]
    assert status == 0
    assert verdict["sent"] == verdict["messages"] == 1_500
    assert verdict["answered"] > 1_400, verdict["errors"]
    assert verdict["errors"]["urn:parley:problem:job-failed"] >= 1  # the poison, if in time
    assert len(report["injections"]) + len(report["missed"]) == report["plan"]["faults"]
    assert len(report["injections"]) >= report["plan"]["faults"] - 2
    assert verdict["dead_letters"] >= 6
    voice = report["voice"]
    assert voice["model"] + voice["both"] + voice["entry"] == verdict["answered"]
    assert min(voice["model"], voice["both"], voice["followed"], voice["planted"]) > 0
    (folder,) = (tmp_path / "data" / "chaos").iterdir()
    kept = {path.name for path in folder.iterdir()}
    assert kept == {"report.json", "report.md", "timeline.png", "ledger.jsonl", "load.json", "log"}
    assert json.loads((folder / "report.json").read_bytes()) == report


def test_a_worker_that_acknowledges_early_is_found_out(tmp_path: Path, model_dir: Path) -> None:
    load = ("--messages", "500", "--seconds", "4", "--patience", "4")
    faults = ("--faults", "3", "--only", "kill inference")
    status, report = run_chaos(tmp_path, model_dir, *load, *faults, "--planted-bug")
    assert status == ExitStatus.DEGRADED
    assert report["verdict"]["lost"] > 0
    assert report["verdict"]["broken"]["lost"] > 0

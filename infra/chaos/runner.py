"""`parley chaos`: see that the model is there, run one seed, and keep what was found."""

import shutil
from pathlib import Path

from rich.console import Console

from infra.bench.messages import read_messages
from infra.bench.runner import new_folder, own_environment, terminated_as_interrupted
from infra.chaos.campaign import ChaosCampaign, Grounds
from infra.chaos.picture import draw
from infra.chaos.plan import ChaosPlan
from infra.chaos.report import ChaosReport, markdown
from infra.stack import checks
from infra.stack.model import refresh_model
from infra.stack.settings import StackSettings
from shared.settings import load


def run_chaos(plan: ChaosPlan, console: Console) -> tuple[ChaosReport, Path]:
    """Run a campaign; return the report and the folder that holds it, ledger and logs."""
    settings = load(StackSettings)
    checks.check_data_folder(settings.data_folder)
    checks.check_space(settings.data_folder, checks.RUN_BYTES)
    refresh_model(settings.model_folder, console)
    texts = read_messages(None).texts
    folder = new_folder(settings.data_folder / "chaos")
    with own_environment(), terminated_as_interrupted(), console.status("") as status:
        grounds = Grounds(settings.model_folder, settings.data_folder / "cache")
        campaign = ChaosCampaign(plan, texts, folder, grounds, status.update)
        try:
            report = campaign.run()
        finally:
            shutil.rmtree(folder / "data.tmp", ignore_errors=True)
    report.save(folder / "report.json")
    (folder / "report.md").write_text(markdown(report), "utf-8")
    draw(report, folder / "timeline.png")
    return report, folder

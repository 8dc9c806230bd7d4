"""`parley chaos`: build the model if it is missing, run one seed, keep the report."""

import shutil
from pathlib import Path

from rich.console import Console

from infra.chaos.campaign import CampaignPaths, ChaosCampaign
from infra.chaos.picture import draw
from infra.chaos.plan import ChaosPlan, with_second_looks
from infra.chaos.report import ChaosReport, markdown
from infra.harness.messages import read_messages
from infra.harness.run_environment import (
    isolated_environment,
    new_run_folder,
    sigterm_as_interrupt,
)
from infra.supervisor import checks
from infra.supervisor.model import refresh_model
from infra.supervisor.progress import StageProgress
from infra.supervisor.settings import StackSettings
from shared.settings import load
from workers.encoder_choice import chosen_encoder
from workers.knowledge.loader import DEMO
from workers.settings import VoiceSettings

# A campaign has a model server of its own, or none.
_OF_A_VOICE = tuple(
    f"PARLEY_{name.upper()}"
    for name in VoiceSettings.model_fields
    if name.startswith(("llm_", "voice_"))
)


def run_chaos(plan: ChaosPlan, console: Console) -> tuple[ChaosReport, Path]:
    """Run a campaign; return the report and the folder that holds it, ledger and logs."""
    settings = load(StackSettings)
    checks.check_data_folder(settings.data_folder)
    checks.check_space(settings.data_folder, checks.RUN_BYTES)
    refresh_model(settings.model_folder, console)
    if chosen_encoder(settings) == "cascade":
        plan = with_second_looks(plan)
    kb = settings.kb or DEMO
    texts = read_messages(None, kb).texts
    folder = new_run_folder(settings.data_folder / "chaos")
    progress = StageProgress(console, "Injecting faults", lines=False)
    with isolated_environment(_OF_A_VOICE), sigterm_as_interrupt(), progress:
        cache = settings.data_folder / "cache"
        paths = CampaignPaths(settings.model_folder, cache, kb)
        campaign = ChaosCampaign(plan, texts, folder, paths, progress.update)
        try:
            report = campaign.run()
        finally:
            shutil.rmtree(folder / "data.tmp", ignore_errors=True)
    report.save(folder / "report.json")
    (folder / "report.md").write_text(markdown(report), "utf-8")
    draw(report, folder / "timeline.png")
    return report, folder

"""mosec with ONNX Runtime int8 as a system: the same encoder, tokeniser and knowledge base."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from infra.bench.peer_environment import peer_environment
from infra.harness.systems import Allocation, System
from infra.supervisor.probes import HttpProbe
from infra.supervisor.service import Service
from shared.errors import ModelError, PeerUnavailable
from shared.import_path import PACKAGE_ROOT, own_import_path
from shared.processor import has_vnni, processor_kind
from shared.settings import load
from workers.engines.layout import TOKENIZER
from workers.engines.manifest import read_manifest
from workers.knowledge import loader
from workers.knowledge.base import KnowledgeBase
from workers.modelling.encoder.reference import recorded_source
from workers.modelling.encoder.weights import load_weights, read_config
from workers.settings import WorkerSettings

MOSEC = "mosec"
FOLDER = "peer"  # in the data folder; baselines/mosec_server.py reads it
_MODEL_SECONDS = 300.0
_TIMEOUT_MS = 120_000  # as the other systems' web servers have


def mosec(allocation: Allocation) -> System:
    """Return mosec with a process for each processor; `prepare_mosec` must have been called."""
    options = ("--address", "127.0.0.1", "--port", str(allocation.http_port))
    service = Service(
        name="gateway",
        command=(
            *(str(peer_environment(MOSEC).python), "-m", "infra.bench.baselines.mosec_server"),
            *(str(allocation.processors), *options, "--timeout", str(_TIMEOUT_MS)),
            *("--capacity", "10000", "--log-level", "warning"),
        ),
        probe=HttpProbe(f"{allocation.url}/"),
        environment={
            "PARLEY_DATA_DIR": str(allocation.folder),
            "PARLEY_MODEL_DIR": str(allocation.model_folder),
            "PARLEY_REDIS_PORT": str(allocation.redis_port),
            "OPENBLAS_NUM_THREADS": "1",
        },
        stop_seconds=15.0,
    )
    return System(MOSEC, allocation.url, (service,), ready_path="/")


def prepare_mosec(allocation: Allocation) -> None:
    """Install mosec and make its model; raise PeerUnavailable if that fails."""
    peer_environment(MOSEC).install()
    settings = load(WorkerSettings)
    make_peer_model(
        allocation.folder / FOLDER,
        allocation.model_folder,
        loader.load(settings.kb or loader.DEMO),
    )


def make_peer_model(folder: Path, model_folder: Path, base: KnowledgeBase) -> None:
    """Make the answer encoder's ONNX int8 model and the base's vectors in a new folder."""
    folder.mkdir(parents=True)
    _export_encoder(folder, model_folder)
    _export_base(folder, base)
    python = peer_environment(MOSEC).python
    done = subprocess.run(
        [str(python), "-m", "infra.bench.baselines.mosec_model", str(folder)],
        cwd=PACKAGE_ROOT,
        env={**os.environ, **own_import_path(), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=_MODEL_SECONDS,
    )
    if done.returncode:
        raise PeerUnavailable(f"its model cannot be made: {done.stderr.strip()[-300:]}")


def _export_encoder(folder: Path, model_folder: Path) -> None:
    """Write weights and tokeniser of the answer encoder for a program without Parley's packages."""
    try:
        manifest = read_manifest(model_folder)
        source = recorded_source(manifest)
        config = read_config(source)
        if config.is_mpnet:
            raise PeerUnavailable("its model cannot be made: this encoder is MPNet, not BERT")
        weights: dict[str, Any] = dict(load_weights(source, config))
    except ModelError as error:
        raise PeerUnavailable(f"its model cannot be made: {error}") from error
    np.savez(folder / "weights.npz", **weights)
    shutil.copyfile(model_folder / TOKENIZER, folder / TOKENIZER)
    described: Mapping[str, object] = {
        "layers": manifest.encoder("answer").layers,
        "heads": config.num_attention_heads,
        "hidden_size": config.hidden_size,
        "layer_norm_eps": config.layer_norm_eps,
        "max_tokens": manifest.max_tokens,
        "vnni": has_vnni(processor_kind()),
    }
    (folder / "config.json").write_bytes(msgspec.json.encode(described))


def _export_base(folder: Path, base: KnowledgeBase) -> None:
    phrasings = [
        (text, number) for number, entry in enumerate(base.entries) for text in entry.all_phrasings
    ]
    replies = [{"response": entry.answer, "id": entry.id} for entry in base.entries]
    (folder / "phrasings.json").write_bytes(msgspec.json.encode(phrasings))
    (folder / "entries.json").write_bytes(msgspec.json.encode(replies))

"""A language model server of one's own: llama.cpp serves a GGUF file in OpenAI's form.

`python -m infra.llama_server`; `parley up` starts it where PARLEY_LLM_GGUF is set. The exit status
is EX_CONFIG, with a sentence, where no restart helps.
"""

import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from infra.supervisor.checks import is_port_free
from infra.supervisor.language_model import check_gguf
from infra.supervisor.settings import LlamaSettings
from infra.supervisor.signals import StopSignals
from shared.errors import ModelError, ParleyError, StackError
from shared.logs import LogLevel, configure_logging
from shared.settings import load

_TICK_SECONDS = 0.1
_ERRORS, _ALL = 1, 3  # of llama.cpp's verbosity; from 4 on it would log messages' texts
_CLOSED: dict[str, object] = {
    # What serves people, tells of others' requests or reaches beyond the file is left out.
    "offline": True,
    "ui": False,
    "endpoint_slots": False,
    "endpoint_props": False,
    "endpoint_metrics": False,
    # No web page may read an answer.
    "cors_origins": "",
    "cors_credentials": False,
}
_LOG = logging.getLogger("infra.llama_server")


def main() -> int:
    """Serve until a signal; return the exit status."""
    # llama.cpp loads a file without letting Python see a signal, so that one ends the process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        serve(load(LlamaSettings))
    except ParleyError as error:
        sys.stderr.write(f"parley llm: {error}\n")
        return os.EX_CONFIG
    return os.EX_OK


def serve(settings: LlamaSettings) -> None:
    """Load the model and serve it until SIGTERM or SIGINT.

    Raises ModelError if llama.cpp cannot load the file, StackError if it is not installed or the
    port is taken.
    """
    if settings.llm_gguf is None:
        raise ModelError("PARLEY_LLM_GGUF is unset: it names the GGUF file to serve")
    configure_logging(settings.log_format, settings.log_level)
    check_gguf(settings.llm_gguf)
    if not is_port_free(settings.llm_port, settings.llm_host):
        raise StackError(
            f"Port {settings.llm_port} is in use by another program: stop that program or set "
            "PARLEY_LLM_PORT to another port."
        )
    begun = time.monotonic()
    server = _loaded(settings, settings.llm_gguf)
    _LOG.info(
        "serves %s on %s: %d replies at once, %d threads, loaded in %.1f s",
        settings.llm_gguf.name,
        server.listening_address,
        settings.llm_slots,
        settings.llm_thread_count,
        time.monotonic() - begun,
    )
    with StopSignals() as signals:
        while not signals.requests:
            time.sleep(_TICK_SECONDS)
    _LOG.info("stops")
    logging.shutdown()
    os._exit(os.EX_OK)  # llama.cpp would first end what it writes


def _loaded(settings: LlamaSettings, gguf: Path) -> Any:
    """Return llama.cpp's server, which answers from threads of its own."""
    llama = _llama()
    try:
        return llama.Server(_parameters(llama, settings, gguf))
    except RuntimeError:  # which says no more; llama.cpp has logged why
        raise ModelError(
            f"llama.cpp cannot load {gguf}: the file is damaged, cut short or of a kind that it "
            "does not know, or memory is short; its own lines in the log say which."
        ) from None


def _llama() -> Any:
    try:
        import xllamacpp
    except ModuleNotFoundError:
        raise StackError(
            "llama.cpp is not installed: run `make run LLAMA=1` once, install "
            "requirements/llama.txt, or set PARLEY_LLM_URL to a server that runs already."
        ) from None
    except ImportError as error:  # a library of the system's is missing
        raise StackError(
            f"llama.cpp does not run here ({error}): install what is missing (Debian: "
            "apt install libgomp1), or set PARLEY_LLM_URL to a server that runs already."
        ) from None
    return xllamacpp


def _parameters(llama: Any, settings: LlamaSettings, gguf: Path) -> Any:
    """Return what llama.cpp is told."""
    parameters = llama.CommonParams()
    parameters.model.path = str(gguf)
    for name, value in {**_CLOSED, **_options(settings, gguf)}.items():
        setattr(parameters, name, value)
    for processors in (parameters.cpuparams, parameters.cpuparams_batch):
        processors.n_threads = settings.llm_thread_count
    return parameters


def _options(settings: LlamaSettings, gguf: Path) -> dict[str, object]:
    key = settings.llm_key
    return {
        "model_alias": {settings.llm_model or gguf.stem},
        "hostnames": [settings.llm_host],
        "port": settings.llm_port,
        "api_keys": [key.get_secret_value()] if key else [],
        "n_parallel": settings.llm_slots,
        "n_ctx": settings.llm_slots * settings.llm_context_tokens,
        "enable_reasoning": 0,  # thoughts would take the time that a reply has
        "fit_params": False,  # what is set is meant; trying what fits costs a second load
        "cache_ram_mib": 0,  # of old prompts, beside the slots' own: 8 GiB by default
        "verbosity": _verbosity(settings.log_level),
    }


def _verbosity(level: LogLevel) -> int:
    return _ALL if level == "debug" else _ERRORS


if __name__ == "__main__":
    sys.exit(main())

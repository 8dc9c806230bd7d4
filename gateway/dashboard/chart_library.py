"""Chart.js, out of the installed package that carries it: nothing is fetched from elsewhere."""

import logging
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "django-unfold"  # in every lock; its Python code is never imported
_MODULE = "unfold"
_FOLDER = Path("static", "unfold", "js", "chart")

logger = logging.getLogger(__name__)


def read_chart_library(module: str = _MODULE) -> str:
    """Return Chart.js with its licence as a comment before it; empty, and said so, without it."""
    folder = _find(module)
    if folder is None:
        logger.warning(
            "the dashboard has no charts, only figures and tables: Chart.js is not installed; "
            "it comes with the package %s, which is in the lock",
            PACKAGE,
        )
        return ""
    library, licence = (
        folder.joinpath(name).read_text("utf-8") for name in ("chart.js", "LICENSE")
    )
    return f"/* Chart.js, https://www.chartjs.org\n{licence.replace('*/', '')}*/\n{library}\n"


def _find(module: str) -> Path | None:
    spec = find_spec(module)
    places = (spec.submodule_search_locations or ()) if spec else ()
    folders = (Path(place) / _FOLDER for place in places)
    return next((folder for folder in folders if (folder / "chart.js").is_file()), None)

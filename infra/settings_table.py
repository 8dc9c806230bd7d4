"""Write docs/settings.md, the table of all settings, from their classes.

python -m infra.settings_table
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from gateway.settings import GatewaySettings
from infra.client_settings import ClientSettings
from infra.supervisor.settings import LlamaSettings, StackSettings
from shared.settings import CommonSettings
from workers.settings import WorkerSettings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
# The first class that has a setting names its readers; the stack inherits the others' settings.
READERS: tuple[tuple[str, type[BaseSettings]], ...] = (
    ("all", CommonSettings),
    ("gateway", GatewaySettings),
    ("workers", WorkerSettings),
    ("language model server", LlamaSettings),
    ("`parley up`", StackSettings),
    ("clients", ClientSettings),
)
_INTRODUCTION = """# Settings

Every process reads its settings from environment variables when it starts. A wrong value stops it
with a sentence that names the variable. `parley up` reads all settings, checks them before anything
starts, and passes them to its services. A relative path counts from the folder in which you start
Parley. A blank value is no value ([operations.md](operations.md#environments)).

"""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as the page shows it."""

    variable: str
    default: str
    description: str
    readers: str

    def markdown(self) -> str:
        """Return the row of a Markdown table."""
        return f"| `{self.variable}` | {self.default} | {self.description} | {self.readers} |"


def setting_rows() -> Iterator[SettingRow]:
    """Yield each setting once, those of all processes first."""
    seen: set[str] = set()
    for readers, settings in READERS:
        for name, field in settings.model_fields.items():
            if name not in seen:
                seen.add(name)
                variable = f"PARLEY_{name.upper()}"
                yield SettingRow(variable, _default(field), field.description or "", readers)


def settings_page() -> str:
    """Return the whole page."""
    head = "| variable | default | what it is | read by |\n|---|---|---|---|\n"
    rows = "\n".join(row.markdown() for row in setting_rows())
    return f"{_INTRODUCTION}{head}{rows}\n"


def _default(field: FieldInfo) -> str:
    return "unset" if field.default is None else f"`{field.default}`"


if __name__ == "__main__":
    PAGE.write_text(settings_page(), "utf-8")

"""The table of settings in the README, made from the classes: python -m infra.settings_table."""

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from gateway.settings import GatewaySettings
from infra.stack.settings import StackSettings
from shared.settings import CommonSettings
from workers.settings import WorkerSettings

READERS: tuple[tuple[str, type[BaseSettings]], ...] = (
    ("all", CommonSettings),
    ("gateway", GatewaySettings),
    ("workers", WorkerSettings),
    ("`parley up`", StackSettings),
)


def settings_table() -> str:
    """Return a Markdown table with one row a variable; the first reader's wording counts."""
    rows: dict[str, list[str]] = {}
    for reader, settings in READERS:
        for name, field in settings.model_fields.items():
            variable = f"PARLEY_{name.upper()}"
            if variable in rows:
                if rows[variable][2] != "all" and reader not in rows[variable][2]:
                    rows[variable][2] += f", {reader}"
                continue
            rows[variable] = [_default(field), field.description or "", reader]
    lines = ["| variable | default | what it is | read by |", "|---|---|---|---|"]
    lines += [
        f"| `{variable}` | {default} | {description} | {reader} |"
        for variable, (default, description, reader) in rows.items()
    ]
    return "\n".join(lines)


def _default(field: FieldInfo) -> str:
    if field.default is None:
        return "unset"
    return f"`{field.default}`"


if __name__ == "__main__":
    print(settings_table())

"""Compose the OpenAPI document and the page from their files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import yaml
from jinja2 import Environment
from markupsafe import Markup

from shared.visible_text import VISIBLE

# The loader written in C: eight times as fast.
_YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_METHODS = ("get", "post", "put", "patch", "delete")
_OPEN: Mapping[str, Any] = {"security": []}
_KEYED_RESPONSES = {
    "401": {"$ref": "#/components/responses/Unauthenticated"},
    "403": {"$ref": "#/components/responses/ScopeMissing"},
    "429": {"$ref": "#/components/responses/RateLimited"},
    "503": {"$ref": "#/components/responses/Unavailable"},
}


@dataclass(frozen=True, slots=True)
class Documentation:
    """The document for programs and the same for people; `style` is all that the page may apply."""

    document: bytes
    page: bytes
    style: str


@cache
def compose_documentation() -> Documentation:
    """Read the files and put both forms together, once a process."""
    document = read_document()
    style = _read("pages", "palette.css") + _read("openapi", "docs.css")
    template = Environment(autoescape=True, trim_blocks=True).from_string(
        _read("openapi", "docs.html")
    )
    page = template.render(
        info=document["info"],
        tags=document["tags"],
        operations=list(_operations(document)),
        schemas=document["components"]["schemas"],
        style=Markup(style),  # noqa: S704 - our own file
    )
    return Documentation(msgspec.json.encode(document), page.encode(), style)


def read_document() -> dict[str, Any]:
    """Return the document as it ships, with what every operation that takes a key may answer."""
    document, openai = _load("document.yaml"), _load("openai.yaml")
    document["tags"][2:2] = openai["tags"]
    document["paths"] |= openai["paths"]
    document["components"]["schemas"] |= openai["components"]["schemas"]
    for item in document["paths"].values():
        for method in _METHODS:
            if item.get(method, _OPEN).get("security") != []:
                item[method]["responses"] = _KEYED_RESPONSES | item[method]["responses"]
    for schema in _schemas(document):
        if schema.get("pattern") == "VISIBLE":
            schema["pattern"] = VISIBLE
    return document


def _schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of the document, the outer ones first."""
    if isinstance(part, dict):
        yield part
    if isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _schemas(inner)


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each operation with its path and method, parameters and responses spelled out."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method not in item:
                continue
            operation = item[method]
            parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
            yield {
                **operation,
                "path": path,
                "method": method.upper(),
                "parameters": [_resolve(document, one) for one in parameters],
                "responses": {
                    status: _resolve(document, one)
                    for status, one in operation["responses"].items()
                },
            }


def _resolve(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference to a component."""
    if "$ref" not in part:
        return part
    _, components, kind, name = part["$ref"].split("/")
    found: Mapping[str, Any] = document[components][kind][name]
    return found


def _load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(_read("openapi", name), _YAML_LOADER)  # noqa: S506
    return loaded


def _read(folder: str, name: str) -> str:
    return resources.files("gateway").joinpath(folder, name).read_text("utf-8")

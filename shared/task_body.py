"""The body of a message on the queue: unpacked, inflated and read, whatever the client wrote it in.

The names are kombu's. Only what cannot run code is read; nothing is inflated beyond a limit.
"""

import binascii
import bz2
import lzma
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
import yaml

from shared.errors import MalformedMessage
from shared.mended_json import decode_mended

MAX_BODY_BYTES = 64 * 1024
_MAX_LZMA_MEMORY_BYTES = 64 * 1024 * 1024
_MAX_YAML_DEPTH = 50
_AS_IT_IS = frozenset(("utf-8", "utf8", "us-ascii", "ascii", "binary", ""))  # JSON is UTF-8
_YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def unpack(body: str, body_encoding: object) -> bytes:
    """Return the bytes that kombu wrapped; raise MalformedMessage."""
    if body_encoding != "base64":
        return body.encode()
    try:
        return binascii.a2b_base64(body, strict_mode=True)
    except binascii.Error:  # some clients break lines
        return binascii.a2b_base64("".join(body.split()), strict_mode=True)


def inflate(content: bytes, compression: str, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return what was compressed; raise MalformedMessage, also of what would be too large."""
    if compression not in _INFLATERS:
        raise MalformedMessage(
            f"compression {compression[:80]!r} is not supported; gzip, bzip2 and lzma are"
        )
    try:
        inflated = _INFLATERS[compression](content, max_bytes + 1)
    except (zlib.error, OSError, EOFError, lzma.LZMAError) as fault:
        raise MalformedMessage(f"compressed as {compression}, but not readable: {fault}") from fault
    if len(inflated) > max_bytes:
        raise MalformedMessage(f"over {max_bytes} bytes once inflated; no more are taken")
    return inflated


def read(content: bytes, content_type: str, content_encoding: str) -> Any:
    """Return what a body says; raise MalformedMessage or the reader's own ValueError."""
    name = content_type.partition(";")[0].strip().lower()
    if name not in _READERS:
        raise MalformedMessage(
            f"content type {content_type[:80]!r}; JSON, YAML and MessagePack are taken"
        )
    if content_encoding.lower() not in _AS_IT_IS and name not in _BINARY:
        try:
            content = content.decode(content_encoding).encode()
        except LookupError as fault:
            raise MalformedMessage(f"unknown encoding {content_encoding[:80]!r}") from fault
    return _READERS[name](content)


def _inflate_zlib(content: bytes, max_bytes: int) -> bytes:
    # kombu's "gzip" is zlib's form; other languages' clients write gzip's, or the bare stream.
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content, max_bytes)
    except zlib.error:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, max_bytes)


def _inflate_bz2(content: bytes, max_bytes: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(content, max_bytes)


def _inflate_lzma(content: bytes, max_bytes: int) -> bytes:
    stream = lzma.LZMADecompressor(memlimit=_MAX_LZMA_MEMORY_BYTES)
    return stream.decompress(content, max_bytes)


def _read_yaml(content: bytes) -> Any:
    try:
        _check_yaml(content)
        return yaml.load(content, Loader=_YAML_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as fault:
        raise MalformedMessage(f"not a Celery task in YAML: {fault}") from fault


def _check_yaml(content: bytes) -> None:
    """Refuse what grows when it is read: aliases, and nesting without end."""
    depth = 0
    for event in yaml.parse(content, Loader=_YAML_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise MalformedMessage("YAML with aliases is not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_YAML_DEPTH:
            raise MalformedMessage("YAML that is nested too deeply is not taken")


_INFLATERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "application/x-gzip": _inflate_zlib,
    "application/gzip": _inflate_zlib,
    "gzip": _inflate_zlib,
    "zlib": _inflate_zlib,
    "deflate": _inflate_zlib,
    "application/x-bz2": _inflate_bz2,
    "bzip2": _inflate_bz2,
    "application/x-lzma": _inflate_lzma,
    "lzma": _inflate_lzma,
    "xz": _inflate_lzma,
}
_BINARY = frozenset(("application/x-msgpack", "application/msgpack"))
_READERS: Mapping[str, Callable[[bytes], Any]] = {
    "application/json": partial(decode_mended, msgspec.json.decode),
    "json": partial(decode_mended, msgspec.json.decode),
    "application/x-yaml": _read_yaml,
    "application/yaml": _read_yaml,
    "yaml": _read_yaml,
    **dict.fromkeys(_BINARY, msgspec.msgpack.decode),
}

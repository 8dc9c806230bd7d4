"""API keys that the operator gives in PARLEY_API_KEYS, and what each of them allows."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from shared.api_keys import ALL_SCOPES, ApiKey, digest_of, read_scopes
from shared.errors import SettingsError
from shared.tenants import DEFAULT_TENANT, is_tenant_name

MIN_KEY_CHARACTERS = 24
_FILE = "@"
_KEY = rf"[A-Za-z0-9._~+/-]{{{MIN_KEY_CHARACTERS},}}=*"  # what an Authorization header can carry
_ENTRY = re.compile(rf"(?:([^=:\s]+)(?::([a-z+]+))?=)?({_KEY})\Z")
_ID_DIGITS = 10


def read_given_keys(text: str) -> Mapping[str, ApiKey]:
    """Return the keys by their digests; raise SettingsError if one is faulty.

    Entries are separated by commas: `key`, `tenant=key`, `tenant:chat+read=key`, or `@/a/file` that
    holds such entries, one a line. No sentence shows an entry.
    """
    keys: dict[str, ApiKey] = {}
    for entry, where in _entries(text):
        digest, key = _read_entry(entry, where)
        if keys.setdefault(digest, key) != key:
            raise SettingsError(
                f"PARLEY_API_KEYS: {where} is given before, for another tenant or other scopes."
            )
    if not keys:
        raise SettingsError("PARLEY_API_KEYS holds no key: give one, or unset it.")
    return keys


def key_files(text: str) -> list[Path]:
    """Return the files that are named."""
    return [Path(part[1:]) for part in _parts(text) if part.startswith(_FILE)]


def _entries(text: str) -> Iterator[tuple[str, str]]:
    for number, part in enumerate(_parts(text), 1):
        if part.startswith(_FILE):
            yield from _file_entries(Path(part[1:]))
        else:
            yield part, f"entry {number}"


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _file_entries(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(f"PARLEY_API_KEYS: {path} cannot be read: {reason}.") from None
    for number, line in enumerate(lines, 1):
        entry = line.strip()
        if entry and not entry.startswith("#"):
            yield entry, f"{path}:{number}"


def _read_entry(entry: str, where: str) -> tuple[str, ApiKey]:
    found = _ENTRY.match(entry)
    if found is None:
        raise SettingsError(
            f"PARLEY_API_KEYS: {where} is no key: at least {MIN_KEY_CHARACTERS} letters, digits or "
            "any of . _ ~ + / -, as `key`, `tenant=key` or `tenant:chat+read=key`."
        )
    tenant, scopes, key = found.groups()
    if tenant is not None and not is_tenant_name(tenant):
        raise SettingsError(
            f"PARLEY_API_KEYS: {where} names no tenant: 1-63 lower-case letters, digits, hyphens."
        )
    try:
        allowed = read_scopes(scopes.split("+")) if scopes else ALL_SCOPES
    except ValueError as error:
        raise SettingsError(f"PARLEY_API_KEYS: {where}: {error}.") from None
    digest = digest_of(key)
    return digest, ApiKey(f"given-{digest[:_ID_DIGITS]}", tenant or DEFAULT_TENANT, allowed)

"""Keys, their scopes, the form of PARLEY_API_KEYS, and who may listen without one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import exposure
from gateway.given_keys import key_files, read_given_keys
from gateway.settings import GatewaySettings
from infra.supervisor.settings import StackSettings
from shared.api_keys import ALL_SCOPES, digest_of, new_key, read_scopes, show_scopes
from shared.errors import SettingsError
from shared.loopback import is_loopback
from shared.rate_limits import RateLimit, read_rate_limit
from shared.settings import load
from tests.support.processes import free_port

KEY = "abcdefghijklmnopqrstuvwx"
SECRET = "no/w-this.is~a_secret+key=="  # noqa: S105


def test_a_key_tells_its_id_and_nobody_guesses_the_rest() -> None:
    key_id, key = new_key()
    assert key.startswith(f"pk_{key_id}_")
    assert len(key.removeprefix(f"pk_{key_id}_")) == 43  # 256 bits
    assert new_key()[1] != key
    assert len(digest_of(key)) == 64


def test_scopes_are_read_and_shown() -> None:
    assert read_scopes(["read", " chat", ""]) == {"chat", "read"}
    assert show_scopes(ALL_SCOPES) == "chat,read,admin,metrics"
    for wrong in (["write"], [], [""]):
        with pytest.raises(ValueError, match="scopes are chat, read, admin, metrics"):
            read_scopes(wrong)


@pytest.mark.parametrize(
    ("entry", "key", "tenant", "scopes"),
    [
        (KEY, KEY, "default", ALL_SCOPES),
        (SECRET, SECRET, "default", ALL_SCOPES),
        (f"acme={SECRET}", SECRET, "acme", ALL_SCOPES),
        (f"acme:chat={KEY}", KEY, "acme", {"chat"}),
        (f"default:chat+read={SECRET}", SECRET, "default", {"chat", "read"}),
    ],
)
def test_an_entry_is_read(entry: str, key: str, tenant: str, scopes: set[str]) -> None:
    [(digest, found)] = read_given_keys(f" {entry} ,").items()
    assert digest == digest_of(key)
    assert (found.tenant, found.scopes) == (tenant, frozenset(scopes))
    assert found.id not in key


def test_a_file_holds_an_entry_a_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"\ufeff# of the shop\r\n{KEY}\r\n\r\nacme={SECRET}\n")
    found = read_given_keys(f"{KEY},@{file}")
    assert {key.tenant for key in found.values()} == {"default", "acme"}
    assert key_files(f"{KEY},@{file}") == [file]


@pytest.mark.parametrize(
    "text",
    ["short", f"acme:write={SECRET}", f"Not A Tenant={SECRET}", f"-acme={SECRET}", f"{SECRET}\tx"],
)
def test_a_faulty_entry_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_API_KEYS: entry 2") as fault:
        read_given_keys(f"{KEY},{text}")
    assert SECRET not in str(fault.value)
    assert "short" not in str(fault.value)


def test_a_faulty_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    with pytest.raises(SettingsError, match=r"keys cannot be read: No such file"):
        read_given_keys(f"@{file}")
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"keys cannot be read: it is not UTF-8"):
        read_given_keys(f"@{file}")
    file.write_text("#\nshort\n")
    with pytest.raises(SettingsError, match=r"keys:2 is no key") as fault:
        read_given_keys(f"@{file}")
    assert "short" not in str(fault.value)


@given(st.text())
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        assert all(len(digest) == 64 for digest in read_given_keys(text.replace("@", "")))
    except SettingsError as error:
        assert str(error).startswith("PARLEY_API_KEYS")  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("20/s", RateLimit(20, 20)),
        ("600/min", RateLimit(10, 600)),
        ("1800 / hour", RateLimit(0.5, 1800)),
        ("20/s burst 40", RateLimit(20, 40)),
        ("20/s,40", RateLimit(20, 40)),
        (" 600/MIN , 5 ", RateLimit(10, 5)),
    ],
)
def test_a_rate_limit_is_read(text: str, limit: RateLimit) -> None:
    assert read_rate_limit(text) == limit


@pytest.mark.parametrize(
    "text", ["", "20", "20/x", "-1/s", "0/s", "5/s burst 0", "5/s 10", "a/s", "10001/s"]
)
def test_what_is_no_rate_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a rate limit"):
        read_rate_limit(text)


def test_beyond_this_machine_there_is_a_limit_unless_it_is_said_so() -> None:
    assert load(GatewaySettings).usual_limit is None
    exposed = load(GatewaySettings, http_host="::")
    assert exposed.usual_limit == RateLimit(50, 100)
    assert exposed.address_limit is None
    assert load(GatewaySettings, http_host="::", rate_limit="None").usual_limit is None
    assert load(GatewaySettings, rate_limit="5/s").usual_limit == RateLimit(5, 5)
    with pytest.raises(SettingsError, match="PARLEY_RATE_LIMIT is 'often': a rate limit reads"):
        load(GatewaySettings, rate_limit="often")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("10.0.0.1", False),
        ("chat.example.com", False),
    ],
)
def test_loopback_is_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def settings(**fields: object) -> GatewaySettings:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    return load(GatewaySettings, **{"redis_url": nowhere, **fields})


def test_without_redis_a_gateway_starts_and_asks_for_keys() -> None:
    exposed = settings(http_host="::")
    exposure.check_exposure(exposed)
    assert exposed.asks_always


@pytest.mark.parametrize(
    "fields",
    [
        {"http_host": "127.0.0.1"},
        {"http_host": "0.0.0.0", "publish_address": "127.0.0.1"},  # noqa: S104 - a container
        {"http_host": "::", "open_access": True},
    ],
)
def test_on_this_machine_or_if_it_is_said_so_no_key_is_asked_for(fields: dict[str, object]) -> None:
    assert not settings(**fields).asks_always


@pytest.mark.parametrize(
    "name",
    [
        *("PARLEY_FLOWER_BASIC_AUTH", "PARLEY_API_KEYS"),
        # A help desk's address often is a secret of its own.
        *("PARLEY_HANDOVER_WEBHOOK", "PARLEY_HANDOVER_WEBHOOK_SECRET"),
    ],
)
def test_no_sentence_of_a_faulty_setting_shows_a_secret(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "s3cr3t")
    with pytest.raises(SettingsError, match=name) as fault:
        load(StackSettings).given_keys  # noqa: B018
    assert "s3cr3t" not in str(fault.value)


@pytest.mark.parametrize("name", ["PARLEY_API_KEYS", "PARLEY_HANDOVER_WEBHOOK_SECRET"])
def test_a_secret_is_not_shown_with_the_settings(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, SECRET)
    assert SECRET not in repr(load(GatewaySettings))

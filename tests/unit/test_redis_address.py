"""Where Redis is: URLs as operators write them, the same for Parley's connections and Celery's."""

import ssl
from typing import Any

import pytest
from celery import Celery

from shared.connection import connect
from shared.errors import SettingsError, UnsuitableRedis
from shared.redis_address import (
    ClusterAddress,
    SentinelAddress,
    read_redis_address,
    without_password,
)
from shared.settings import CommonSettings, load
from workers.celery_link import celery_link

COMPARED = ("host", "port", "path", "db", "username", "password", "client_name",
            "ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile",
            "ssl_check_hostname", "ssl_min_version")  # fmt: skip
# Each half has its own value for these, unless the URL gives one.
DIFFERING = ("socket_timeout", "socket_connect_timeout", "socket_keepalive",
             "health_check_interval")  # fmt: skip


def own_half(url: str) -> dict[str, Any]:
    with connect(url) as client:
        return dict(client.connection_pool.connection_kwargs)


def celery_halves(url: str) -> list[dict[str, Any]]:
    """Return how Celery would connect: its transport, and its result backend."""
    with Celery("somebody", set_as_current=False) as app:
        app.conf.update(celery_link(url))
        transport: Any = app.connection_for_read().transport
        channel = transport.Channel.__new__(transport.Channel)
        channel.connection = transport
        options = transport.client.transport_options
        for name in channel.from_transport_options:
            if name in options:
                setattr(channel, name, options[name])
        return [channel._connparams(), dict(app.backend.connparams)]


def shown(parameters: dict[str, Any], url: str) -> dict[str, Any]:
    names = (*COMPARED, *(name for name in DIFFERING if name in url))
    found = {name: parameters.get(name) for name in names}
    return {name: value for name, value in found.items() if value} | {"db": int(found["db"] or 0)}


@pytest.mark.parametrize(
    "url",
    [
        "redis://one",
        "redis://one/",
        "REDIS://one:6380/0/",
        "redis://one:6380/5",
        "redis://one:6380?db=5",
        "redis://one:6380/?db=0",
        "valkey://one:6380/5",
        "redis://:p%40s%3Ds%2F@one:6380/5",
        "redis://app:p%3As@[fd00::12]:6380/5",
        "redis://one/0?username=app&password=p%40ss",
        "redis://one/0?health_check_interval=30&socket_keepalive=true&protocol=3",
        "redis://one/0?socket_timeout=30&socket_connect_timeout=3&client_name=parley",
        "redis://one/0?retry_on_timeout=true",
        "unix:///run/redis%20one.sock",
        "unix:///run/redis.sock?db=5",
        "redis+socket:///run/redis.sock?virtual_host=5",
        "unix://app:p%40ss@/run/redis.sock?db=5",
        "rediss://one:6380/5",
        "valkeys://one:6380/5",
        "rediss://one/0?ssl_cert_reqs=none",
        "rediss://one/0?ssl_cert_reqs=CERT_NONE",
        "rediss://one/0?ssl_cert_reqs=Optional",
        "rediss://one/0?ssl_cert_reqs=CERT_OPTIONAL",
        "rediss://one/0?ssl_cert_reqs=required&ssl_check_hostname=false",
        "rediss://one/0?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=/etc/ca%20one.pem",
        "rediss://one/0?ssl_certfile=/etc/c.pem&ssl_keyfile=/etc/k.pem&ssl_min_version=TLSv1_3",
    ],
)
def test_both_halves_are_told_the_same(url: str) -> None:
    own = shown(own_half(url), url)
    assert [shown(half, url) for half in celery_halves(url)] == [own, own]


@pytest.mark.parametrize(
    ("option", "mode"),
    [
        ("none", ssl.CERT_NONE),
        ("CERT_NONE", ssl.CERT_NONE),
        ("cert_optional", ssl.CERT_OPTIONAL),
        ("CERT_REQUIRED", ssl.CERT_REQUIRED),
    ],
)
def test_each_spelling_of_the_certificate_check_is_read(option: str, mode: ssl.VerifyMode) -> None:
    url = f"rediss://one/0?ssl_cert_reqs={option}"
    assert own_half(url)["ssl_cert_reqs"] is mode
    assert [half["ssl_cert_reqs"] for half in celery_halves(url)] == [mode, mode]


def test_a_certificate_is_checked_unless_the_url_says_otherwise() -> None:
    assert own_half("rediss://one/0")["ssl_cert_reqs"] is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("sentinel://one:26379", "names a service"),
        ("sentinel://one:26379,/parley", "empty host"),
        ("sentinel://one:port/parley", "port"),
        ("sentinel://one/parley/x", "database"),
        ("sentinel://one/parley?ssl_cert_reqs=none", "ssl_cert_reqs needs"),
        ("sentinel://one/parley?health_check_interval=9", "not offered with sentinel"),
        ("http://127.0.0.1", "begin with one of redis://, rediss://"),
        ("127.0.0.1:6379", "begin with"),
        ("redis://one:0/0", "port"),
        ("redis://one:99999/0", "port"),
        ("redis://:hush#5x@one/0", "percent-encoded|%23"),
        ("redis://:hush/5x@one/0", "percent-encoded"),
        ("redis://[fd00::12/0", "bracket|ipv6"),
        ("redis://one/five", "database is a number"),
        ("redis://one/-1", "database is a number"),
        ("redis://one/0/1", "database is a number"),
        ("redis://one/1?db=2", "two databases"),
        ("redis://one/0?db=1&db=2", "db comes twice"),
        ("redis://one,two/0", "several servers"),
        ("redis://one:6379/0;redis://two:6379/0", "several servers"),
        ("unix://run/redis.sock", "three slashes"),
        ("unix://", "three slashes"),
        ("redis://one/0?ssl_cert_reqs=none", "ssl_cert_reqs needs a url that begins with rediss"),
        ("rediss://one/0?ssl_cert_reqs=maybe", "ssl_cert_reqs cannot be 'maybe'"),
        ("redis://one/0?protocol=2", "protocol cannot be '2': all connections speak resp3"),
        ("redis://one/0?socket_timeout=0.1", "socket_timeout cannot be '0.1': 1 second"),
        ("redis://one/0?socket_timeout=soon", "socket_timeout cannot be"),
        ("redis://one/0?socket_timeout=nan", "socket_timeout cannot be"),
        ("redis://one/0?health_check_interval=1.5", "health_check_interval cannot be"),
        ("redis://one/0?socket_keepalive=maybe", "socket_keepalive cannot be"),
        ("redis://one/0?retry_on_timeout=false", "retry_on_timeout cannot be"),
        ("redis://one/0?max_connections=5", "max_connections is not offered"),
        ("redis://one/0?decode_responses=true", "decode_responses is not offered"),
        ("redis://one/0?no_such=1", "no_such is not offered"),
    ],
)
def test_a_faulty_url_is_one_sentence_without_its_password(url: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=f"PARLEY_REDIS_URL is .*({fault})") as told:
        load(CommonSettings, redis_url=url)
    assert "hush" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_url_is_shown_without_what_is_secret_in_it() -> None:
    assert (
        without_password("redis://a:s@one/0?password=t&db=1") == "redis://…@one/0?password=…&db=1"
    )
    assert without_password("sentinel://one/p?sentinel_password=t").endswith("_password=…")
    assert without_password("redis://:s/e#c@one/0") == "redis://…@one/0"
    assert without_password("redis://one/0") == "redis://one/0"


def test_a_sentinel_url_is_read() -> None:
    url = "sentinel://app:p%40ss@one:26380,two/parley/3?sentinel_password=s3"
    sentinels = (("one", 26380), ("two", 26379))
    assert read_redis_address(url) == SentinelAddress(sentinels, "parley", 3, "app", "p@ss", "s3")
    assert "p@ss" not in repr(read_redis_address(url))


def test_celery_is_told_of_the_sentinels() -> None:
    link = celery_link("sentinel://:se%40cret@one:26380,two/parley/3?client_name=nine")
    expected = "sentinel://:se%40cret@one:26380/3;sentinel://:se%40cret@two:26379/3"
    assert link["broker_url"] == link["result_backend"] == expected
    assert link["broker_transport_options"]["master_name"] == "parley"
    assert link["broker_transport_options"]["client_name"] == "nine"
    assert link["result_backend_transport_options"]["master_name"] == "parley"
    assert link["redis_client_name"] == "nine"


@pytest.mark.parametrize(
    "url",
    ["redis://:hush@one/0?health_check_interval=30", "unix:///r.sock?health_check_interval=30",
     "rediss://:hush@one/0?ssl_password=hush", "sentinel://:hush@one/p?sentinel_password=hush"],
)  # fmt: skip
def test_the_configuration_can_be_shown_and_shows_no_password(url: str) -> None:
    with Celery("somebody", set_as_current=False) as app:
        app.conf.update(celery_link(url))
        assert "hush" not in str(app.conf.table())


def test_a_cluster_is_named_by_some_of_its_nodes() -> None:
    address = read_redis_address("redis+cluster://anna:p%40ss@one,[::1]:7001/0?socket_timeout=3")
    assert isinstance(address, ClusterAddress)
    assert address.nodes == (("one", 6379), ("::1", 7001))
    assert (address.username, address.password, address.tls) == ("anna", "p@ss", False)
    node = address.node("two", 7)
    assert (node.host, node.port, node.password) == ("two", 7, "p@ss")
    assert node.options.given["socket_timeout"] == 3.0
    secure = read_redis_address("valkeys+cluster://one?ssl_cert_reqs=none")
    assert isinstance(secure, ClusterAddress)
    assert secure.tls
    assert secure.options.tls["ssl_cert_reqs"] is ssl.CERT_NONE
    assert without_password("redis+cluster://a:b@one,two") == "redis+cluster://…@one,two"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("redis+cluster://one/1", "no database but 0"),
        ("redis+cluster://one,,two", "empty host"),
        ("redis+cluster://one?ssl_ca_certs=x", "needs a URL that begins with rediss"),
        ("redis+cluster://one:0", "port 0"),
        ("redis://one,two", r"redis\+cluster://one,two are"),
    ],
)
def test_what_is_wrong_with_a_clusters_url_is_told(url: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_redis_address(url)


def test_celery_gets_a_prefix_in_one_slot_and_a_transport_that_finds_it() -> None:
    link = celery_link("rediss+cluster://:secret@one:7001,two:7002")
    assert link["broker_url"].startswith("rediss://:secret@one:7001/0")
    assert link["broker_transport"] == "workers.celery_cluster:ClusterTransport"
    assert link["result_backend"].startswith("workers.celery_cluster:ClusterBackend+rediss://")
    for name in ("broker_transport_options", "result_backend_transport_options"):
        assert link[name]["global_keyprefix"] == "{inference}_"


def test_a_cluster_has_no_connection_as_a_whole() -> None:
    with pytest.raises(UnsuitableRedis, match="cluster"):
        connect("redis+cluster://one")

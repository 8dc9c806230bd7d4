"""Where Redis is: URLs as operators write them, and as Celery wants them."""

import ssl

import pytest

from shared.errors import SettingsError
from shared.redis_address import SentinelAddress, read_sentinel_address
from shared.settings import CommonSettings, load
from workers.celery_link import celery_link


def test_a_sentinel_url_is_read() -> None:
    url = "sentinel://app:p%40ss@one:26380,two/parley/3?sentinel_password=s3"
    sentinels = (("one", 26380), ("two", 26379))
    assert read_sentinel_address(url) == SentinelAddress(
        sentinels, "parley", 3, "app", "p@ss", "s3"
    )
    assert "p@ss" not in repr(read_sentinel_address(url))


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("sentinel://one:26379", "names a service"),
        ("sentinel://one:26379,/parley", "empty host"),
        ("sentinel://one:port/parley", "port"),
        ("sentinel://one/parley/x", "database"),
    ],
)
def test_a_faulty_sentinel_url_is_a_sentence(url: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=f"PARLEY_REDIS_URL is .*{fault}"):
        load(CommonSettings, redis_url=url)


def test_celery_is_told_of_the_sentinels() -> None:
    link = celery_link("sentinel://:secret@one:26380,two/parley/3")
    expected = "sentinel://:secret@one:26380;sentinel://:secret@two:26379/3"
    assert link["broker_url"] == link["result_backend"] == expected
    assert link["broker_transport_options"]["master_name"] == "parley"
    assert link["result_backend_transport_options"]["master_name"] == "parley"


def test_celery_checks_the_certificate() -> None:
    link = celery_link("rediss://app:secret@one:6380/0?ssl_ca_certs=/etc/ca.pem")
    assert link["broker_url"] == link["result_backend"] == "rediss://app:secret@one:6380/0"
    for side in ("broker_use_ssl", "redis_backend_use_ssl"):
        assert link[side]["ssl_cert_reqs"] is ssl.CERT_REQUIRED
        assert link[side]["ssl_ca_certs"] == "/etc/ca.pem"


def test_a_plain_server_and_a_socket_are_told_as_they_are() -> None:
    assert celery_link("redis://one:6379/0")["broker_url"] == "redis://one:6379/0"
    assert celery_link("unix:///run/redis.sock")["broker_url"] == "redis+socket:///run/redis.sock"

"""Ids of tenants."""

import pytest

from shared import tenants
from shared.identifiers import is_scoped_identifier


@pytest.mark.parametrize("tenant", ["default", "acme", "shop-2"])
@pytest.mark.parametrize("local_id", ["a", "whatsapp:+49 170", "Müller/1"])
def test_a_scoped_id_gives_back_tenant_and_id(tenant: str, local_id: str) -> None:
    scoped = tenants.scope(tenant, local_id)

    assert (tenants.tenant_of(scoped), tenants.local(scoped)) == (tenant, local_id)


def test_ids_of_the_default_tenant_stay_as_they_are() -> None:
    assert tenants.scope("default", "anna") == "anna"


def test_no_printable_id_can_pose_as_another_tenants() -> None:
    assert not tenants.SEPARATOR.isprintable()


@pytest.mark.parametrize("name", ["", "Acme", "a b", "-a", "a" * 64, "a\n", "a/b"])
def test_a_tenants_name_is_plain(name: str) -> None:
    assert not tenants.is_tenant_name(name)


@pytest.mark.parametrize("scoped", ["A b\x1fid", "\x1fid", "default\x1fid", "acme\x1f"])
def test_what_stands_before_the_separator_must_name_a_tenant(scoped: str) -> None:
    assert not is_scoped_identifier(scoped)


def test_an_operator_sees_the_tenant_before_the_id() -> None:
    assert tenants.shown(tenants.scope("acme", "a-1")) == "acme/a-1"
    assert tenants.shown("a-1") == "a-1"

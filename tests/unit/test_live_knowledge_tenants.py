"""Bases of tenants that come, change and break while messages come."""

from pathlib import Path

import pytest

from shared.errors import KnowledgeError
from tests.support.live_stand import PAY, Stand


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embed the small talk once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def stand(tmp_path: Path, cache: Path) -> Stand:
    return Stand(tmp_path, cache)


def test_the_base_of_a_tenant_answers_its_own_people_only(stand: Stand) -> None:
    stand.write("By Acme card.", "tenants/acme/faq.yaml")
    stand.write("Acme only.", "tenants/acme/more.yaml", id="own", question="What is Acme?")
    stand.open()
    replies = stand.ask_all(
        stand.job(PAY), stand.job(PAY, "acme"), stand.job(PAY, "bolt"), stand.job(PAY, "acme")
    )
    assert [each.response for each in replies] == [
        "By card.",
        "By Acme card.",
        "By card.",
        "By Acme card.",
    ]
    assert stand.ask("What is Acme?", "acme").answer.id == "own"
    assert stand.ask("What is Acme?", "bolt").answer.id != "own"
    assert [(each.tenant, each.entries) for each in stand.live.status()] == [(None, 1), ("acme", 2)]


def test_only_the_tenants_base_that_changed_is_built_again(stand: Stand) -> None:
    for tenant in ("acme", "bolt"):
        stand.write(f"At {tenant}.", f"tenants/{tenant}/faq.yaml")
    stand.open()
    stand.builder.built.clear()
    stand.write("New.", "tenants/bolt/faq.yaml")
    stand.settle()
    assert stand.builder.built == ["bolt"]
    assert stand.ask(tenant="acme").response == "At acme."
    assert stand.ask(tenant="bolt").response == "New."


def test_a_tenant_with_a_faulty_base_gets_no_answers_and_the_others_theirs(stand: Stand) -> None:
    stand.write("[]", "tenants/acme/faq.yaml")
    stand.open()
    assert stand.knows_nothing("acme")
    assert stand.ask(tenant="bolt").response == "By card."
    status = stand.live.status()[1]
    assert (status.tenant, status.revision, status.entries) == ("acme", "", 0)
    assert status.refused is not None
    stand.write("Mended.", "tenants/acme/faq.yaml")
    stand.settle()
    assert stand.ask(tenant="acme").response == "Mended."


def test_a_tenants_base_may_come_break_and_go_while_messages_come(stand: Stand) -> None:
    stand.open()
    stand.write("[]", "tenants/acme/faq.yaml")
    stand.settle()
    assert stand.ask(tenant="acme").response == "By card.", "the old one stays"
    assert stand.live.status()[1].refused is not None
    stand.write("At Acme.", "tenants/acme/faq.yaml")
    stand.settle()
    assert stand.ask(tenant="acme").response == "At Acme."
    (stand.kb / "tenants/acme/faq.yaml").unlink()
    (stand.kb / "tenants/acme").rmdir()
    stand.settle()
    assert stand.ask(tenant="acme").response == "By card."


def test_tenants_alone_need_no_shared_base(stand: Stand) -> None:
    (stand.kb / "faq.yaml").unlink()
    stand.write("At Acme.", "tenants/acme/faq.yaml")
    stand.open()
    assert stand.ask(tenant="acme").response == "At Acme."
    assert stand.knows_nothing("bolt")
    assert stand.ask("hello", tenant="bolt").answer.kind == "smalltalk"


def test_a_faulty_shared_base_keeps_a_worker_from_starting(stand: Stand) -> None:
    stand.write("[]")
    with pytest.raises(KnowledgeError, match=r"faq\.yaml:1: "):
        stand.open()

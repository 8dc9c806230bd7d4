"""What editors accept is answered at once; gaps are grouped beside the base that is in place."""

from pathlib import Path

import pytest

from shared.drafts import Draft, DraftOutcome
from tests.support.live_stand import PAY, Stand
from workers.gaps import Gap

WIFI = Draft("d-1", "entry", "wifi", 1.0, "Is there wifi here?", "Join Guest.")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embed the small talk once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def stand(tmp_path: Path, cache: Path) -> Stand:
    stand = Stand(tmp_path, cache)
    stand.open()
    return stand


def test_an_accepted_entry_is_answered_after_one_look_and_gone_when_taken_back(
    stand: Stand,
) -> None:
    before = stand.shared().revision
    stand.drafts.kept["default"] = [WIFI]
    stand.live.step()
    assert stand.ask("Is there wifi here?").response == "Join Guest."
    assert stand.ask(PAY).response == "By card."
    assert (stand.shared().entries, stand.shared().revision != before) == (2, True)
    assert stand.drafts.told == {"default": {"d-1": DraftOutcome("live", 1.0)}}

    stand.drafts.kept["default"] = []
    stand.live.step()
    assert stand.ask("Is there wifi here?").answer.id != "wifi"
    assert stand.shared().revision == before


def test_a_worker_that_starts_has_them_at_once(tmp_path: Path, cache: Path) -> None:
    stand = Stand(tmp_path, cache)
    stand.drafts.kept["default"] = [WIFI]
    stand.open()
    assert stand.ask("Is there wifi here?").response == "Join Guest."
    assert stand.drafts.told["default"]["d-1"].state == "live"


def test_a_redis_that_does_not_answer_makes_no_look_rarer(stand: Stand) -> None:
    stand.drafts.asking = lambda: stand.clock.advance(4.0)
    assert stand.live.step() == 1.0
    stand.write("In cash.")
    stand.settle()
    assert stand.ask(PAY).response == "In cash."


def test_nothing_is_built_again_while_nothing_changes(stand: Stand) -> None:
    stand.drafts.kept["default"] = [WIFI]
    stand.live.step()
    built = len(stand.builder.built)
    for _ in range(3):
        stand.live.step()
    assert len(stand.builder.built) == built


def test_a_file_that_says_it_too_makes_the_draft_needless(stand: Stand) -> None:
    stand.drafts.kept["default"] = [WIFI]
    stand.write("Join Guest.", "more.yaml", id="wifi", question="Is there wifi here?")
    stand.settle()
    assert stand.drafts.told["default"]["d-1"].state == "in_base"
    assert (stand.shared().refused, stand.shared().entries) == (None, 2)


def test_a_refused_base_says_nothing_of_its_drafts(stand: Stand) -> None:
    stand.write("[]")
    stand.drafts.kept["default"] = [WIFI]
    stand.settle()
    assert stand.drafts.told == {}
    stand.write("By card.")
    stand.settle()
    assert stand.drafts.told["default"]["d-1"].state == "live"


def test_gaps_are_grouped_beside_the_base_when_somebody_looks(stand: Stand) -> None:
    texts = ("Wifi?", "wifi", "Dogs", PAY)
    stand.gaps.kept["default"] = [Gap(text, "fallback", None) for text in texts]
    stand.live.group_gaps()
    assert stand.gaps.made == {}, "nobody looks"

    stand.gaps.asked = ["default"]
    stand.live.group_gaps()
    made = stand.gaps.made["default"]
    assert [(each.question, each.times) for each in made.groups] == [
        ("Wifi?", 2),
        ("Dogs", 1),
        (PAY, 1),
    ]
    assert made.groups[2].answered
    assert (made.groups[2].nearest, made.at, made.messages) == ("pay", stand.clock.now(), 4)

    embedded = stand.builder.encoder.embedded
    stand.gaps.asked = ["default"]
    stand.live.group_gaps()
    assert stand.gaps.made["default"] is made, "nothing has changed"
    stand.gaps.kept["default"].append(Gap("Kettles", "fallback", None))
    stand.gaps.asked = ["default"]
    stand.live.group_gaps()
    assert len(stand.gaps.made["default"].groups) == 4
    assert stand.builder.encoder.embedded == embedded + 1


def test_without_gaps_there_are_no_groups_and_without_redis_no_fault(stand: Stand) -> None:
    stand.gaps.asked = ["acme"]
    stand.live.group_gaps()
    assert stand.gaps.made["acme"].groups == ()
    stand.gaps.available = False
    stand.live.group_gaps()
    assert list(stand.gaps.made) == ["acme"]

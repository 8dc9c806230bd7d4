"""Changed bases are swapped in whole, faulty ones refused, and tenants never meet."""

import logging
import os
import threading
from pathlib import Path

import pytest

from shared.errors import WorkerStopped
from shared.jobs import Reply
from tests.support.live_stand import NEUTRAL, PAY, Stand
from workers.consumer.jobs import BatchResult
from workers.dialogue.state import Dialogue, encode_dialogue
from workers.knowledge.encoder import encode
from workers.knowledge.files import signature
from workers.knowledge.watch import FileWatch
from workers.settings import VariantChoice
from workers.variants import assignment


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embed the small talk once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def stand(tmp_path: Path, cache: Path) -> Stand:
    return Stand(tmp_path, cache)


def test_a_changed_file_answers_and_the_reply_names_the_revision(stand: Stand) -> None:
    stand.open()
    before, began = stand.ask(), stand.clock.now()
    assert before.response == "By card."
    assert before.knowledge_revision == stand.shared().revision
    stand.clock.advance(5)
    stand.write("By invoice.")
    stand.settle()
    after = stand.ask()
    assert after.response == "By invoice."
    assert after.knowledge_revision == stand.shared().revision != before.knowledge_revision
    assert stand.shared().since == began + 5
    assert stand.counted() == (1, 0)


def test_files_that_come_and_go_are_noticed(stand: Stand) -> None:
    stand.open()
    stand.write("Monday to Friday.", "hours.jsonl.yaml", id="hours", question="When?")
    stand.settle()
    assert (stand.ask("When?").answer.id, stand.shared().entries) == ("hours", 2)
    (stand.kb / "hours.jsonl.yaml").unlink()
    stand.settle()
    assert stand.ask("When?").answer.id != "hours"


def test_the_swap_of_a_config_map_is_noticed(stand: Stand) -> None:
    (stand.kb / "faq.yaml").unlink()
    for name, answer in (("..one", "By card."), ("..two", "By cash.")):
        stand.write(answer, f"{name}/faq.yaml")
    (stand.kb / "..data").symlink_to("..one")
    (stand.kb / "faq.yaml").symlink_to("..data/faq.yaml")
    stand.open()
    assert stand.ask().response == "By card."
    (stand.kb / "..new").symlink_to("..two")
    os.replace(stand.kb / "..new", stand.kb / "..data")  # noqa: PTH105 - as the kubelet does
    stand.settle()
    assert stand.ask().response == "By cash."


def test_a_faulty_base_is_refused_told_once_and_the_old_one_stays(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    stand.open()
    before = stand.shared()
    stand.write("[]")
    with caplog.at_level(logging.ERROR):
        stand.settle()
        stand.settle()
        (stand.kb / "faq.yaml").touch()
        stand.settle()
    assert len(caplog.records) == 1
    place = f"{stand.kb / 'faq.yaml'}:1"
    assert place in caplog.text
    assert stand.ask().response == "By card."
    now = stand.shared()
    assert (now.revision, now.since) == (before.revision, before.since)
    assert now.refused is not None
    assert now.refused.startswith(place)
    assert stand.counted() == (0, 1)
    stand.write("By cash.")
    stand.settle()
    assert (stand.ask().response, stand.shared().refused) == ("By cash.", None)


def test_a_base_that_vanishes_or_is_emptied_is_refused(stand: Stand) -> None:
    stand.open()
    (stand.kb / "faq.yaml").unlink()
    stand.settle()
    assert stand.ask().response == "By card."
    assert "holds no" in (stand.shared().refused or "")
    stand.kb.rmdir()
    stand.settle()
    assert stand.ask().response == "By card."


def test_files_on_their_way_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "faq.yaml"
    file.write_text("- one")
    watch = FileWatch(lambda: signature(tmp_path))
    assert not watch.changed()
    file.write_text("- one\n- two")
    assert not watch.changed(), "it may not be written whole"
    file.write_text("- one\n- two\n- three")
    assert not watch.changed()
    assert watch.changed()
    file.write_text("- four")
    assert not watch.take(), "what was read may be half old and half new"
    assert not watch.changed() or watch.take()
    assert not watch.changed()


def test_what_changes_only_in_form_is_not_built_again(stand: Stand) -> None:
    stand.open()
    revision, built = stand.shared().revision, len(stand.builder.built)
    stand.write_text(f'# by hand\n- id: pay\n  question: "{PAY}"\n  answer: |\n    By card.\n')
    stand.settle()
    assert (stand.shared().revision, len(stand.builder.built)) == (revision, built)


def test_a_base_that_cannot_be_built_leaves_the_old_one_and_is_tried_again(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    stand.open()
    stand.builder.broken = True
    stand.write("By cash.")
    with caplog.at_level(logging.ERROR):
        stand.settle()
        stand.clock.advance(60)
        stand.settle()
    assert stand.ask().response == "By card."
    assert "out of memory" in (stand.shared().refused or "")
    assert len(caplog.records) == 1
    stand.builder.broken = False
    stand.settle()
    assert stand.ask().response == "By card.", "not before its time"
    stand.clock.advance(60)
    stand.settle()
    assert (stand.ask().response, stand.shared().refused) == ("By cash.", None)


def test_only_new_texts_are_embedded(stand: Stand) -> None:
    stand.open()
    embedded = stand.builder.encoder.embedded
    stand.write("By cheque of all things.")
    stand.settle()
    assert stand.builder.encoder.embedded == embedded + 1


def test_a_batch_keeps_the_revision_that_it_began_with(stand: Stand) -> None:
    live = stand.open()
    jobs = (stand.job(PAY), stand.job("hello"))
    vectors = encode(stand.builder.encoder, [PAY, "hello"])
    drafts = live.draft(BatchResult(jobs, vectors, 0.0, 0.0))
    old = stand.shared().revision
    stand.write("By cash.")
    stand.settle()
    replies = [draft.finish(NEUTRAL, 0.0).reply for draft in drafts]
    assert replies[0].response == "By card."
    assert {each.knowledge_revision for each in replies} == {old}


def test_no_reply_mixes_revisions_while_bases_change(stand: Stand) -> None:
    stand.open()
    said = {stand.shared().revision: "By card."}
    replies: list[Reply] = []
    over = threading.Event()

    def ask_on() -> None:
        while not over.is_set():
            replies.extend(stand.ask_all(stand.job(PAY), stand.job(PAY)))

    asking = threading.Thread(target=ask_on)
    asking.start()
    for number in range(8):
        stand.write(f"Answer {number}.")
        stand.settle()
        said[stand.shared().revision] = f"Answer {number}."
    over.set()
    asking.join()
    assert len(said) == 9
    assert all(said[each.knowledge_revision or ""] == each.response for each in replies)
    assert all(
        first.knowledge_revision == second.knowledge_revision
        for first, second in zip(replies[::2], replies[1::2], strict=True)
    )


@pytest.mark.parametrize("variant", ["tfidf", "ab"])
def test_every_variant_answers_from_the_base_in_place(stand: Stand, variant: VariantChoice) -> None:
    stand.builder.variant = variant
    stand.open()
    assigned = {assignment(variant)(name): name for name in "abcdefgh"}

    def answered() -> str:
        """Ask in a conversation of each variant; return what all of them say."""
        jobs = [stand.job(PAY, conversation=name) for name in assigned.values()]
        replies = stand.ask_all(*jobs)
        assert [each.variant for each in replies] == list(assigned)
        assert {each.knowledge_revision for each in replies} == {stand.shared().revision}
        (said,) = {each.response for each in replies}
        return said

    stand.write("By cash.")
    stand.settle()
    assert answered() == "By cash."
    stand.write_text("- id: pay\n", "more.yaml")
    stand.settle()
    assert (answered(), stand.counted()) == ("By cash.", (1, 1))
    (stand.kb / "more.yaml").unlink()
    stand.write("By cheque.")
    stand.settle()
    assert (answered(), stand.shared().refused) == ("By cheque.", None)


@pytest.mark.parametrize("message", ["the second one", "2", PAY])
def test_an_offered_entry_that_is_gone_is_no_fault(stand: Stand, message: str) -> None:
    stand.open()
    dialogue = encode_dialogue(Dialogue("words", offered=("pay", "gone"), unclear=1))
    reply = stand.ask(message, dialogue=dialogue)
    assert reply.answer.id != "gone"
    assert (reply.response == "By card.") == (message == PAY)


def test_a_worker_that_stops_builds_no_base(
    stand: Stand, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = stand.open()
    stand.write("By invoice.", question="What do you take at the till?")
    live.step()  # the file must rest for a look
    stand.context.stopping.set()
    with pytest.raises(WorkerStopped):
        live.step()
    assert stand.counted() == (0, 0)
    assert caplog.text == ""
    with pytest.raises(WorkerStopped):
        stand.open()


def test_a_stop_in_the_middle_of_a_base_ends_the_thread_without_a_word(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    live, looks = stand.open(), []

    def look() -> None:
        looks.append(1)
        raise WorkerStopped

    monkeypatch.setattr(live, "step", look)
    monkeypatch.setattr("workers.live_knowledge._LOOK_SECONDS", 0.0)
    live.run()
    assert looks == [1]
    assert caplog.text == ""

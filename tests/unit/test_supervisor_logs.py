"""Logs of the parts: bounded, and quoted from the latest start."""

from pathlib import Path

from infra.supervisor.logs import LogFolder


def test_an_earlier_runs_log_is_put_aside_once(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path)
    logs.begin(["part"])
    logs.path("part").write_text("first")
    logs.begin(["part"])
    logs.path("part").write_text("second")
    logs.begin(["part"])
    assert (tmp_path / "part.log.1").read_text() == "second"
    assert not logs.path("part").exists()


def test_a_log_that_grew_too_long_is_cut_while_its_writer_goes_on(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path, max_bytes=100)
    with logs.open("part", ("run",)) as log:
        log.write(b"x" * 200 + b"\n")
        logs.bound(["part", "absent"])
        log.write(b"after\n")
    assert logs.path("part").read_bytes() == b"after\n"
    assert (tmp_path / "part.log.1").stat().st_size > 200


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path, max_bytes=100)
    logs.path("part").write_text("short")
    logs.bound(["part"])
    assert logs.path("part").read_text() == "short"


def test_the_tail_begins_at_the_latest_start(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path)
    for word in ("old", "new"):
        with logs.open("part", ("run", "it")) as log:
            log.write(f"{word} 1\n\n{word} 2\n{word} 3\n".encode())
    assert logs.tail("part", lines=2) == "new 2\nnew 3"
    assert logs.tail("absent") == ""


def test_the_last_words_are_the_sentence_whatever_a_library_logs_after_it(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path)
    with logs.open("llm", ("run",)) as log:
        log.write(b"loads\nparley llm: the file is damaged\nE srv init: exiting\n")
    assert logs.last_words("llm") == "the file is damaged"
    with logs.open("llm", ("run",)) as log:
        log.write(b"killed\n")
    assert logs.last_words("llm") == "killed"
    assert logs.last_words("absent") == ""

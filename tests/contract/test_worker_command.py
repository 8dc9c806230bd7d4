"""`parley worker`: its exit code is that of Celery's worker, and a wrong option is a sentence."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ((), 1, "this worker cannot start: PARLEY_ENGINE is 'bad'"),
        (("--nonsense",), 2, "No such option '--nonsense'"),
    ],
)
def test_a_worker_that_cannot_start_says_why_and_fails(
    redis_url: str, options: tuple[str, ...], code: int, sentence: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "parley", "worker", "inference", *options],
        env={**os.environ, "PARLEY_REDIS_URL": redis_url, "PARLEY_ENGINE": "bad"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == code, ended.stderr
    assert sentence in ended.stderr

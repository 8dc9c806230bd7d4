"""What is said of a language model before the stack starts, and by the doctor."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import llama_server
from infra.http_client import HttpResponse
from infra.supervisor import language_model
from infra.supervisor.checks import check_ports
from infra.supervisor.language_model import check_language_model
from infra.supervisor.settings import LlamaSettings, StackSettings
from shared.errors import ModelError, ModelUnavailable, SettingsError, StackError
from shared.settings import load

MODELS = b'{"object": "list", "data": [{"id": "one"}, {"id": "two"}]}'
Answers = Callable[[int, bytes], list[tuple[str, str, object]]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackSettings:
    monkeypatch.delenv("PARLEY_REDIS_URL", raising=False)
    return load(StackSettings, data_dir=tmp_path)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Have every GET answered; return the list of what is asked."""

    def answer(status: int, body: bytes) -> list[tuple[str, str, object]]:
        asked: list[tuple[str, str, object]] = []

        def get(url: str, path: str, seconds: float, headers: object) -> HttpResponse:
            asked.append((url, path, headers))
            return HttpResponse(status, body, None)  # type: ignore[arg-type]

        monkeypatch.setattr(language_model, "get", get)
        return asked

    return answer


def gguf(folder: Path, content: bytes = b"GGUF and more") -> Path:
    path = folder / "small.gguf"
    path.write_bytes(content)
    return path


def refuse(warning: str) -> None:
    raise AssertionError(warning)


def elsewhere(settings: StackSettings, **values: object) -> StackSettings:
    return load(
        StackSettings,
        data_dir=settings.data_dir,
        llm_url="http://models.example:8000/v1",
        **values,
    )


def test_nothing_is_asked_without_a_voice(settings: StackSettings, answers: Answers) -> None:
    asked = answers(200, MODELS)
    assert check_language_model(settings, refuse) is None
    assert asked == []


def test_a_servers_models_are_asked_for_with_the_key(
    settings: StackSettings, answers: Answers
) -> None:
    asked = answers(200, MODELS)
    given = elsewhere(settings, llm_key="secret", llm_model="two")
    assert check_language_model(given, refuse) == "two at http://models.example:8000/v1"
    key = {"Authorization": "Bearer secret"}
    assert asked == [("http://models.example:8000", "/v1/models", key)]
    unnamed = elsewhere(settings)
    assert check_language_model(unnamed, refuse) == "one at http://models.example:8000/v1"


@pytest.mark.parametrize(
    ("status", "body", "model", "said"),
    [
        (401, b"", None, "refuses PARLEY_LLM_KEY"),
        (403, b"{}", None, "refuses PARLEY_LLM_KEY"),
        (404, b"not found", None, "mostly ends with /v1"),
        (200, b"<html>", None, "mostly ends with /v1"),
        (200, b"[1]", None, "mostly ends with /v1"),
        (200, MODELS, "three", r"no model 'three'.*\(one, two\)"),
        (200, b'{"data": []}', "three", r"no model 'three'.*\(none\)"),
    ],
)
def test_a_server_that_cannot_serve_is_a_warning(
    settings: StackSettings, answers: Answers, status: int, body: bytes, model: str, said: str
) -> None:
    answers(status, body)
    warnings: list[str] = []
    assert check_language_model(elsewhere(settings, llm_model=model), warnings.append) is None
    (warning,) = warnings
    assert "entries' own words" in warning
    with pytest.raises(ModelUnavailable, match=said):
        language_model.served_models(elsewhere(settings, llm_model=model))


@pytest.mark.parametrize(("target_ms", "warnings"), [(0, 1), (599, 1), (600, 0)])
def test_a_target_that_no_model_can_keep_is_a_warning(
    settings: StackSettings, answers: Answers, target_ms: int, warnings: int
) -> None:
    answers(200, MODELS)
    told: list[str] = []
    given = elsewhere(settings, voice_target_ms=target_ms)
    assert check_language_model(given, told.append) == "one at http://models.example:8000/v1"
    assert len(told) == warnings
    assert all(f"PARLEY_VOICE_TARGET_MS is {target_ms}," in each for each in told)
    silent = settings.model_copy(update={"voice_target_ms": target_ms})
    assert check_language_model(silent, refuse) is None


@pytest.mark.parametrize("url", ["http://m.example/v1?api-version=3", "http://m.example/v1#a"])
def test_an_address_with_a_query_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"PARLEY_LLM_URL is .*no query and no fragment"):
        load(StackSettings, llm_url=url)


def test_a_server_that_does_not_answer_is_a_warning(settings: StackSettings) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # and not listened on
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/v1"
        warnings: list[str] = []
        given = load(StackSettings, data_dir=settings.data_dir, llm_url=url)
        assert check_language_model(given, warnings.append) is None
    assert "does not answer" in warnings[0]


def test_a_model_file_is_looked_at(settings: StackSettings, tmp_path: Path) -> None:
    given = settings.model_copy(update={"llm_gguf": gguf(tmp_path)})
    assert check_language_model(given, refuse) == "small.gguf, 0 MB, served on port 8091"
    gguf(tmp_path, b"<html>not what was asked for")
    with pytest.raises(ModelError, match=r"small\.gguf, is no GGUF file"):
        check_language_model(given, refuse)


def test_a_missing_llama_cpp_says_what_installs_it(
    settings: StackSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings.model_copy(update={"llm_gguf": gguf(tmp_path)})
    monkeypatch.setattr(language_model, "find_spec", lambda name: None)
    with pytest.raises(StackError, match=r"make run.*requirements/llama\.txt"):
        check_language_model(given, refuse)
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(StackError, match="make run LLAMA=1"):
        llama_server.serve(load(LlamaSettings, llm_gguf=gguf(tmp_path)))


def test_the_server_needs_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match="PARLEY_LLM_GGUF is unset"):
        llama_server.serve(load(LlamaSettings))
    with pytest.raises(SettingsError, match=r"PARLEY_LLM_GGUF is .*no such file"):
        load(LlamaSettings, llm_gguf=tmp_path / "nowhere.gguf")
    monkeypatch.setenv("PARLEY_LLM_GGUF", str(gguf(tmp_path, b"zip")))
    assert llama_server.main() == 78
    assert capsys.readouterr().err.startswith("parley llm: PARLEY_LLM_GGUF, ")


@pytest.mark.parametrize(("processors", "threads"), [(1, 1), (2, 1), (4, 2), (16, 14), (None, 1)])
def test_the_server_leaves_processors_to_others(
    processors: int | None, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: processors)
    assert load(LlamaSettings).llm_thread_count == threads
    assert load(LlamaSettings, llm_threads=3).llm_thread_count == 3


def test_the_servers_port_must_be_free_where_it_is_started(
    settings: StackSettings, tmp_path: Path
) -> None:
    taken = settings.http_port
    given = settings.model_copy(update={"llm_port": taken, "llm_gguf": gguf(tmp_path)})
    with pytest.raises(StackError, match=f"PARLEY_HTTP_PORT and PARLEY_LLM_PORT are both {taken}"):
        check_ports(given)

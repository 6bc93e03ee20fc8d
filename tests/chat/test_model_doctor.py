import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.model_doctor import report, run
from chat.settings import Settings
from tests.fakes import bedrock_server
from tests.fakes.bedrock_server import BedrockServer
from tests.fakes.ollama_server import OllamaServer
from tests.fakes.wire import Fault

NOVA = "bedrock_converse:amazon.nova-lite-v1:0"


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockServer]:
    bedrock_server.use_credentials(monkeypatch)
    with BedrockServer() as server:
        yield server


def settings_for(server: BedrockServer, index: Path, **more: object) -> Settings:
    fields: dict[str, object] = {
        "index": index,
        "model": NOVA,
        "bedrock_region": "us-east-1",
        "bedrock_endpoint_url": server.url,
        **more,
    }
    return Settings(**fields)  # type: ignore[arg-type]


def test_a_set_up_that_works_is_told_with_its_first_word(
    bedrock: BedrockServer, index_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(settings_for(bedrock, index_folder), as_json=False) == 0
    text = capsys.readouterr().out
    assert "FAIL" not in text and "All is well." in text
    assert "us-east-1" in text and "from env" in text
    assert "first word after" in text and "prompt caching on" in text
    assert len(bedrock.calls) == 1


def test_the_secret_key_is_not_in_the_report(
    bedrock: BedrockServer, index_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(settings_for(bedrock, index_folder), as_json=False)
    text = capsys.readouterr().out
    assert bedrock_server.SECRET_KEY not in text and bedrock_server.ACCESS_KEY not in text


def test_each_failure_is_one_line_that_says_what_to_do(
    bedrock: BedrockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(
        bedrock,
        tmp_path / "no-index",
        model=f"bedrock_converse:{bedrock_server.DENIED}",
        models=["ollama:llama3.2", "nonsense"],
        ollama_base_url="http://127.0.0.1:9",
    )
    assert report(settings, as_json=False) == 1
    text = capsys.readouterr().out
    failed = [line for line in text.splitlines() if line.startswith("FAIL")]
    assert len(failed) == 4
    assert "There is no index in" in text
    assert "no access to" in text
    assert "ollama serve" in text
    assert "4 of 7 checks failed." in text
    assert "Traceback" not in text


def test_missing_credentials_fail_their_own_line(
    bedrock: BedrockServer, index_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    checks = {
        (check.provider, check.what): check
        for check in run(settings_for(bedrock, index_folder, bedrock_region=None))
    }
    assert not checks["bedrock_converse", "region"].ok
    assert "aws configure" in checks["bedrock_converse", "credentials"].detail
    assert not checks[NOVA, "answers"].ok


def test_the_json_form_says_whether_all_is_well(
    bedrock: BedrockServer, index_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bedrock.faults.append(Fault(after=2, event="internalServerException"))
    assert report(settings_for(bedrock, index_folder), as_json=True) == 1
    value = json.loads(capsys.readouterr().out)
    assert value["ok"] is False
    assert set(value["checks"][0]) == {"provider", "what", "ok", "detail", "seconds"}


def test_without_a_model_only_the_index_is_checked(
    index_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(index=index_folder)
    assert [check.provider for check in run(settings)] == ["index", "extractive"]
    assert report(settings, as_json=False) == 0
    assert "Not set up: bedrock_converse:" in capsys.readouterr().out


def test_several_models_are_each_asked(index_folder: Path) -> None:
    with OllamaServer(models=("a:latest", "b:latest")) as ollama:
        settings = Settings(
            index=index_folder, model="ollama:a", models=["ollama:b"], ollama_base_url=ollama.url
        )
        assert all(check.ok for check in run(settings))
        assert [call.body["model"] for call in ollama.calls] == ["a", "b"]
        assert ollama.calls[0].body["options"]["num_predict"] < 100

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.answer import EXTRACTIVE, Usage
from chat.history import History
from chat.models import Availability, available
from chat.settings import Settings
from tests.fakes import bedrock_server
from tests.fakes.ollama_server import OllamaServer
from tests.fakes.openai_server import OpenAIServer

NOWHERE = "http://127.0.0.1:9"
NOVA = "bedrock_converse:amazon.nova-lite-v1:0"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    bedrock_server.use_credentials(monkeypatch)


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(models=("llama3.2:3b", "qwen3:latest", "nomic-embed-text:latest")) as server:
        yield server


def found(**fields: object) -> dict[str, Availability]:
    settings = Settings(**{"ollama_base_url": NOWHERE, **fields})  # type: ignore[arg-type]
    return {model.spec: model for model in available(settings)}


def test_the_extractive_answerer_comes_first_and_is_always_usable() -> None:
    first = available(Settings(ollama_base_url=NOWHERE))[0]
    assert (first.spec, first.usable, first.reason) == (EXTRACTIVE, True, "")


def test_each_provider_that_can_not_be_used_says_why() -> None:
    models = found()
    assert "GUIDE_MODELS=bedrock_converse:" in models["bedrock_converse"].reason
    assert "GUIDE_OLLAMA_BASE_URL" in models["ollama"].reason
    assert "GUIDE_OPENAI_BASE_URL" in models["openai"].reason
    assert not any(models[name].usable for name in ("bedrock_converse", "ollama", "openai"))


def test_what_ollama_has_is_offered_without_its_embedding_models(ollama: OllamaServer) -> None:
    models = found(ollama_base_url=ollama.url, model="ollama:qwen3", models=["ollama:gone"])
    offered = {spec for spec, model in models.items() if model.usable and "ollama" in spec}
    assert offered == {"ollama:qwen3", "ollama:llama3.2:3b"}
    assert "ollama pull gone" in models["ollama:gone"].reason


def test_what_a_server_of_ones_own_lists_is_offered() -> None:
    with OpenAIServer(models=("a", "b")) as server:
        models = found(openai_base_url=server.base_url)
        assert models["openai:a"].usable and models["openai:b"].usable
        assert models["openai:a"].label == "a (OpenAI-compatible)"


def test_a_server_that_wants_a_key_is_told_with_the_setting() -> None:
    with OpenAIServer(key="sk-needed") as server:
        models = found(openai_base_url=server.base_url, models=["openai:local-8b"])
    assert "GUIDE_OPENAI_API_KEY" in models["openai:local-8b"].reason


def test_a_page_that_is_no_model_server_is_told_apart(ollama: OllamaServer) -> None:
    models = found(openai_base_url=ollama.url + "/v1")
    assert "HTTP 404" in models["openai"].reason


def test_bedrock_is_usable_with_credentials_and_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(model=NOVA, bedrock_region="us-east-1")[NOVA].usable
    assert "GUIDE_BEDROCK_REGION" in found(model=NOVA)[NOVA].reason
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "aws configure" in found(model=NOVA, bedrock_region="us-east-1")[NOVA].reason


def test_a_string_that_names_nothing_is_listed_with_its_hint() -> None:
    assert "bedrock_converse:" in found(models=["bedrock:x"])["bedrock:x"].reason


def test_a_missing_model_file_is_listed_with_its_reason() -> None:
    model = found(models=["gguf:/no/such.gguf"])["gguf:/no/such.gguf"]
    assert not model.usable and "Check the path" in model.reason


def test_a_spent_budget_makes_paid_models_unusable(tmp_path: Path) -> None:
    history = History(tmp_path)
    settings = Settings(
        model=NOVA, bedrock_region="us-east-1", daily_budget_usd=1.0, ollama_base_url=NOWHERE
    )
    assert {m.spec: m.usable for m in available(settings, history)}[NOVA]
    history.log_call(NOVA, "answer", Usage(cost_usd=1.5), 1.0)
    (model,) = [m for m in available(settings, history) if m.spec == NOVA]
    assert not model.usable and "budget of $1.00" in model.reason


def test_a_server_that_hangs_does_not_keep_the_page_waiting() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.perf_counter()
        models = found(ollama_base_url=url, openai_base_url=url + "/v1")
        assert time.perf_counter() - started < 10
    assert "does not answer" in models["ollama"].reason
    assert "does not answer" in models["openai"].reason


def test_labels_are_short_and_say_where_a_model_runs() -> None:
    assert Availability(EXTRACTIVE, True).label == "Extractive (no model)"
    assert Availability(NOVA, True).label == "amazon.nova-lite-v1:0 (Bedrock)"
    assert Availability("gguf:/models/tiny.gguf", True).label == "tiny.gguf (this computer)"

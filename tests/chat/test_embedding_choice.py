"""An index with Bedrock's embeddings, from ingest to answer, and what happens without them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.answering import Answerer
from chat.settings import Settings
from ingest.embedding import EmbeddingError, open_embedder
from ingest.index import BadIndexError, build
from tests.conftest import LESSONS
from tests.fakes import bedrock_server as fake
from tests.fakes.bedrock_server import BedrockServer

QUESTION = "What is the default visibility timeout?"
TITAN = f"bedrock:{fake.TITAN}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockServer]:
    fake.use_credentials(monkeypatch)
    with BedrockServer() as running:
        yield running


@pytest.fixture
def settings(server: BedrockServer, tmp_path: Path) -> Settings:
    chosen = Settings(
        index=tmp_path / "index",
        data=tmp_path / "data",
        embedding=TITAN,
        bedrock_region="us-east-1",
        bedrock_endpoint_url=server.url,
    )
    build([LESSONS], chosen, lambda: open_embedder(TITAN, "us-east-1", server.url))
    return chosen


def test_an_index_of_bedrock_embeddings_answers_and_is_traced(
    settings: Settings, server: BedrockServer
) -> None:
    built = len(server.embedded)
    answerer = Answerer(settings)
    answer = answerer.ask(QUESTION)
    assert "30 seconds" in answer.text and answer.citations
    assert len(server.embedded) == built + 1, "one call a question"
    assert answerer.service().index.manifest.embedding == TITAN


def test_another_embedding_is_refused_with_what_to_run(settings: Settings) -> None:
    for other in ("all-MiniLM-L6-v2", f"bedrock:{fake.COHERE}"):
        opened = Answerer(settings.model_copy(update={"embedding": other}))
        with pytest.raises(BadIndexError, match=r"built with bedrock:.*Run: make ingest"):
            opened.ask(QUESTION)


def test_an_unchanged_guide_is_not_paid_for_again(
    settings: Settings, server: BedrockServer
) -> None:
    built = len(server.embedded)
    report = build([LESSONS], settings, lambda: open_embedder(TITAN, "us-east-1", server.url))
    assert not report.changed and len(server.embedded) == built


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "Check or renew the AWS credentials"),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "none were found"),
    ],
)
def test_a_question_without_good_credentials_is_told_in_one_line(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str | None],
    says: str,
) -> None:
    for name, value in changes.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(EmbeddingError, match=says) as caught:
        Answerer(settings).ask(QUESTION)
    assert "\n" not in str(caught.value)

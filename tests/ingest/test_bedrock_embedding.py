"""Bedrock's embedding models over the real wire, as the index uses them."""

from collections.abc import Iterator

import numpy as np
import pytest

from ingest.embedding import EmbeddingError, open_embedder
from tests.fakes import bedrock_server as fake
from tests.fakes.bedrock_server import BedrockServer
from tests.fakes.wire import Fault

TEXTS = [
    "A queue keeps a message for four days.",
    "A queue keeps a message for a while.",
    "Aurora replicates storage across zones.",
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockServer]:
    fake.use_credentials(monkeypatch)
    with BedrockServer() as running:
        yield running


def embedder(server: BedrockServer, model: str, region: str | None = "us-east-1"):  # type: ignore[no-untyped-def]
    return open_embedder(f"bedrock:{model}", region, server.url)


@pytest.mark.parametrize("model", [fake.TITAN, fake.TITAN_1, fake.COHERE, fake.COHERE_4])
def test_texts_that_share_words_are_near_each_other(server: BedrockServer, model: str) -> None:
    opened = embedder(server, model)
    vectors = opened.queries(TEXTS)
    assert vectors.shape == (3, opened.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert np.array_equal(vectors, opened.queries(TEXTS))


def test_many_texts_are_sent_in_the_batches_that_cohere_takes(server: BedrockServer) -> None:
    vectors = embedder(server, fake.COHERE).queries([f"text {n}" for n in range(200)])
    assert len(vectors) == 200
    assert [len(call.body["texts"]) for call in server.embedded] == [96, 96, 8]


def test_no_texts_need_no_call(server: BedrockServer) -> None:
    assert embedder(server, fake.TITAN).queries([]).shape == (0, 1024)
    assert server.embedded == []


def test_throttling_is_waited_out(server: BedrockServer) -> None:
    server.faults.append(Fault(status=429, code="ThrottlingException", message="Too many"))
    assert len(embedder(server, fake.TITAN).queries(TEXTS[:1])) == 1
    assert len(server.embedded) == 2


def test_a_refusal_is_one_line_that_says_what_to_do(server: BedrockServer) -> None:
    server.faults.append(Fault(status=403, code="AccessDeniedException", message="no"))
    with pytest.raises(EmbeddingError, match=r"AccessDeniedException.*access") as caught:
        embedder(server, fake.TITAN).queries(TEXTS)
    assert "\n" not in str(caught.value)


def test_no_region_is_one_line_that_says_what_to_do(server: BedrockServer) -> None:
    with pytest.raises(EmbeddingError, match="GUIDE_BEDROCK_REGION"):
        embedder(server, fake.TITAN, region=None)


def test_the_region_may_come_from_the_environment(
    server: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    embedder(server, fake.TITAN, region=None).queries(TEXTS[:1])
    assert "/eu-west-1/bedrock/" in server.embedded[0].headers["authorization"]


def test_another_model_is_refused_by_name() -> None:
    with pytest.raises(EmbeddingError, match="not a Titan or Cohere"):
        open_embedder("bedrock:amazon.nova-lite-v1:0", "us-east-1")

"""A model's opinion of the answers, through the real client and a server on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.suite import run
from tests.fakes import openai_server
from tests.fakes.openai_server import OpenAIServer

SPEC = f"openai:{openai_server.MODEL}"
GOLDEN = (
    '{"id": "q1", "question": "What is the default visibility timeout of an SQS queue?", '
    '"evidence": [], "facts": ["30 seconds"]}\n'
    '{"id": "q2", "question": "Who won the football world cup in 1998?", "answerable": false}\n'
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        monkeypatch.setenv("GUIDE_OPENAI_BASE_URL", running.url + "/v1")
        monkeypatch.setenv("GUIDE_DATA", str(tmp_path / "data"))
        yield running


@pytest.mark.parametrize(("quote", "share"), [("30 seconds", 1.0), ("five minutes", 0.0)])
def test_a_fact_counts_only_with_a_quote_that_stands_in_the_answer(
    server: OpenAIServer, index_folder: Path, tmp_path: Path, quote: str, share: float
) -> None:
    golden = tmp_path / "golden.jsonl"
    golden.write_text(GOLDEN)
    server.fields = lambda call: {
        "points": [{"id": "P1", "quote": quote, "verdict": "covered"}], "mistakes": []
    }  # fmt: skip
    answers = run("answers", index_folder, golden, judge=SPEC)["answers"]
    assert answers["judge"][SPEC] == {
        "judged": 1, "failed": 0, "point coverage": share, "point coverage by code": 1.0
    }  # fmt: skip
    assert answers["figures"]["all"]["point coverage"] == 1.0, "the code's figure stays"

"""The two arms of a model's answers, retrieved passages and the whole guide, through the suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.answer import Turn
from chat.settings import Settings
from eval.golden import GoldenError
from eval.suite import Remembering, run
from tests.fakes import bedrock_server as fake
from tests.fakes.bedrock_server import BedrockServer

SPEC = f"bedrock_converse:{fake.NOVA}"
GOLDEN = (
    '{"id": "q1", "question": "What is the default visibility timeout of an SQS queue?", '
    '"evidence": [], "facts": ["30 seconds"]}\n'
    '{"id": "q2", "question": "Who won the football world cup in 1998?", "answerable": false}\n'
)


@pytest.fixture
def server(
    monkeypatch: pytest.MonkeyPatch, index_folder: Path, tmp_path: Path
) -> Iterator[BedrockServer]:
    fake.use_credentials(monkeypatch)
    with BedrockServer(reply=lambda call: "NOT_IN_GUIDE") as running:
        monkeypatch.setenv("GUIDE_BEDROCK_REGION", "us-east-1")
        monkeypatch.setenv("GUIDE_BEDROCK_ENDPOINT_URL", running.url)
        monkeypatch.setenv("GUIDE_DATA", str(tmp_path / "data"))
        yield running


def test_the_arms_are_compared_by_answers_tokens_and_cost(
    server: BedrockServer, index_folder: Path, tmp_path: Path
) -> None:
    golden = tmp_path / "golden.jsonl"
    golden.write_text(GOLDEN)
    retrieved = run("answers", index_folder, golden, model=SPEC)["answers"]
    asked = len(server.calls)
    whole = run("answers", index_folder, golden, model=SPEC, whole_guide=True)["answers"]
    assert (asked, len(server.calls) - asked) == (1, 2), "with the whole guide no question is kept"
    # The model refuses everything: the retrieved arm falls back, the whole guide's does not.
    assert retrieved["figures"]["all"]["point coverage"] == 1.0
    assert whole["figures"]["all"]["point coverage"] == 0.0
    assert whole["figures"]["all"]["refused of unanswerable"] == 1.0
    one, other = retrieved["model"][SPEC], whole["model"][SPEC]
    assert one["written by the model"] == 0.0 and other["written by the model"] == 1.0
    assert other["input tokens"] > one["input tokens"] > 0
    assert other["dollars per 1,000 answers"] > one["dollars per 1,000 answers"] > 0


def test_without_a_model_there_are_no_figures_of_one(index_folder: Path, tmp_path: Path) -> None:
    golden = tmp_path / "golden.jsonl"
    golden.write_text(GOLDEN)
    assert "model" not in run("answers", index_folder, golden)["answers"]
    with pytest.raises(GoldenError):
        run("answers", index_folder, tmp_path / "absent.jsonl")


def test_an_answer_is_given_once_to_a_question_that_comes_again(
    index_folder: Path, tmp_path: Path
) -> None:
    answerer = Remembering(Settings(index=index_folder, data=tmp_path))
    first = answerer.ask("What is the visibility timeout?")
    assert answerer.ask("What is the visibility timeout?") is first
    told = answerer.ask("And its maximum?", [Turn("user", "What is the visibility timeout?")])
    assert told is not answerer.ask("And its maximum?")

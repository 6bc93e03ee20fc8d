import json
from pathlib import Path

import pytest

from eval.baseline import Baseline
from ingest.documents import Document, find, parse, read_bytes
from tests.conftest import LESSONS

QUESTIONS = ["What is the visibility timeout?", "How long may a function run?"]


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return [parse(file.source, read_bytes(file, 10**7)) for file in find([LESSONS])]


def test_what_was_kept_is_found_again(documents: list[Document], tmp_path: Path) -> None:
    kept = Baseline(documents, tmp_path / "run.json")
    kept.keep(QUESTIONS)
    fresh = Baseline(documents, tmp_path / "none.json")
    assert kept.rank(QUESTIONS) == fresh.rank(QUESTIONS)
    assert [spans[0].source for spans in kept.rank(QUESTIONS)] == ["queues.md", "functions.md"]


def test_what_was_kept_holds_for_the_same_chunks_and_questions_alone(
    documents: list[Document], tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    Baseline(documents, file).keep(QUESTIONS)
    told = Baseline(documents, file).rank(QUESTIONS)
    values = json.loads(file.read_text())
    values["first"][QUESTIONS[0]].reverse()
    file.write_text(json.dumps(values))
    assert Baseline(documents, file).rank(QUESTIONS)[0] == told[0][::-1], "the file is read"
    assert Baseline(documents, file).rank(["What is an ALB?", *QUESTIONS])[1:] == told
    changed = Baseline(documents[:-1], file).rank(QUESTIONS)
    assert documents[-1].source not in {span.source for spans in changed for span in spans}

import json
from dataclasses import replace
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


def test_the_file_is_read_for_the_questions_that_it_holds(
    documents: list[Document], tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    Baseline(documents, file).keep(QUESTIONS)
    told = Baseline(documents, file).rank(QUESTIONS)
    values = json.loads(file.read_text())
    (first, high), (second, low), *rest = values["first"][QUESTIONS[0]]
    values["first"][QUESTIONS[0]] = [[second, high], [first, low], *rest]
    file.write_text(json.dumps(values))
    swapped = [told[0][1], told[0][0], *told[0][2:]]
    assert Baseline(documents, file).rank(QUESTIONS) == [swapped, told[1]], "the file is read"
    assert Baseline(documents, file).rank(["What is an ALB?", *QUESTIONS])[1:] == told


def test_what_was_kept_holds_while_the_documents_change(
    documents: list[Document], tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    Baseline(documents, file, 2).keep(QUESTIONS)
    new = replace(documents[0], source="new.md", text="# New\n\nThe visibility timeout is long.\n")
    for changed in (documents[:-1], documents[1:], documents[:1], [new, *documents], [new]):
        fresh = Baseline(changed, tmp_path / "none.json", 2)
        assert Baseline(changed, file, 2).rank(QUESTIONS) == fresh.rank(QUESTIONS)
    found = Baseline([new, *documents], file, 2).rank(QUESTIONS)
    assert found[0][0].source == "new.md"
    assert not [span for span in found[1] if span.source == "new.md"]

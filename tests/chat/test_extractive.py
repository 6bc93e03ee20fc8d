from pathlib import Path

import pytest

from chat.answering import Answerer
from chat.settings import Settings
from ingest.embedding import MiniLM
from ingest.index import build
from ingest.settings import IngestSettings

DOCUMENT = """# Rollback of a release

## Roll back a release

{first}. Stop the release pipeline so that nothing new goes out.
{second}. Shift the traffic back to the release before.
{third}. Roll back the release's change of the schema.

## When to roll back

When users are hurt.

A release is rolled back when its error rate exceeds one percent for five minutes.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    return tmp_path


def answered(folder: Path, text: str, question: str) -> str:
    (folder / "documents" / "release.md").write_text(text, encoding="utf-8")
    settings = Settings(index=folder / "index", data=folder / "data")
    build([folder / "documents"], IngestSettings(index=settings.index), MiniLM.shared)
    return Answerer(settings).ask(question).text


def test_steps_are_given_whole_from_the_first(folder: Path) -> None:
    text = answered(
        folder, DOCUMENT.format(first=1, second=2, third=3), "How do I roll back a release?"
    )
    assert text.index("Stop the") < text.index("Shift the") < text.index("Roll back the release's")
    assert "one percent" not in text


def test_the_end_of_a_list_is_not_taken_for_the_steps(folder: Path) -> None:
    text = answered(
        folder, DOCUMENT.format(first=5, second=6, third=7), "How do I roll back a release?"
    )
    assert "one percent" in text  # chosen like any other statements, not as a list


def test_a_clause_without_its_sentence_does_not_come_first(folder: Path) -> None:
    text = answered(
        folder, DOCUMENT.format(first=1, second=2, third=3), "When is a release rolled back?"
    )
    assert "one percent" in text.split("[1]")[0]

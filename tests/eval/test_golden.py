from pathlib import Path

import pytest

from eval.golden import Case, GoldenError, Judge, Span, load
from ingest.documents import Document


def _case(heading: str) -> Case:
    return Case("q1", "How long?", "fact", "dev", True, (("notes.md", heading),), ())


@pytest.fixture
def judge() -> Judge:
    text = "Messages live for four days.\n\n# Limits\n\nA queue holds many messages.\n"
    return Judge({"notes.md": Document("notes.md", text, "")}, {})


def test_text_before_the_first_heading_is_named_by_an_empty_one(judge: Judge) -> None:
    [before] = judge.spans(_case(""))
    assert before == Span("notes.md", 0, 28)
    assert judge.relevant(_case(""), Span("notes.md", 0, 20))
    assert not judge.relevant(_case("Limits"), Span("notes.md", 0, 20))


def test_a_heading_that_does_not_exist_is_told(judge: Judge) -> None:
    with pytest.raises(GoldenError, match="notes.md has no section 'Quotas'"):
        judge.spans(_case("Quotas"))


def test_a_bad_line_of_a_golden_file_is_told_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "golden.jsonl").write_text('{"id": "q1", "question": "How long?"}\n{"id":\n')
    with pytest.raises(GoldenError, match="2"):
        load(tmp_path / "golden.jsonl")

"""Retrieval and answers of the whole golden set against their floors, over the whole guide."""

from pathlib import Path

import pytest

from eval import golden
from eval.gate import broken, changes, figures_of
from eval.golden import Judge
from eval.suite import run
from ingest.embedding import BUNDLED
from ingest.index import opened


def test_every_figure_of_the_answers_holds_its_floor(guide_index: Path, tmp_path: Path) -> None:
    result = run("gate-answers", guide_index, out=tmp_path)
    failures = broken(result)
    assert not failures, "\n".join([*failures, "Changed since the last run:", *changes(result)])
    assert set(figures_of(result)) == {"retrieval", "gain", "answers", "conversations"}
    page = (tmp_path / "report.html").read_text()
    assert "<svg" in page and "<script" not in page
    support = result["support"]["splits"]["all"]
    assert support["precision"] >= 0.9 and support["recall"] >= 0.9


def test_each_golden_case_names_sections_that_exist(guide_index: Path) -> None:
    with opened(guide_index, BUNDLED) as index:
        judge = Judge(index.documents, index.aliases)
        for path in (golden.QUESTIONS, golden.CONVERSATIONS):
            for case in golden.load(path):
                assert bool(case.answerable) == bool(judge.spans(case)), case.id


def test_a_golden_line_out_of_form_is_named(tmp_path: Path) -> None:
    (tmp_path / "g.jsonl").write_text('{"id": "a", "question": "q"}\n{"id": 1}\n')
    with pytest.raises(golden.GoldenError, match="line 2"):
        golden.load(tmp_path / "g.jsonl")

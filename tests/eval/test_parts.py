import numpy as np
import pytest

from chat.answering import Answerer
from chat.retrieval import GuideRetriever
from eval.golden import Case
from eval.parts import Places, document_parts, part_of, places


def _places(evidence: list[bool], states: list[bool]) -> Places:
    return Places(np.asarray(evidence), np.asarray(states))


@pytest.mark.parametrize(
    ("kept", "answered"),
    [
        ([True, True, False, False], True),
        ([False, False, False, True], False),
        ([True, False, False, True], None),
        ([False, False, True, True], None),
    ],
)
def test_a_part_answers_with_all_evidence_and_not_at_all_without_any(
    kept: list[bool], answered: bool | None
) -> None:
    where = _places([True, True, False, False], [True, False, True, False])
    assert where.answered_by(np.asarray(kept)) is answered


def test_facts_that_stand_everywhere_leave_it_open_whether_a_part_answers() -> None:
    where = _places([True, *[False] * 12], [True] * 13)
    assert where.answered_by(np.asarray([False] * 12 + [True])) is None


def test_a_part_finds_nothing_of_what_was_left_out(answerer: Answerer) -> None:
    service = answerer.service()
    kept = np.asarray([p.source != "queues.md" for p in service.index.passages])
    part = part_of(service.index, kept)
    retriever = GuideRetriever(index=part, embedder=service.retriever.embedder)
    ranked = retriever.retrieve("visibility timeout of a queue").ranked
    assert ranked and all(r.passage.source != "queues.md" for r in ranked)
    assert len(part.statements) == part.first_statement[-1] < len(service.index.statements)
    assert len(service.index.passages) == len(kept)


def test_the_evidence_of_a_case_is_found(answerer: Answerer) -> None:
    index = answerer.service().index
    case = Case("c", "?", "number", "dev", True, (("queues.md", "Retention"),), ("4 days",))
    found = places(index, [case])["c"]
    assert {index.passages[i].trail[-1] for i in np.flatnonzero(found.evidence)} == {"Retention"}
    assert found.states[found.evidence].any()


def test_the_same_parts_are_chosen_each_time(answerer: Answerer) -> None:
    index = answerer.service().index
    first, second = list(document_parts(index)), list(document_parts(index))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))

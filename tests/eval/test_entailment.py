import json
import random
from pathlib import Path

import pytest

from chat.grade import VERDICTS
from chat.grade_entailment import Entailment
from eval import entailment_data as data
from eval.entailment_fit import batches, fit
from eval.grading_labelled import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A few of the training claims, and an answer to each of their questions."""
    rows = (data.FOLDER / "claims.jsonl").read_text().splitlines()[:24]
    (tmp_path / "claims.jsonl").write_text("\n".join(rows))
    points: dict[str, int] = {}
    for row in rows:
        question = json.loads(row)["question"]
        points[question] = points.get(question, 0) + 1
    answers = [
        {"question": q, "answer": "I do not know that. It is cached.", "points": ["missing"] * n}
        for q, n in points.items()
    ]
    (tmp_path / "answers.jsonl").write_text("\n".join(json.dumps(row) for row in answers))
    elsewhere = (data.FOLDER / "elsewhere.jsonl").read_text().splitlines()[:2]
    (tmp_path / "elsewhere.jsonl").write_text("\n".join(elsewhere))
    mistakes = (data.FOLDER / "mistakes.jsonl").read_text().splitlines()[:6]
    (tmp_path / "mistakes.jsonl").write_text("\n".join(mistakes))
    return tmp_path


def test_no_question_of_the_labelled_answers_is_trained_on() -> None:
    measured = {row.question for row in load()}
    trained = {row.question for row in data.claims()}
    trained |= {row.question for row in data.whole_answers()}
    trained |= {row.question for row in data.wrong_claims()}
    assert not measured & trained


def test_every_key_point_has_sentences_for_every_verdict() -> None:
    for row in data.claims():
        assert {verdict for _, verdict in row.said} == set(VERDICTS), row.point


def test_every_answer_has_a_verdict_for_each_point_of_its_question() -> None:
    answers = data.whole_answers()
    assert len({row.question for row in answers}) > 900
    for row in answers:
        assert len(row.verdicts) == len(row.points), row.answer
        assert set(row.verdicts) <= set(VERDICTS)


def test_who_makes_a_mistake_denies_the_points_that_it_denies(folder: Path) -> None:
    rows = data.wrong_claims(folder)
    pairs = data.claim_pairs(rows, random.Random(0))
    denying = [p for p in pairs if any(p.point in row.denies for row in rows)]
    made = sum(len(row.denies) for row in rows for _, v in row.said if v == "covered")
    assert len(denying) == made > 0 and all(p.wanted == data.wanted("wrong") for p in denying)
    claiming = [p for p in pairs if any(p.point in row.wordings for row in rows)]
    assert len(claiming) + len(denying) == len(pairs)
    assert {p.wanted for p in claiming} == {
        data.wanted(verdict) for verdict in ("covered", "wrong", "missing")
    }


def test_jumbled_words_state_nothing() -> None:
    said = "A queue keeps the message until somebody deletes it."
    covered = data.Pair("Messages stay until they are deleted.", said, data.wanted("covered"))
    shown = data.jumbled([covered] * 200, random.Random(0))
    assert 0 < len(shown) < 40
    missing = VERDICTS.index("missing")
    for pair in shown:
        assert sorted(pair.said.split()) == sorted(said.split()) and pair.said != said
        assert sum(pair.wanted) == pytest.approx(1.0) and pair.wanted[missing] > 0.8
    assert not data.jumbled([data.Pair("x", said, data.wanted("wrong"))] * 200, random.Random(0))


def test_held_out_questions_are_not_seen() -> None:
    rows = data.claims()
    unseen = data.held_out([row.question for row in rows])
    assert len(unseen) > 10 and not unseen & data.seen_questions()


def test_a_round_says_of_other_points_that_they_are_missing(folder: Path) -> None:
    rows = data.claims(folder)
    pairs = data.epoch(rows, [[] for _ in rows], random.Random(0))
    own = {(row.point, text) for row in rows for text, _ in row.said}
    strange = [p for p in pairs if p.wanted in data._OTHER_POINT.values()]
    assert strange and not any((p.point, p.said) in own for p in strange)
    assert all(sum(p.wanted) == pytest.approx(1.0) for p in pairs)
    again = data.epoch(rows, [[] for _ in rows], random.Random(0))
    assert again == pairs


def test_batches_hold_every_pair_once(folder: Path) -> None:
    pairs = data.epoch(data.claims(folder), [[] for _ in range(24)], random.Random(1))
    made = batches(pairs, random.Random(2))
    assert sorted(p.said for batch in made for p in batch) == sorted(p.said for p in pairs)
    assert len(made) > 3


def test_fitting_writes_weights_that_the_judge_reads(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "weights.safetensors"
    result = fit(target, 3, folder)
    assert result["steps"] == 3 and 0 <= result["right of held-out sentences"] <= 1
    assert Entailment(target)([("Queues decouple.", "They do.")]).shape == (1, 4)
    assert target.stat().st_size < 20e6

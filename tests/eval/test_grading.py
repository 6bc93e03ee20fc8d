import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chat.answering import Answerer
from chat.grade_model import bent, parsed
from chat.grading import Grader
from eval.grading import agreement, bootstrap, weighted_kappa
from eval.grading_fit import calibration, fit, labelled_points
from eval.grading_labelled import Labelled, LabelledError, f1, figures, in_order, load
from eval.grading_sets import Graded, GradedDataError
from eval.grading_sets import load as load_sets
from ingest.embedding import MiniLM
from ingest.questions import questions_of


def labelled(name: str, answer: str, points: tuple[str, ...], score: float) -> Labelled:
    return Labelled(name, "q", "Why queues?", answer, points, score, "dev")


def test_kappa_is_one_for_the_same_scores_and_none_for_a_constant() -> None:
    people = np.asarray([0.0, 0.2, 0.6, 1.0])
    assert weighted_kappa(people, people) == 1.0
    assert weighted_kappa(np.full(4, 0.4), people) == pytest.approx(0.0, abs=0.2)


def test_agreement_is_measured_on_folds_that_the_scale_has_not_seen() -> None:
    people = np.linspace(0, 1, 20)
    questions = np.asarray([f"q{n % 5}" for n in range(20)])
    folds = [questions == f"q{n}" for n in range(5)]
    told = agreement(people * 3 + 2, people, questions, folds)
    assert told["r"] == 1.0 and told["RMSE"] < 0.01
    gain = bootstrap(people, -people, people, questions)
    assert gain["mean"] == pytest.approx(2.0) and gain["low"] > 1.9


def test_the_calibration_never_falls_when_an_answer_says_more() -> None:
    generator = np.random.default_rng(0)
    features = generator.random((60, 7))
    scores = np.clip(features.mean(axis=1) + 0.1 * generator.standard_normal(60), 0, 1)
    questions = np.asarray([f"q{n % 6}" for n in range(60)])
    fitted = calibration({"mohler": features}, {"mohler": scores}, {"mohler": questions})
    knots, weights = np.asarray(fitted["knots"]), np.asarray(fitted["weights"])
    assert (weights >= 0).all()
    low = np.full((1, 7), 0.3)
    more = bent(low + 0.2, knots) @ weights
    assert more[0] >= (bent(low, knots) @ weights)[0]


def test_the_judge_can_be_fitted_again_from_labelled_answers(
    answerer: Answerer, tmp_path: Path
) -> None:
    index = answerer.service().index
    known = questions_of(index.documents.values())
    bank = [replace(question, id=f"{question.id}{n}") for question in known for n in range(3)]
    rows = []
    for question in bank:
        points = [point.text for point in question.points]
        for name, said, other in (("all", points, "covered"), ("none", ["Queues."], "missing")):
            answer = " ".join(said)
            verdicts = (other,) * len(points)
            rows.append(Labelled(name, question.id, question.text, answer, verdicts, 0, "dev"))
        half = " ".join(points[0].split()[: len(points[0].split()) // 2])
        verdicts = ("partial", *("missing",) * (len(points) - 1))
        no = [f"It is not true that {point[0].lower()}{point[1:]}" for point in points]
        wrong = ("wrong",) * len(points)
        rows.append(Labelled("no", question.id, question.text, " ".join(no), wrong, 0, "dev"))
        rows.append(Labelled("half", question.id, question.text, half, verdicts, 1, "dev"))
    graded = [
        Graded(f"q{n % 3}", "Why queues?", "They decouple services.", answer, score)
        for n in range(6)
        for answer, score in (("Services are decoupled.", 1.0), ("I do not like it.", 0.0))
    ]
    target, order = tmp_path / "model.json", tmp_path / "order.json"
    fit(index, bank, rows, {"saf": graded}, MiniLM.shared(), target, order)
    fitted = parsed(json.loads(target.read_text()))
    assert fitted.worded.partial >= 1 and fitted.alone.partial >= 1
    points = labelled_points(bank, rows, {}, MiniLM.shared())
    said = fitted.worded.said(points.features)
    assert said[points.verdicts == "covered"].min() > said[points.verdicts == "missing"].mean()
    chances = fitted.worded.chances(said, said, points.entailed)
    assert chances[points.verdicts == "covered", 0].mean() > 0.5
    assert json.loads(order.read_text())["pairs"]


def test_scores_of_two_scales_are_brought_to_one(tmp_path: Path) -> None:
    rows = [
        {"qid": q, "question": "q", "reference": "r", "student": "s", "score": 0.5,
         "labels": {"grader_me": a, "grader_other": b}}
        for q, a, b in (("1", 5, 4), ("1", 2, 3), ("2", 10, 8), ("2", 6, 4))
    ]  # fmt: skip
    lines = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "mohler_dev.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    graded = load_sets(tmp_path)["mohler"]
    assert [row.graders for row in graded] == [(1.0, 0.8), (0.4, 0.6), (1.0, 0.8), (0.6, 0.4)]


def test_missing_data_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(GradedDataError, match="holds no graded answers"):
        load_sets(tmp_path)
    with pytest.raises(LabelledError, match="can't be read"):
        load(tmp_path / "none.jsonl")
    (tmp_path / "bad.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(LabelledError, match="line 1"):
        load(tmp_path / "bad.jsonl")


def test_verdicts_scores_and_order_are_compared_with_the_labels(answerer: Answerer) -> None:
    grader = Grader(answerer.settings, answerer)
    points = ["Queues decouple services.", "A dead-letter queue keeps failed messages."]
    rows = [
        labelled("a", "Queues decouple services. A dead-letter queue keeps failed messages.",
                 ("covered", "covered"), 10.0),
        labelled("b", "Queues decouple services.", ("covered", "missing"), 5.0),
        labelled("c", "I like bread with butter in the morning.", ("missing", "missing"), 0.0),
    ]  # fmt: skip
    grades = {row.id: grader.grade(row.question, row.answer, points) for row in rows}
    result = figures(rows, grades)
    assert result["pairs in order"] == 1.0
    assert result["mean absolute error"] < 2
    assert in_order(rows, np.asarray([0.0, 5.0, 10.0])) == 0.0
    assert f1([("covered", "covered"), ("missing", "covered")], "covered") == pytest.approx(2 / 3)

"""Which parts to run over which golden sets, and what they return together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chat.answer import Answer, Turn
from chat.answering import Answerer
from chat.settings import Settings
from eval import answers, gate, golden, retrieval
from eval.baseline import Baseline
from eval.golden import Case

EACH_ATTACK = 10
"""Answers of each family of attacks in each split; the guide would give more."""


def run(
    part: str,
    index: Path | None = None,
    golden_file: Path | None = None,
    split: str | None = None,
    model: str | None = None,
    out: Path | None = None,
    save_last_run: bool = False,
    whole_guide: bool = False,
    data: Path | None = None,
    judge: str | None = None,
) -> dict[str, Any]:
    """Run one part, or all; the figures by part.

    `judge`: model string of a second opinion on the answers' point coverage.
    `data`: folder of answers that people graded, for the parts about grading.
    `whole_guide`: answers come from the whole guide in the model's prompt, without retrieval.

    Raises:
        GuideError: no index, a golden file out of form, missing data.
    """
    if part == "fit-entailment":
        from eval.entailment_fit import fit as fit_entailment

        return {"fit": fit_entailment()}
    answerer = Answerer(Settings.load(index=index, model=model), whole_guide=whole_guide)
    answerer.ready()
    manifest = answerer.service().index.manifest
    grading_alone = part in {"grading", "fit-grading"}
    questions = golden.QUESTIONS if grading_alone else golden_file or golden.QUESTIONS
    cases = _chosen(golden.load(questions), split)
    result: dict[str, Any] = {
        "index": {
            "documents": len(manifest.documents),
            "passages": manifest.passages,
            "embedding": manifest.embedding,
        },
        "golden": len(cases),
    }
    if part == "fit":
        from eval.fit import fit

        return {**result, "fit": fit(answerer, [c for c in cases if c.split == "dev"])}
    if part == "fit-grading":
        return {**result, "fit": _fit_grading(answerer, data)}
    if part == "grading" or (part == "all" and golden_file is None):
        result["grading"] = grading(answerer, data, split, golden_file if grading_alone else None)
    if part in {"gate", "gate-answers"}:
        result.update(gated(answerer, cases, split))
    if part in {"gate", "gate-grading"}:
        result["grading"] = grading(answerer, None, split, plain=False)
    if part in {"retrieval", "all"}:
        service = answerer.service()
        result["retrieval"] = retrieval.evaluate(
            service.index,
            service.retriever.embedder,
            [c for c in cases if not c.history],
            service.retriever.reranker,
        )
    if part in {"answers", "all"}:
        result["answers"] = answers.evaluate(answerer, cases, model, judge)
    if part in {"conversations", "all"} and golden_file is None:
        turns = _chosen(golden.load(golden.CONVERSATIONS), split)
        result["conversations"] = answers.evaluate_conversations(answerer, turns)
    if part == "conversations" and golden_file is not None:
        result["conversations"] = answers.evaluate_conversations(answerer, cases)
    if part in {"support", "all"} and golden_file is None:
        from eval.support import evaluate as evaluate_support

        result["support"] = evaluate_support()
    if part in {"speed", "all"}:
        from eval.speed import evaluate as evaluate_speed

        result["speed"] = evaluate_speed(answerer, [c.question for c in cases if not c.history])
    if out is not None:
        from eval import html_report

        result["report"] = str(html_report.write(result, out))
    if part in {"all", "gate"} and golden_file is None and save_last_run:
        gate.save(result)
        asked = [c.question for c in cases if c.answerable and c.evidence and not c.history]
        Baseline(answerer.service().index.documents.values()).keep(asked)
    return result


class Remembering(Answerer):
    """An answerer that gives the answer to a question that it was asked before once more."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._kept: dict[Any, Answer] = {}

    def ask(self, question: str, history: Sequence[Turn] = (), model: str | None = None) -> Answer:
        """As `Answerer.ask`."""
        key = (question, tuple(history), model)
        if key not in self._kept:
            self._kept[key] = super().ask(question, history, model)
        return self._kept[key]


def gated(answerer: Answerer, cases: Sequence[Case], split: str | None) -> dict[str, Any]:
    """What has a floor of retrieval and answers and no more; the figures that `all` gives.

    An answer carries the ten passages that were retrieved for it, so that retrieval is
    measured on the answers and no question is asked twice.
    """
    from eval.support import evaluate as evaluate_support

    asking = Remembering(answerer.settings)
    single = [case for case in cases if not case.history]
    result: dict[str, Any] = {"answers": answers.evaluate(asking, single)}
    found = {
        case.question: [retrieval.span_of(r) for r in asking.ask(case.question).passages]
        for case in single
    }
    index = asking.service().index
    result["retrieval"] = retrieval.measured(index, single, {retrieval.PRODUCT: found})
    turns = _chosen(golden.load(golden.CONVERSATIONS), split)
    result["conversations"] = answers.evaluate_conversations(asking, turns)
    result["support"] = evaluate_support()
    return result


def grading(
    answerer: Answerer,
    data: Path | None,
    split: str | None,
    labelled_file: Path | None = None,
    plain: bool = True,
) -> dict[str, Any]:
    """The grader on labelled answers, on attacks and, with `data`, against people.

    `plain`: the labelled answers are judged by the key points alone as well.
    """
    from chat.grading import Grader
    from eval import grading_attacks, grading_labelled
    from eval.grading_sets import KeptEncoder, encode_ahead, load

    encoder = KeptEncoder()
    grader = Grader(answerer.settings, answerer, encoder)
    rows = grading_labelled.load(labelled_file or grading_labelled.LABELLED)
    attacks = grading_attacks.made(grader, rows, EACH_ATTACK)
    if split is not None:
        rows = [row for row in rows if row.split == split]
        attacks = [row for row in attacks if row.split == split]
    texts = [*(row.answer for row in rows), *(t for row in attacks for t in (row.answer, row.base))]
    encode_ahead(texts, encoder)
    result: dict[str, Any] = {
        "labelled": grading_labelled.evaluate(grader, rows),
        "attacks": grading_attacks.evaluate(grader, attacks),
    }
    if plain:
        result["key points alone"] = grading_labelled.evaluate(grader, rows, plain=True)
    if data is not None:
        from eval.grading import evaluate as evaluate_people

        result["people"] = evaluate_people(load(data), encoder)
    return result


def _fit_grading(answerer: Answerer, data: Path | None) -> dict[str, Any]:
    from eval import grading_labelled
    from eval.grading_fit import fit
    from eval.grading_sets import GradedDataError, KeptEncoder, load
    from ingest.questions import questions_of

    if data is None:
        raise GradedDataError("fit-grading needs the folder of answers graded by people.")
    index = answerer.service().index
    rows = [row for row in grading_labelled.load() if row.split == "dev"]
    return fit(index, questions_of(index.documents.values()), rows, load(data), KeptEncoder())


def _chosen(cases: Sequence[Case], split: str | None) -> list[Case]:
    return [case for case in cases if split is None or case.split == split]

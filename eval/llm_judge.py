"""A second opinion on point coverage: the configured model says which facts an answer states.

It is reported beside the figure that code computes, never instead: a model drifts from
version to version. A verdict counts only with a quote that stands in the answer (the same
judge grades interview answers).
"""

from collections.abc import Sequence
from statistics import mean
from typing import TYPE_CHECKING, Any

from chat.grade_llm import ModelJudge, model_verdicts
from chat.settings import Settings
from ingest.errors import GuideError
from ingest.questions import KeyPoint

if TYPE_CHECKING:
    from eval.answers import Scored

_VALUE = {"covered": 1.0, "partial": 0.5}


def judged(settings: Settings, model: str, scored: Sequence["Scored"]) -> dict[str, Any]:
    """What a model says of the answers to answerable questions.

    Returns:
        `judged`: answers with a verdict; `failed`: answers that the model could not judge;
        `point coverage`: mean share of facts stated in the model's opinion, and
        `point coverage by code` over the same answers.
    """
    judge = ModelJudge(settings)
    ours, theirs, failed = [], [], 0
    for one in scored:
        if not one.case.answerable or one.answer.abstained or not one.case.facts:
            continue
        facts = [KeyPoint(fact.replace(" | ", " or "), -1, -1) for fact in one.case.facts]
        try:
            said = model_verdicts(
                settings, model, one.case.question, facts, (), one.answer.text, judge
            )
        except GuideError:
            failed += 1
            continue
        theirs.append(mean(_VALUE.get(point.verdict or "", 0.0) for point in said.points))
        ours.append(one.covered)
    figures: dict[str, Any] = {"judged": len(theirs), "failed": failed}
    if theirs:
        figures["point coverage"] = round(mean(theirs), 4)
        figures["point coverage by code"] = round(mean(ours), 4)
    return figures

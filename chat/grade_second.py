"""A language model's verdicts beside the offline judge's: which count, and when to doubt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chat.grade import PointGrade, Rubric
from chat.grade_llm import ModelJudge
from ingest.errors import GuideError

OFFLINE = "extractive"
_APART = 1.0
_VALUE = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "wrong": 0.0}
_UNSURE_SHARE = 0.34


@dataclass(frozen=True)
class ModelView:
    """The points and mistakes that count, and whose they are."""

    model: str
    points: tuple[PointGrade, ...] = ()
    mistakes: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    unsure: bool = False


def second_opinion(
    judge: ModelJudge,
    model: str,
    rubric: Rubric,
    offline: Sequence[PointGrade],
    made: Sequence[int],
    answer: str,
    left_out: Sequence[tuple[int, int]] = (),
) -> ModelView:
    """Ask the model for verdicts; the offline ones stand where it fails, visibly.

    The model does not see what is in `left_out` (orders to the grader, heaps of keywords).
    """
    shown = _blanked(answer, left_out)
    try:
        said = judge.verdicts(model, rubric.question, rubric.points, rubric.mistakes, shown)
    except GuideError as error:
        note = f"{model} could not grade this ({error}); graded offline instead."
        return ModelView(OFFLINE, tuple(offline), tuple(made), (note,))
    points = []
    apart = 0
    for mine, theirs in zip(offline, said.points, strict=True):
        if theirs.verdict is None:
            points.append(mine)
            continue
        apart += abs(_VALUE[mine.verdict] - _VALUE[theirs.verdict]) >= _APART
        points.append(
            replace(
                mine,
                verdict=theirs.verdict,
                evidence=theirs.quote,
                start=theirs.start,
                end=theirs.end,
                note="" if theirs.verdict != "wrong" else "This contradicts the key point.",
            )
        )
    notes = list(said.notes)
    unsure = apart > _UNSURE_SHARE * len(points)
    if unsure:
        notes.append(
            f"Unsure: {model} and the offline judge disagree on {apart} of {len(points)} points."
        )
    return ModelView(model, tuple(points), tuple(said.mistakes), tuple(notes), unsure)


def _blanked(answer: str, spans: Sequence[tuple[int, int]]) -> str:
    """The answer with dots and blanks for some spans: offsets stay, and no quote spans a gap."""
    for start, end in spans:
        answer = answer[:start] + "…".ljust(end - start) + answer[end:]
    return answer

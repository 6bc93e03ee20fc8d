"""Which common mistakes of the rubric does an answer make, and which key points do they deny?

A sentence makes a mistake when it is like one of its wordings in meaning and in words, says
it more clearly than any key point, and does not reject it. Whether a key point that the
mistake denies is wrong by that, a fitted regression says, which also weighs what the
cross-encoder makes of the sentence beside the mistake and beside the point.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chat.grade import VERDICTS
from chat.grade_entailment import entailment
from chat.grade_features import FEATURES, compare
from chat.grade_model import Coefficients, Floats, logit, point_features
from chat.grade_reading import Reading
from chat.grade_rubric import ReadRubric

_REJECTS = re.compile(
    r"\b(?:not|never|no|avoid|wrong|mistake|myth|instead|rather than|cannot|isn['’]t|don['’]t|"
    r"doesn['’]t|"
    r"won['’]t|wouldn['’]t|shouldn['’]t|can['’]t|unlike|beware|anti-?pattern|bad idea)\b",
    re.I,
)
_STATES, _DENIES = VERDICTS.index("covered"), VERDICTS.index("wrong")
_SAID, _MEANING, _WORDS = 0.3, 0.6, 0.6
_MARGIN = 0.1
"""How much more clearly a sentence must say the mistake than any key point."""
_NEAR = 0.4
"""Likeness in meaning from which a sentence is weighed with a mistake."""
_SURE = 0.65
"""Probability from which a point is wrong: blame must be right nine times in ten."""


@dataclass(frozen=True)
class Denial:
    """A sentence that may make a mistake, and a key point that the mistake denies."""

    mistake: int
    point: int
    place: int
    """Piece of the answer."""
    features: tuple[float, ...]
    """`grade_model.ON_DENIAL`"""


def made(
    rubric: ReadRubric,
    answer: Reading,
    aliases: Mapping[str, Sequence[str]],
    fitted: Coefficients,
    refused: Mapping[int, str],
) -> dict[int, int]:
    """Mistakes that the rubric names and a sentence plainly states: mistake -> piece."""
    found: dict[int, int] = {}
    if not answer.pieces:
        return found
    right = np.asarray([wording.whole for group in rubric.points for wording in group])
    for number, group in enumerate(rubric.mistakes):
        for place, piece in enumerate(answer.pieces):
            if place in refused or number in found:
                continue
            one = answer.only([place])
            for claim in group:
                if _rejects(piece.text) != _rejects(claim.text):
                    continue
                meaning = float(answer.rows[place] @ claim.whole)
                if meaning < max(_MEANING, float((right @ answer.rows[place]).max())):
                    continue
                values, _ = point_features((claim,), one, rubric.question, aliases)
                words = values[FEATURES.index("soft_recall")]
                # `_SAID` was chosen for this judge; the other one would charge more.
                said = float(fitted.worded.said(values))
                if words < _WORDS or said < _SAID:
                    continue
                if said < _best_point(rubric, one, aliases, fitted) + _MARGIN:
                    continue
                found[number] = place
                break
    return found


def _best_point(
    rubric: ReadRubric,
    one: Reading,
    aliases: Mapping[str, Sequence[str]],
    fitted: Coefficients,
) -> float:
    """Probability of the key point that a sentence says most clearly."""
    asked = rubric.question
    return max(
        (
            float(fitted.of(len(group)).said(point_features(group, one, asked, aliases)[0]))
            for group in rubric.points
        ),
        default=0.0,
    )


def wrong_points(
    rubric: ReadRubric,
    answer: Reading,
    aliases: Mapping[str, Sequence[str]],
    fitted: Coefficients,
    refused: Mapping[int, str],
    made_at: Mapping[int, int],
) -> dict[int, tuple[int, int]]:
    """Key points that are wrong by a mistake -> the mistake and the piece that makes it.

    Where the rubric does not say what a mistake denies, one that is plainly made (`made`)
    denies the point that it is nearest to.
    """
    found: dict[int, tuple[int, int]] = {}
    weighed = denials(rubric, answer, aliases, refused)
    if weighed:
        sure = fitted.denied(np.asarray([denial.features for denial in weighed]))
        for number in np.argsort(-sure):
            if sure[number] >= _SURE:
                denial = weighed[number]
                found.setdefault(denial.point, (denial.mistake, denial.place))
    for mistake, place in made_at.items():
        if rubric.nearest[mistake] >= 0:
            found.setdefault(rubric.nearest[mistake], (mistake, place))
    return found


def denials(
    rubric: ReadRubric,
    answer: Reading,
    aliases: Mapping[str, Sequence[str]],
    refused: Mapping[int, str],
) -> list[Denial]:
    """Each mistake that denies points, with the sentence that comes nearest to making it."""
    near: dict[int, int] = {}
    likeness: dict[int, tuple[float, ...]] = {}
    for number, group in enumerate(rubric.mistakes):
        if not rubric.denies[number] or not answer.pieces:
            continue
        meaning = np.max([answer.rows @ claim.whole for claim in group], axis=0)
        place = int(np.argmax(meaning))
        if meaning[place] >= _NEAR and place not in refused:
            near[number] = place
            words, stance = _likeness(group, answer, place, rubric.question, aliases)
            likeness[number] = (float(meaning[place]), words, stance)
    pairs = [(number, point) for number in near for point in rubric.denies[number]]
    said = {number: answer.between(place, place) for number, place in near.items()}
    wordings = [([claim.text for claim in rubric.mistakes[n]], said[n]) for n in near]
    points = [([rubric.points[point][0].text], said[number]) for number, point in pairs]
    read = entailment([*wordings, *points])
    stated = dict(zip(near, read, strict=False))
    return [
        Denial(
            number,
            point,
            near[number],
            (
                *likeness[number],
                *_odds(stated[number][[_STATES, _DENIES]]),
                *_odds(row[[_DENIES, _STATES]]),
            ),
        )
        for (number, point), row in zip(pairs, read[len(near) :], strict=True)
    ]


def _likeness(
    group: Sequence[Reading],
    answer: Reading,
    place: int,
    question: Reading,
    aliases: Mapping[str, Sequence[str]],
) -> tuple[float, float]:
    """Likeness of the words, and whether both reject something or neither does."""
    one = answer.only([place])
    recall = FEATURES.index("soft_recall")
    words = max(float(compare(claim, one, question, aliases).values[recall]) for claim in group)
    stance = any(_rejects(one.pieces[0].text) == _rejects(claim.text) for claim in group)
    return words, float(stance)


def _odds(chances: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in logit(chances))


def _rejects(text: str) -> bool:
    return bool(_REJECTS.search(text))

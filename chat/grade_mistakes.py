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
_SAID, _MEANING, _WORDS = 0.3, 0.6, 0.6
_MARGIN = 0.1
"""How much more clearly a sentence must say the mistake than any key point."""
_LOOKED_AT, _NEAR = 3, 0.4
"""So many sentences, and only those as like a mistake as this, are weighed with it."""
_SURE = 0.6
"""Probability from which a point is wrong: nine in ten such were, on held-out questions."""


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


def wrong_points(denials: Sequence[Denial], fitted: Coefficients) -> dict[int, Denial]:
    """Key points that are wrong by a mistake, and the surest evidence for it."""
    found: dict[int, Denial] = {}
    if not denials:
        return found
    sure = fitted.denied(np.asarray([denial.features for denial in denials]))
    for number in np.argsort(-sure):
        if sure[number] >= _SURE:
            found.setdefault(denials[number].point, denials[number])
    return found


def denials(
    rubric: ReadRubric,
    answer: Reading,
    aliases: Mapping[str, Sequence[str]],
    refused: Mapping[int, str],
) -> list[Denial]:
    """Each mistake that denies points, with the sentence that comes nearest to making it."""
    near = [
        (number, place, _likeness(group, answer, place, rubric.question, aliases))
        for number, group in enumerate(rubric.mistakes)
        if rubric.denies[number]
        for place in _nearest(group, answer, refused)
    ]
    stated = entailment(
        [([c.text for c in rubric.mistakes[n]], answer.between(p, p)) for n, p, _ in near]
    )
    best: dict[int, tuple[float, int, tuple[float, ...]]] = {}
    for (number, place, likeness), row in zip(near, stated, strict=True):
        nearness = likeness[0] + likeness[1] + 0.2 * float(row[0])
        if number not in best or nearness > best[number][0]:
            best[number] = nearness, place, (*likeness, *_odds(row[[0, 3]]))
    pairs = [(n, p, *best[n][1:]) for n in best for p in rubric.denies[n]]
    beside = entailment(
        [([rubric.points[p][0].text], answer.between(place, place)) for _, p, place, _ in pairs]
    )
    return [
        Denial(number, point, place, (*features, *_odds(row[[3, 0]])))
        for (number, point, place, features), row in zip(pairs, beside, strict=True)
    ]


def _nearest(group: Sequence[Reading], answer: Reading, refused: Mapping[int, str]) -> list[int]:
    """The sentences nearest to a mistake in meaning."""
    meaning = _meaning(group, answer)
    order = np.argsort(-meaning, kind="stable")[:_LOOKED_AT]
    return [int(place) for place in order if meaning[place] >= _NEAR and place not in refused]


def _meaning(group: Sequence[Reading], answer: Reading) -> Floats:
    """Likeness of each sentence to the nearest wording of a mistake."""
    return np.max([answer.rows @ claim.whole for claim in group], axis=0).astype(np.float64)


def _likeness(
    group: Sequence[Reading],
    answer: Reading,
    place: int,
    question: Reading,
    aliases: Mapping[str, Sequence[str]],
) -> tuple[float, float, float]:
    one = answer.only([place])
    recall = FEATURES.index("soft_recall")
    words = max(float(compare(claim, one, question, aliases).values[recall]) for claim in group)
    stance = any(_rejects(one.pieces[0].text) == _rejects(claim.text) for claim in group)
    return float(_meaning(group, one)[0]), words, float(stance)


def _odds(chances: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in logit(chances))


def _rejects(text: str) -> bool:
    return bool(_REJECTS.search(text))

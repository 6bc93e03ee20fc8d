"""The offline judge: which key points does an answer make, and which does it contradict?

Each wording of each point is compared with the answer (`grade_features`), which finds the
words that decide it and says how like they are; a cross-encoder reads these words and the
point together (`grade_entailment`) and says whether they state it or deny it. A fitted
model weighs both. What the answer itself takes back, and what turns a true sentence round
nearly word for word (`grade_polarity`), makes a point wrong, too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from chat.grade import Verdict
from chat.grade_entailment import entailment
from chat.grade_features import FEATURES, Compared, compare
from chat.grade_mistakes import made, wrong_points
from chat.grade_model import Coefficients, Floats, coefficients, on_reference, point_features
from chat.grade_polarity import Flip, Sentence, denied, flip
from chat.grade_reading import FloatRows, Piece, Reading
from chat.grade_rubric import ReadRubric

_DENIES = "this is a common mistake"
_SPOKEN_OF, _STATED = 0.4, 0.6
"""Likeness from which an answer speaks of a point, and from which it seems to state it."""
_READ = 3
"""Wordings of a point that the cross-encoder reads."""
_CHECK_NUMBERS = "The numbers differ from the key point's: check them."
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_NAME_SOME = re.compile(
    r"\b(?:name|state|give|list|describe|discuss|mention|explain|at least)\b[^.?]{0,40}?"
    r"\b(two|three|four|five|six|[2-6])\b",
    re.I,
)


@dataclass(frozen=True)
class Judged:
    """What the judge says of one point."""

    verdict: Verdict
    chances: tuple[float, ...]
    """Probabilities of covered, partial, missing, wrong."""
    likeness: float = 0.0
    """0..1: how like the best words are to the point, be they for it or against it."""
    first: int = -1
    last: int = -1
    """Pieces of the answer that decide it, -1 without any."""
    reason: str = ""
    """Why it is wrong; "" when it is not."""
    note: str = ""

    @property
    def value(self) -> float:
        """0 missing, 1 covered."""
        return self.chances[0] + self.chances[1] / 2

    def is_lost_in(self, rest: "Judged") -> bool:
        """The point is spoken of, and no more so in the `rest` of the answer."""
        spoken_of = self.likeness >= _SPOKEN_OF
        return spoken_of and rest.likeness < min(self.likeness - 0.1, _STATED)

    def denied(self, reason: str) -> "Judged":
        """The same point, found wrong for a reason of its own."""
        return replace(self, verdict="wrong", reason=reason, note="")


_UNSAID = Judged("missing", (0.0, 0.0, 1.0, 0.0))


@dataclass(frozen=True)
class Judgement:
    """What the judge says of an answer."""

    points: tuple[Judged, ...]
    mistakes: tuple[int, ...]
    """Indexes of the rubric's mistakes that are made."""
    made_at: Mapping[int, int] = field(default_factory=dict)
    """Mistake -> piece."""
    claims: tuple[tuple[int, Flip], ...] = ()
    """Sentences that turn a true one round without deciding a point."""
    reference: float | None = None
    """Calibrated score 0..1, for a free reference."""


def judge(
    rubric: ReadRubric,
    answer: Reading,
    aliases: Mapping[str, Sequence[str]],
    fitted: Coefficients | None = None,
) -> Judgement:
    """Judge an answer, point by point."""
    fitted = fitted or coefficients()
    aliases = {**aliases, **rubric.aliases}
    refused = denied([piece.text for piece in answer.pieces])
    flips = _flips(answer.pieces, rubric.truths)
    against = {*refused, *flips}
    places = [n for n in range(len(answer.pieces)) if n not in against]
    sound = answer.only(places)
    points = _weighed(rubric.points, answer, rubric.question, aliases, fitted)
    used: set[int] = set()
    if against:
        kept = _weighed(rubric.points, sound, rubric.question, aliases, fitted, places)
        for number, (whole, without) in enumerate(zip(points, kept, strict=True)):
            hit = [n for n in range(whole.first, whole.last + 1) if n in against]
            if hit and whole.is_lost_in(without):
                used.update(hit)
                reason = next((flips[n].reason for n in hit if n in flips), "")
                reason = reason or next(refused[n] for n in hit if n in refused)
                points[number] = whole.denied(reason)
            else:
                points[number] = without
    made_at = made(rubric, answer, aliases, fitted, refused)
    wrong = wrong_points(rubric, answer, aliases, fitted, refused, made_at)
    for number, (mistake, place) in wrong.items():
        judged = points[number]
        # A point in one wording is soon thought covered: by the mistaken sentence itself, too.
        lenient = len(rubric.points[number]) == 1 and judged.first == judged.last == place
        if judged.verdict != "covered" or lenient:
            made_at.setdefault(mistake, place)
            if judged.verdict != "wrong":
                points[number] = replace(judged, first=place, last=place).denied(_DENIES)
    claims = tuple((n, found) for n, found in flips.items() if n not in used)
    reference = _reference(rubric, sound, aliases, fitted)
    return Judgement(tuple(points), tuple(made_at), made_at, claims, reference)


def needed(question: str, points: int) -> int:
    """How many of `points` the question asks for ("name two of .."); all when it does not say."""
    found = _NAME_SOME.search(question)
    if not found:
        return points
    return min(points, _NUMBERS.get(found[1].lower()) or int(found[1]))


def reference_features(
    whole: Reading,
    groups: Sequence[Sequence[Reading]],
    answer: Reading,
    question: Reading,
    aliases: Mapping[str, Sequence[str]],
) -> Floats:
    """The calibration's features of a free reference and its statements."""
    entire = compare(whole, answer, question, aliases).values
    parts = [compare(group[0], answer, question, aliases).values for group in groups]
    lengths = np.asarray([float(group[0].weights.sum()) for group in groups])
    return on_reference(entire, parts, lengths, needed(question.text, len(parts)))


def nearest(answer: FloatRows, references: Sequence[FloatRows]) -> int:
    """Which of several good answers the answer is nearest to; there are many ways to be right.

    Unit vectors of the whole texts, (384,) each.
    """
    return int(np.argmax([float(answer @ reference) for reference in references]))


def _weighed(
    groups: Sequence[Sequence[Reading]],
    answer: Reading,
    question: Reading,
    aliases: Mapping[str, Sequence[str]],
    fitted: Coefficients,
    places: Sequence[int] | None = None,
) -> list[Judged]:
    """Every point of a rubric against one answer; the cross-encoder reads all in one pass."""
    if not answer.words:
        return [_UNSAID] * len(groups)
    matched = [point_features(group, answer, question, aliases) for group in groups]
    entailed = entailment(
        [
            read_together(group, answer, question, best)
            for group, (_, best) in zip(groups, matched, strict=True)
        ]
    )
    judged = []
    for group, (values, best), row in zip(groups, matched, entailed, strict=True):
        model = fitted.of(len(group))
        said, covered = model.said(values[None]), model.covered(values[None])
        chances = model.chances(said, covered, row[None])[0]
        first, last = best.first, best.last
        if places is not None and first >= 0:
            first, last = places[first], places[last]
        point = Judged(
            model.verdict(chances),
            tuple(float(chance) for chance in chances),
            float(said[0] + covered[0]) / 2,
            first,
            last,
        )
        if values[FEATURES.index("other_numbers")] and point.verdict != "missing":
            # No more than a note: people's answers with another number are right more often
            # than not.
            point = replace(point, note=_CHECK_NUMBERS)
        judged.append(point)
    return judged


def read_together(
    group: Sequence[Reading], answer: Reading, question: Reading, best: Compared
) -> tuple[list[str], str]:
    """What the cross-encoder reads: a point's wordings, and the words that decide it.

    Of many other wordings the longest are read: they say most, and more readings cost more time
    than they tell.
    """
    # In the rubric's order, not a set's: of two words as near, the same one must win each time.
    known = dict.fromkeys(word.text for text in (*group, question) for word in text.words)
    longest = sorted(group[1:], key=lambda wording: -len(wording.text))[: _READ - 1]
    wordings = [wording.text for wording in (group[0], *longest)]
    return wordings, answer.between(best.first, best.last, known)


def _flips(pieces: Sequence[Piece], truths: Sequence[Sentence]) -> dict[int, Flip]:
    found = {}
    for number, piece in enumerate(pieces):
        turned = flip(Sentence(piece.text), truths)
        if turned is not None:
            found[number] = turned
    return found


def _reference(
    rubric: ReadRubric,
    answer: Reading,
    aliases: Mapping[str, Sequence[str]],
    fitted: Coefficients,
) -> float | None:
    if rubric.whole is None:
        return None
    if not answer.words:
        return 0.0
    values = reference_features(rubric.whole, rubric.points, answer, rubric.question, aliases)
    return float(fitted.reference(values[None])[0])

"""How well an answer says what a key point says: the features of the offline judge.

The same features serve a rubric's key points, their other wordings and the statements of
a free reference answer. None of them rewards length, and the words of the question count
little, because repeating the question is no knowledge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.grade_polarity import negations
from chat.grade_reading import FloatRows, Reading

FEATURES = (
    "meaning",  # cosine of the best sentence, or pair of neighbours, and the point
    "meaning_whole",  # cosine of the whole answer and the point
    "news_meaning",  # the same with the question's own direction taken out
    "soft_recall",  # the point's words found in the answer by meaning in context
    "soft_window",  # the same in the best sentences alone
    "recall",  # the point's words found by stem, spelling or alias
    "recall_window",
    "soft_precision",  # the answer's words found in the point, by meaning
    "window_precision",  # the same for the best sentences
    "cosine_terms",  # cosine of the rarity-weighted stems
    "weakest",  # the meaning similarity of the point's worst third of words
    "order",  # neighbouring words of the point that are neighbours in the answer
    "trigrams",  # characters in common, for typing errors
    "numbers",  # share of the point's numbers that are stated; 0.5 when it has none
    "other_numbers",  # numbers of the same kind as the point's, but others
    "negation",  # negated on one side only
    "echo",  # share of the answer that repeats the question
)
NEGATIVE = frozenset({"other_numbers", "negation", "echo"})
_ASKED = 0.15
_FUZZY = 0.8


@dataclass(frozen=True)
class Compared:
    """The features of one wording against one answer, and the place that decides them."""

    values: NDArray[np.float64]
    first: int
    last: int
    """The best window: pieces `first..last` of the answer, -1 without any."""


def compare(
    point: Reading,
    answer: Reading,
    question: Reading,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> Compared:
    """Compare one wording with an answer.

    Args:
        point: the wording.
        answer: the answer.
        question: the question; its own words count little.
        aliases: stem of a short form -> stems of its long forms, for names.
    """
    if not answer.pieces or not point.words or not answer.words:
        return Compared(np.zeros(len(FEATURES)), -1, -1)
    asked = question.stems
    hard = _same_words(point, answer, aliases or {})
    soft = np.maximum(np.clip(point.vectors @ answer.vectors.T, 0, 1), hard)
    mine, theirs = _weights(point, asked), _weights(answer, asked)
    windows = _windows(len(answer.pieces))
    cosines = np.asarray([_cosine(point, answer, window) for window in windows])
    inside = [np.isin(answer.places, window) for window in windows]
    recalls = np.asarray(
        [mine @ soft[:, held].max(axis=1) if held.any() else 0.0 for held in inside]
    )
    best = int(np.argmax(cosines + recalls))
    window, held = windows[best], inside[best]
    text = answer.text[answer.pieces[window[0]].start : answer.pieces[window[-1]].end]
    best_soft = soft.max(axis=1)
    wanted, stated = point.quantities, answer.quantities
    found = sum(any(w.same(s) for s in stated) for w in wanted)
    values = [
        float(cosines.max()),
        float(answer.whole @ point.whole),
        _cosine_of(_without(answer.whole, question.whole), _without(point.whole, question.whole)),
        float(mine @ best_soft),
        float(recalls[best]),
        float(mine @ hard.max(axis=1)),
        float(mine @ hard[:, held].max(axis=1)) if held.any() else 0.0,
        float(theirs @ soft.max(axis=0)),
        _share(theirs[held], soft[:, held].max(axis=0)) if held.any() else 0.0,
        _cosine_terms(point, answer, mine, theirs),
        _weakest(best_soft, point.weights),
        _order(point, answer),
        _trigrams(point, answer),
        found / len(wanted) if wanted else 0.5,
        float(_other_numbers(point, answer)),
        float(negations(text) != negations(point.text)),
        _echo(answer, asked),
    ]
    return Compared(np.asarray(values), window[0], window[-1])


def _weights(text: Reading, asked: frozenset[str]) -> NDArray[np.float64]:
    """Weight of each content word, summing to 1: rarity, and little for the question's."""
    given = np.asarray([_ASKED if word.stem in asked else 1.0 for word in text.words])
    weights = np.sqrt(text.weights) * given
    return np.asarray(weights / weights.sum())


def _share(weights: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    return float(weights @ values / weights.sum()) if weights.sum() else 0.0


def _without(vector: FloatRows, other: FloatRows) -> FloatRows:
    return np.asarray(vector - (vector @ other) * other)


def _cosine_of(one: FloatRows, other: FloatRows) -> float:
    return float(one @ other / ((np.linalg.norm(one) * np.linalg.norm(other)) or 1.0))


def _cosine_terms(
    point: Reading, answer: Reading, mine: NDArray[np.float64], theirs: NDArray[np.float64]
) -> float:
    one: dict[str, float] = {}
    other: dict[str, float] = {}
    for text, weights, counts in ((point, mine, one), (answer, theirs, other)):
        for word, weight in zip(text.words, weights, strict=True):
            counts[word.stem] = counts.get(word.stem, 0.0) + float(weight)
    common = sum(one[stem] * other[stem] for stem in one if stem in other)
    return common / float(
        np.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))
    )


def _windows(pieces: int) -> list[tuple[int, ...]]:
    return [(n,) for n in range(pieces)] + [(n, n + 1) for n in range(pieces - 1)]


def _cosine(point: Reading, answer: Reading, window: tuple[int, ...]) -> float:
    row = answer.rows[list(window)].sum(axis=0)
    return float(row @ point.whole / (np.linalg.norm(row) or 1.0))


def _same_words(
    point: Reading, answer: Reading, aliases: Mapping[str, Sequence[str]]
) -> NDArray[np.float64]:
    """(point words, answer words): 1 for one stem, less for a likely typing error."""
    same = np.zeros((len(point.words), len(answer.words)))
    stems = [word.stem for word in answer.words]
    joined = f" {' '.join(stems)} "
    for row, word in enumerate(point.words):
        for column, stem in enumerate(stems):
            if stem == word.stem:
                same[row, column] = 1.0
            elif len(word.text) >= 4 and len(stem) >= 4 and word.text[0] == stem[0]:
                grams, theirs = point.grams[row], answer.grams[column]
                alike = 2 * len(grams & theirs) / (len(grams) + len(theirs))
                if alike >= 0.5 and _edit_alike(word.text, answer.words[column].text) >= _FUZZY:
                    same[row, column] = 0.9
        for long in aliases.get(word.stem, ()):
            if f" {long} " in joined:
                first = joined[: joined.index(f" {long} ")].count(" ")
                same[row, first : first + long.count(" ") + 1] = 1.0
    mine = f" {' '.join(word.stem for word in point.words)} "
    for column, stem in enumerate(stems):
        for long in aliases.get(stem, ()):
            if f" {long} " in mine:
                first = mine[: mine.index(f" {long} ")].count(" ")
                same[first : first + long.count(" ") + 1, column] = 1.0
    return same


def _edit_alike(one: str, other: str) -> float:
    from rapidfuzz.distance import DamerauLevenshtein

    return float(DamerauLevenshtein.normalized_similarity(one, other))


def _weakest(soft: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Mean similarity of the worst third of the point's rarer words."""
    rare = soft[weights >= np.median(weights)]
    return float(np.sort(rare)[: max(1, len(rare) // 3)].mean())


def _order(point: Reading, answer: Reading) -> float:
    wanted = {
        (a.stem, b.stem) for a, b in zip(point.words, point.words[1:], strict=False) if a != b
    }
    if not wanted:
        return 0.0
    stems = [word.stem for word in answer.words]
    said = {(one, other) for n, one in enumerate(stems) for other in stems[n + 1 : n + 3]}
    return len(wanted & said) / len(wanted)


def _trigrams(point: Reading, answer: Reading) -> float:
    mine: set[str] = set().union(*point.grams)
    theirs: set[str] = set().union(*answer.grams)
    return len(mine & theirs) / len(mine) if mine else 0.0


def _other_numbers(point: Reading, answer: Reading) -> bool:
    kinds = {quantity.dimension for quantity in point.quantities if quantity.dimension}
    stated = [quantity for quantity in answer.quantities if quantity.dimension in kinds]
    return bool(stated) and not any(s.same(w) for s in stated for w in point.quantities)


def _echo(answer: Reading, asked: frozenset[str]) -> float:
    whole = answer.weights.sum()
    return float(sum(w.weight for w in answer.words if w.stem in asked) / whole) if whole else 0.0

"""A rubric as the offline judge reads it: every wording of it encoded, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from chat.grade_polarity import Sentence
from chat.grade_reading import Encoder, Reading, read_all, words_in
from ingest.questions import KeyPoint, Mistake

_SAME_MATTER = 0.65
"""Similarity of a mistake, with what is right instead, and the key point that it denies."""


@dataclass(frozen=True)
class ReadRubric:
    """A rubric with every wording read; made once and kept."""

    question: Reading
    points: tuple[tuple[Reading, ...], ...]
    """Of each point: its text, then its other wordings."""
    mistakes: tuple[tuple[Reading, ...], ...]
    denies: tuple[tuple[int, ...], ...]
    """Of each mistake: the key points that it denies, as the rubric says."""
    nearest: tuple[int, ...]
    """Of each mistake whose rubric does not say: the point it is nearest to, -1 for none."""
    truths: tuple[Sentence, ...]
    """Sentences that are true: wordings, the model answer, the lesson's statements."""
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names that the rubric itself explains: stem of the short form -> stems of the long."""
    whole: Reading | None = None
    """The reference as one text, when the points are its statements."""


def read_rubric(
    question: str,
    points: Sequence[KeyPoint],
    mistakes: Sequence[Mistake],
    truths: Sequence[str] = (),
    reference: str | None = None,
    encoder: Encoder | None = None,
) -> ReadRubric:
    """Read all wordings with one pass of the embedding model."""
    groups = [(point.text, *point.also) for point in points]
    claims = [(mistake.claim, *mistake.also) for mistake in mistakes]
    explained = [f"{mistake.claim} {mistake.why}".strip() for mistake in mistakes]
    wordings = [text for group in groups + claims for text in group]
    texts = list(dict.fromkeys([question, *wordings, *explained]))
    if reference is not None and reference not in texts:
        texts.append(reference)
    by_text = dict(zip(texts, read_all(texts, encoder), strict=True))
    read = tuple(tuple(by_text[text] for text in group) for group in groups)
    sentences = dict.fromkeys([*(t for group in groups for t in group), *truths])
    return ReadRubric(
        by_text[question],
        read,
        tuple(tuple(by_text[text] for text in group) for group in claims),
        tuple(mistake.denies or () for mistake in mistakes),
        tuple(
            _nearest_point(by_text[text], read) if mistake.denies is None else -1
            for mistake, text in zip(mistakes, explained, strict=True)
        ),
        tuple(Sentence(text) for text in sentences),
        _explained(points),
        by_text[reference] if reference is not None else None,
    )


def _nearest_point(mistake: Reading, points: Sequence[Sequence[Reading]]) -> int:
    """The point that a mistake, told with what is right instead, is nearest to, if near enough."""
    near = [max(float(mistake.whole @ wording.whole) for wording in group) for group in points]
    best = int(np.argmax(near)) if near else -1
    return best if near and near[best] >= _SAME_MATTER else -1


def _explained(points: Sequence[KeyPoint]) -> dict[str, list[str]]:
    """The aliases of a rubric, written "short = long"."""
    pairs = [alias.split("=", 1) for point in points for alias in point.aliases if "=" in alias]
    return stemmed({short.strip(): [long.strip()] for short, long in pairs})


def stemmed(aliases: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The index's aliases, short form -> long forms, as stems."""
    found: dict[str, list[str]] = {}
    for short, longs in aliases.items():
        words = words_in(short)
        if words:
            stems = [" ".join(w.stem for w in words_in(long) if w.weight) for long in longs]
            found[words[0].stem] = [stem for stem in stems if stem]
    return found

"""Attacks that change what a good answer says, and enough of it that points must be lost.

An edit counts only where it hits key points: at least two of them with a third of the
rubric's weight, or all. Otherwise two points of ten less would not be fair.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from eval.attack_edits import keywords, lowered, negated, rescaled, split_sentences, swapped
from ingest.questions import InterviewQuestion, KeyPoint

SHARE_HIT = 0.35
"""Share of the rubric's weight (a vital point counts twice) that an edit must hit."""
_MEASURE = re.compile(
    r"(?:\d[\d,.]*|\b(?:per|an?|each|every|one|two|three|four|five|six|ten|million|thousand))[\s-]?$"
    r"|\d$",
    re.I,
)
Spans = list[tuple[int, int]]
Edit = Callable[[str], tuple[str, Spans]]


def notes(question: InterviewQuestion) -> list[str]:
    """The key points in their other wordings, a sentence each; the point where there is none."""
    return [_sentence(_wordings(point)[0]) for point in question.points]


def changed(
    family: str, template: Any, question: InterviewQuestion, base: str
) -> tuple[str, str] | None:
    """`base` with its meaning changed, and the base; None when too little would change."""
    if family in {"negated", "contradicted"}:
        return _denied(template, base)
    edit = _edit(family, template)
    if base == "\n".join(notes(question)):
        return _changed_notes(edit, question)
    text, spans = edit(base)
    hits = [point for point in question.points if _hit(point, base, spans)]
    return (text, base) if _enough(hits, question.points) else None


def _edit(family: str, template: Any) -> Edit:
    if isinstance(template, (int, float)):
        return lambda text: rescaled(text, float(template))
    pairs = [(one, two) for one, two in template]
    if family == "numbers":
        return lambda text: swapped(text, pairs, _MEASURE)
    return lambda text: swapped(text, pairs)


def _changed_notes(edit: Edit, question: InterviewQuestion) -> tuple[str, str] | None:
    """Notes in those wordings that the edit changes, where a point has one."""
    before, after, hits = [], [], []
    for point in question.points:
        wording = next((w for w in _wordings(point) if edit(w)[1]), _wordings(point)[0])
        before.append(_sentence(wording))
        text, spans = edit(before[-1])
        after.append(text)
        if spans:
            hits.append(point)
    if not _enough(hits, question.points):
        return None
    return "\n".join(after), "\n".join(before)


def _hit(point: KeyPoint, base: str, spans: Spans) -> bool:
    """Whether a changed word is one that the point has too, in a sentence about the point."""
    for wording in (point.text, *point.also):
        words = set(keywords(wording))
        for start, end in spans:
            word = base[start:end].lower()
            sentence = _around(base, start, end)
            about = len(words & set(keywords(sentence)))
            if about >= 3 and re.search(rf"(?<![\w.]){re.escape(word)}(?![\w])", wording, re.I):
                return True
    return False


def _around(text: str, start: int, end: int) -> str:
    before = max(text.rfind(mark, 0, start) for mark in (". ", "; ", "\n"))
    after = [text.find(mark, end) for mark in (". ", "; ", "\n")]
    return text[before + 1 : min((a for a in after if a >= 0), default=len(text))]


def _enough(hits: Sequence[KeyPoint], points: Sequence[KeyPoint]) -> bool:
    def weight(of: Sequence[KeyPoint]) -> int:
        return sum(2 if point.vital else 1 for point in of)

    return len(hits) >= min(2, len(points)) and weight(hits) >= SHARE_HIT * weight(points)


def _denied(template: str, base: str) -> tuple[str, str] | None:
    """Every sentence denied, or said and denied; three quarters of them must allow it."""
    sentences = split_sentences(base)
    after = list(_each_denied(template, sentences))
    done = sum(new != old for new, old in zip(after, sentences, strict=True))
    if done < max(2, 0.75 * len(sentences)):
        return None
    return ("\n" if "\n" in base else " ").join(after), base


def _each_denied(template: str, sentences: Sequence[str]) -> Iterator[str]:
    for number, sentence in enumerate(sentences):
        if template.startswith("not in each"):
            keep = template.endswith("but the first") and number == 0
            yield sentence if keep else negated(sentence) or sentence
            continue
        denied = negated(sentence) if "{not}" in template else ""
        if denied is None:
            yield sentence
            continue
        yield (
            template.replace("{s}", sentence)
            .replace("{lower}", lowered(sentence))
            .replace("{not}", lowered(denied) + ".")
        )


def _wordings(point: KeyPoint) -> list[str]:
    """The other wordings that are more than a keyword, the longest first; then the point."""
    long = sorted((w for w in point.also if len(w.split()) >= 4), key=lambda w: -len(w))
    return [*long, point.text]


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."

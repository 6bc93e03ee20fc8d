"""An answer composed of the documents' own statements, without a model.

Statements of the retrieved passages are scored by meaning, by the question's terms
weighted by rarity, and by their passage; the best are taken while they add something
new (maximal marginal relevance, Carbonell and Goldstein 1998), put back in the order of
the text, and each is cited. A comparison takes rows that name both sides and makes a
table of them; a question about a number leads with the number; steps keep their order.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chat.comparison import SideTable, side_table
from chat.query import Query
from chat.reranking import held, rarity_of
from chat.retrieval import Retrieval
from ingest.index import Index
from ingest.passages import Passage
from ingest.quantities import quantities_of
from ingest.statements import Statement
from ingest.terms import terms_of

_STEP = re.compile(r"[ \t]*(\d{1,2})[.)][ \t]")
_CLAUSE = re.compile(r"(?:when|if|because|although|while|unless|so that)\b[^,;:]*$", re.I)
"""A subordinate clause alone: it says nothing without the question that it answers."""
NUMBER = re.compile(r"(?<![A-Za-z])[$€~]?\d[\d,.]*")


@dataclass(frozen=True)
class Style:
    """How an answer is put together; tuned on the development split of the golden set."""

    passages: int = 6
    """Passages whose statements are considered."""
    statements: int = 6
    words: int = 90
    keep_steps: float = 0.85
    """Share of the best score that the best step of a numbered list must have."""
    steps: int = 8
    """Items of a numbered list that is given whole."""
    meaning: float = 0.45
    terms: float = 0.30
    passage: float = 0.25
    keep: float = 0.70
    """A further statement must score this share of the best one's score."""
    novelty: float = 0.86
    """A statement this similar to one already taken is a repetition."""


@dataclass(frozen=True)
class Chosen:
    """A statement that goes into the answer."""

    passage: Passage
    statement: Statement
    score: float
    rank: int
    """Rank of its passage."""
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class Composition:
    """The answer's pieces in reading order; `table` is Markdown that the pieces fill."""

    chosen: list[Chosen]
    table: str = ""
    """With `{0}`, `{1}`.. where the markers of its rows go."""
    rows: int = 0
    """So many of the chosen, from the first, are the table's rows; prose follows it."""


def compose(
    index: Index,
    retrieval: Retrieval,
    style: Style = Style(),
    taken: Collection[tuple[str, int]] = (),
) -> Composition:
    """Choose and order the statements that answer the question; empty if none can.

    Args:
        index: the open generation that `retrieval` came from.
        retrieval: what the question found.
        style: how much to say.
        taken: (passage id, start) of statements that an earlier part has said.
    """
    candidates = [
        candidate
        for candidate in score_statements(index, retrieval, style)
        if (candidate.passage.id, candidate.statement.start) not in taken
    ]
    if not candidates:
        return Composition([])
    query = retrieval.query
    table = side_table(index, retrieval)
    if table:
        return _with_table(index, table, candidates, query, style)
    if query.wants_steps:
        steps = _steps(index, candidates, style)
        if steps:
            return Composition(steps)
    chosen = _select(candidates, query, style)
    return Composition(_ordered(chosen, query))


def score_statements(index: Index, retrieval: Retrieval, style: Style) -> list[Chosen]:
    """All quotable statements of the best passages with their scores, best first."""
    ranked = [r for r in retrieval.ranked[: style.passages] if r.passage.kind != "question"]
    query = retrieval.query
    if not ranked:
        return []
    rarity = rarity_of(index, query.terms)
    best = max(r.score for r in ranked) or 1.0
    found: list[Chosen] = []
    for rank, result in enumerate(ranked):
        first = int(index.first_statement[result.index])
        context = set(terms_of(" ".join(result.passage.trail)))
        for offset, statement in enumerate(result.passage.statements):
            if not statement.quotable or len(statement.reading) < 8:
                continue
            vector = index.statements[first + offset]
            similarity = float(vector @ retrieval.vector)
            coverage = held(set(terms_of(statement.reading)), context, rarity)
            score = (
                style.meaning * max(similarity, 0.0)
                + style.terms * coverage
                + style.passage * result.score / best
            )
            raw = index.documents[result.passage.source].text[statement.start : statement.end]
            score *= _fitness(statement, raw, query)
            found.append(Chosen(result.passage, statement, score, rank, vector))
    return sorted(found, key=lambda c: (-c.score, c.rank, c.statement.start))


def _fitness(statement: Statement, raw: str, query: Query) -> float:
    """Small factors for the form of a statement (`raw`: as written) and of the question."""
    words = len(statement.reading.split())
    factor = 1.0 if words >= 5 else 0.7
    if words <= 10 and _CLAUSE.match(statement.reading):
        factor *= 0.6
    if "](" in raw and words <= 10:
        factor *= 0.7  # "Details are in .." only points elsewhere
    if query.wants_number:
        factor *= 1.08 if NUMBER.search(statement.reading) else 0.94
    if words > 60:
        factor *= 0.9
    if statement.kind == "pair":
        factor *= 0.95
    return factor


def _select(candidates: Sequence[Chosen], query: Query, style: Style) -> list[Chosen]:
    chosen: list[Chosen] = []
    words = 0
    threshold = candidates[0].score * style.keep
    for candidate in candidates:
        length = len(candidate.statement.reading.split())
        if candidate.score < threshold or len(chosen) == style.statements:
            break
        if chosen and words + length > style.words:
            continue
        if any(_repeats(candidate, other, style.novelty) for other in chosen):
            continue
        chosen.append(candidate)
        words += length
    return chosen


def _repeats(candidate: Chosen, other: Chosen, limit: float) -> bool:
    mine, theirs = (
        set(terms_of(candidate.statement.reading)),
        set(terms_of(other.statement.reading)),
    )
    if mine and len(mine & theirs) / len(mine) > 0.85:
        return True
    return float(candidate.vector @ other.vector) > limit and (
        len(mine & theirs) > 0.6 * min(len(mine), len(theirs) or 1)
    )


def _ordered(chosen: list[Chosen], query: Query) -> list[Chosen]:
    """Text order inside a passage, passages by their best statement; the number first."""
    if not chosen:
        return []
    first_of: dict[str, int] = {}
    for position, item in enumerate(chosen):
        first_of.setdefault(item.passage.id, position)
    ordered = sorted(chosen, key=lambda c: (first_of[c.passage.id], c.statement.start))
    if query.wants_number:
        lead = _leading(chosen, query)
        ordered.remove(lead)
        ordered.insert(0, lead)
    return ordered


def _leading(chosen: Sequence[Chosen], query: Query) -> Chosen:
    """The best statement with a number of the kind that is asked for, else with any."""
    numbers = [c for c in chosen if NUMBER.search(c.statement.reading)]
    fitting = [
        c
        for c in numbers
        if query.dimensions & {q.dimension for q in quantities_of(c.statement.reading)}
    ]
    return next(iter([*fitting, *numbers, *chosen]))


def _steps(index: Index, candidates: Sequence[Chosen], style: Style) -> list[Chosen]:
    """The whole numbered list nearest to the question, in its order; [] if none is near."""
    groups: dict[str, list[Chosen]] = {}
    for candidate in candidates:
        text = index.documents[candidate.passage.source].text
        listed = candidate.statement.kind in {"item", "line"}
        if candidate.rank < 3 and listed and _STEP.match(text, candidate.statement.start):
            groups.setdefault(candidate.passage.id, []).append(candidate)
    for group in groups.values():
        near = group[0].score >= style.keep_steps * candidates[0].score
        ordered = sorted(group, key=lambda c: c.statement.start)
        # The end of a long list, cut off by the passage's length, would begin in the middle.
        if near and 2 < len(group) <= style.steps and _number_of(index, ordered[0]) == 1:
            return ordered
    return []


def _number_of(index: Index, item: Chosen) -> int:
    """The number that a numbered step has in its document."""
    step = _STEP.match(index.documents[item.passage.source].text, item.statement.start)
    return int(step[1]) if step else 0


def _with_table(
    index: Index,
    table: SideTable,
    candidates: Sequence[Chosen],
    query: Query,
    style: Style,
) -> Composition:
    """The table, and what else fits into the answer's length."""
    rows = [
        Chosen(row.passage, row.statement, row.similarity, 0, index.statements[row.position])
        for row in table.rows
    ]
    text = table.markdown(index)
    used = {(row.passage.id, row.statement.start) for row in rows}
    left = style.words - len(re.findall(r"[^\s|]+", text))
    rest = [
        c
        for c in candidates
        if c.score >= style.keep * candidates[0].score
        and (c.passage.id, c.statement.start) not in used
        and c.statement.kind != "row"
        and len(c.statement.reading.split()) <= left
    ]
    more = _select(rest, query, replace(style, words=left, statements=2)) if rest else []
    return Composition([*rows, *_ordered(more, query)], text, len(rows))

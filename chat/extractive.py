"""An answer composed of the documents' own statements, without a model.

Statements of the retrieved passages are scored by meaning, by the question's terms
weighted by rarity, and by their passage; the best are taken while they add something
new (maximal marginal relevance, Carbonell and Goldstein 1998), put back in the order of
the text, and each is cited. A comparison takes rows that name both sides and makes a
table of them; a question about a number leads with the number; steps keep their order.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.query import Query
from chat.reranking import held, rarity_of
from chat.retrieval import Ranked, Retrieval
from ingest.index import Index
from ingest.markdown import plain
from ingest.passages import Passage
from ingest.statements import Statement, cells_of
from ingest.terms import terms_of

_STEP = re.compile(r"[ \t]*\d{1,2}[.)][ \t]")
_NUMBER = re.compile(r"(?<![A-Za-z])[$€~]?\d[\d,.]*")


@dataclass(frozen=True)
class Style:
    """How an answer is put together; tuned on the development split of the golden set."""

    passages: int = 6
    """Passages whose statements are considered."""
    statements: int = 5
    words: int = 85
    keep_steps: float = 0.85
    """Share of the best score that the best step of a numbered list must have."""
    steps: int = 8
    """Items of a numbered list that is given whole."""
    meaning: float = 0.45
    terms: float = 0.30
    passage: float = 0.25
    keep: float = 0.72
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
    """With `{0}`, `{1}`.. where the markers of the chosen statements go."""


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
    if query.sides:
        table = _comparison(index, retrieval, query, candidates)
        if table:
            return table
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
            score *= _fitness(statement, query)
            found.append(Chosen(result.passage, statement, score, rank, vector))
    return sorted(found, key=lambda c: (-c.score, c.rank, c.statement.start))


def _fitness(statement: Statement, query: Query) -> float:
    """Small factors for the form of a statement against the form of the question."""
    words = len(statement.reading.split())
    factor = 1.0 if words >= 5 else 0.7
    if query.wants_number:
        factor *= 1.08 if _NUMBER.search(statement.reading) else 0.94
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
        lead = next((c for c in chosen if _NUMBER.search(c.statement.reading)), chosen[0])
        ordered.remove(lead)
        ordered.insert(0, lead)
    return ordered


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
        if near and 2 < len(group) <= style.steps:
            return sorted(group, key=lambda c: c.statement.start)
    return []


def _comparison(
    index: Index, retrieval: Retrieval, query: Query, candidates: Sequence[Chosen]
) -> Composition | None:
    """Rows of a table whose header names both sides, as a small table; None without one."""
    assert query.sides is not None
    for result in retrieval.ranked[:4]:
        table = _side_table(index, result, query.sides)
        if table is None:
            continue
        names, columns = table
        rows = [c for c in candidates if c.passage.id == result.passage.id]
        rows = sorted(
            [c for c in rows if c.statement.kind == "row"][:5], key=lambda c: c.statement.start
        )
        if len(rows) < 2:
            continue
        lines = ["| " + " | ".join(names) + " |", "| --- " * len(names) + "|"]
        for number, row in enumerate(rows):
            document = index.documents[result.passage.source]
            raw = document.text[row.statement.start : row.statement.end]
            cells = [plain(cell) for cell in cells_of(raw)]
            if len(cells) <= max(columns):
                break
            picked = [cells[column].replace("|", "\\|") for column in columns]
            lines.append("| " + " | ".join(picked) + f" {{{number}}} |")
        if len(lines) >= 4:
            return Composition(rows[: len(lines) - 2], "\n".join(lines))
    return None


def _side_table(
    index: Index, result: Ranked, sides: tuple[str, str]
) -> tuple[list[str], list[int]] | None:
    """Header names and column numbers (aspect, one side, other side) of a fitting table."""
    header = result.passage.header or _header_of(result.passage)
    names = [plain(cell) for cell in cells_of(header)] if header else []
    if len(names) < 3:
        return None
    places = [_column_of(names, side, index) for side in sides]
    if None in places or places[0] == places[1]:
        return None
    first, second = (int(place) for place in places if place is not None)
    return [names[0], names[first], names[second]], [0, first, second]


def _header_of(passage: Passage) -> str:
    match = re.search(r"^(.*\|.*)\n[ \t>]*\|?[ \t:|-]*-{3,}[ \t:|-]*$", passage.text, re.M)
    return match[1] if match else ""


def _column_of(names: Sequence[str], side: str, index: Index) -> int | None:
    """The column whose name shares most terms with a side, short and long forms alike."""
    wanted = _with_aliases(set(terms_of(side)), side, index)
    best, score = None, 0.0
    for number, name in enumerate(names):
        if number == 0:
            continue
        own = _with_aliases(set(terms_of(name)), name, index)
        shared = len(wanted & own) / max(1, min(len(own), len(wanted)))
        if shared > score:
            best, score = number, shared
    return best if score >= 0.5 else None


def _with_aliases(terms: set[str], text: str, index: Index) -> set[str]:
    for word in re.findall(r"[A-Za-z0-9-]+", text.lower()):
        for long in index.aliases.get(word, [])[:1]:
            terms = terms | set(terms_of(long))
    return terms

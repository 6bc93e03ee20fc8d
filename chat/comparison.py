"""A question that compares things -> rows of a table of the documents that names them.

Any table of the index may serve, also one whose passage was not retrieved: the table's
header says whether it compares these. Of several, the one whose columns are named
most exactly and whose rows are nearest to the question is taken.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chat.reranking import held, rarity_of
from chat.retrieval import Retrieval
from ingest.index import Index
from ingest.markdown import plain
from ingest.passages import Passage
from ingest.statements import Statement, cells_of
from ingest.terms import terms_of

_ROWS = 5
_SAME = 0.5
"""Share of the terms by which a column's name has to match a side."""
_CLEARLY = 0.75
"""How exactly the columns of a table that was not retrieved have to be named."""
_ASKED = 0.5
"""What a row gains by holding what is asked beside the two sides."""
_NEARNESS = 1.0
"""What the rows' similarity to the question counts, beside how exactly the header fits."""


@dataclass(frozen=True)
class TableRow:
    """A row that goes into the answer's table."""

    passage: Passage
    statement: Statement
    position: int
    """Of its vector in `Index.statements`."""
    similarity: float
    """To the question; what it holds of the words asked is added."""


@dataclass(frozen=True)
class SideTable:
    """Rows of one table and the columns of the aspect and of the sides."""

    names: tuple[str, ...]
    columns: tuple[int, ...]
    rows: tuple[TableRow, ...]

    def markdown(self, index: Index) -> str:
        """The table with `{0}`, `{1}`.. where the rows' citation markers go."""
        lines = ["| " + " | ".join(self.names) + " |", "| --- " * len(self.names) + "|"]
        for number, row in enumerate(self.rows):
            cells = _cells(index, row.passage, row.statement)
            picked = [cells[column].replace("|", "\\|") for column in self.columns]
            lines.append("| " + " | ".join(picked) + f" {{{number}}} |")
        return "\n".join(lines)


def side_table(index: Index, retrieval: Retrieval) -> SideTable | None:
    """The best table for the sides of the question; None without one of two rows.

    Of more than two sides, a table that has only some of them may serve.
    """
    sides = retrieval.query.sides
    if sides is None:
        return None
    retrieved = {ranked.index for ranked in retrieval.ranked}
    found: dict[tuple[str, tuple[str, ...], str], list[int]] = {}
    for position, passage in enumerate(index.passages):
        header = passage.header or _header_of(passage)
        if header:
            found.setdefault((passage.source, passage.trail, header), []).append(position)
    best, best_score = None, 0.0
    for (_, _, header), positions in found.items():
        names = [plain(cell) for cell in cells_of(header)]
        exact = _columns_of(names, sides, index)
        if len(names) < 3 or len(exact) < 2:
            continue
        clear = bool(sides[1]) and len(exact) == len(sides) and min(exact.values()) >= _CLEARLY
        if retrieved.isdisjoint(positions) and not clear:
            continue
        columns = (0, *exact)
        rows = _rows(index, retrieval, positions, max(columns))
        if len(rows) < 2:
            continue
        nearness = float(np.mean([row.similarity for row in rows]))
        score = sum(exact.values()) + _NEARNESS * nearness
        if score > best_score:
            chosen = sorted(rows, key=lambda row: row.statement.start)
            best = SideTable(tuple(names[c] for c in columns), columns, tuple(chosen))
            best_score = score
    return best


def _columns_of(names: Sequence[str], sides: Sequence[str], index: Index) -> dict[int, float]:
    """The columns that sides have, in the sides' order, and how exactly each is named.

    What a thing that is named alone is compared with is the other column of a table of two.
    """
    found: dict[int, float] = {}
    for side in sides:
        column, exactly = _column_of(names, side, index) if side else (0, 0.0)
        if exactly > found.get(column, 0.0):
            found[column] = exactly
    if not sides[1] and len(names) == 3 and max(found.values(), default=0.0) >= _CLEARLY:
        [(column, exactly)] = found.items()
        found[3 - column] = exactly
    return found


def _rows(
    index: Index, retrieval: Retrieval, positions: Sequence[int], last_column: int
) -> list[TableRow]:
    """The rows nearest to the question, of all passages that one table was cut into."""
    query = retrieval.query
    sides = set(terms_of(" ".join(query.sides or ())))
    asked = rarity_of(index, [term for term in query.terms if term not in sides])
    rows = []
    for position in positions:
        passage = index.passages[position]
        first = int(index.first_statement[position])
        for offset, statement in enumerate(passage.statements):
            cells = _cells(index, passage, statement) if statement.kind == "row" else []
            if len(cells) > last_column and statement.quotable:
                similarity = float(index.statements[first + offset] @ retrieval.vector)
                similarity += _ASKED * held(set(terms_of(statement.reading)), (), asked)
                rows.append(TableRow(passage, statement, first + offset, similarity))
    return sorted(rows, key=lambda row: -row.similarity)[:_ROWS]


def _cells(index: Index, passage: Passage, statement: Statement) -> list[str]:
    text = index.documents[passage.source].text[statement.start : statement.end]
    return [plain(cell) for cell in cells_of(text)]


def _header_of(passage: Passage) -> str:
    if "|" not in passage.text:
        return ""
    match = re.search(r"^(.*\|.*)\n[ \t>]*\|?[ \t:|-]*-{3,}[ \t:|-]*$", passage.text, re.M)
    return match[1] if match else ""


def _column_of(names: Sequence[str], side: str, index: Index) -> tuple[int, float]:
    """The column whose name is nearest to a side and how near; 1 is the same name."""
    best, nearest = 0, 0.0
    for number, name in enumerate(names[1:], start=1):
        near = _nearness(set(terms_of(name)), set(terms_of(side)))
        if not near:  # perhaps one is the short form of the other
            near = _nearness(_with_aliases(name, index), _with_aliases(side, index))
        if near > nearest:
            best, nearest = number, near
    return best, nearest


def _nearness(own: set[str], wanted: set[str]) -> float:
    """0 for too few common terms, at least `_SAME` where one name holds the other."""
    shared = len(own & wanted)
    if not shared or shared / min(len(own), len(wanted)) < _SAME:
        return 0.0
    return (shared / min(len(own), len(wanted)) + shared / len(own | wanted)) / 2


def _with_aliases(text: str, index: Index) -> set[str]:
    terms = set(terms_of(text))
    for word in re.findall(r"[A-Za-z0-9-]+", text.lower()):
        for long in index.aliases.get(word, [])[:1]:
            terms |= set(terms_of(long))
    return terms

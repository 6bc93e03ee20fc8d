"""Blocks -> passages: the units that are embedded and retrieved.

A passage is a run of whole blocks of one section. A list may be cut between its items
and prose between its sentences; a table or a fence is cut (between rows, at blank
lines) only when it is longer than the embedding model can see. Nothing overlaps.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from ingest.documents import Document
from ingest.markdown import Block, blocks_of
from ingest.statements import Statement, fence_body, label_of, statements_of
from ingest.terms import terms_of

CHUNKER_VERSION = "7"
WINDOW = 256
"""Word pieces that all-MiniLM-L6-v2 reads of a text, the two special ones included."""
TARGET = 160
"""Word pieces at which small blocks stop being packed together; tuned on the dev split."""
_SPECIAL = 2
_MAX_TRAIL = 72
_RUBRIC = "rubric"

PassageKind = Literal["prose", "list", "table", "code", "question"]
CountTokens = Callable[[str], int]


@dataclass(frozen=True)
class Passage:
    """A retrievable piece of a document: `text == document.text[start:end]`."""

    id: str
    source: str
    trail: tuple[str, ...]
    kind: PassageKind
    text: str
    start: int
    end: int
    header: str = ""
    """The header row of the table that this passage continues; embedded, not in `text`."""
    statements: tuple[Statement, ...] = field(default=(), repr=False)

    @property
    def context(self) -> str:
        """The trail as one line."""
        return " > ".join(self.trail)


@dataclass
class _Unit:
    """A run of text that is never cut: its span, its cost, its statements."""

    start: int
    end: int
    tokens: int
    kind: PassageKind
    statements: list[Statement]
    header: str = ""
    opens: bool = False
    """Whether a passage ends before it: a long table or fence stands by itself."""
    joins_next: bool = False
    """A label goes with what it labels."""


def passages_of(document: Document, count_tokens: CountTokens) -> list[Passage]:
    """Cut a document into passages of at most `WINDOW` word pieces, trail included."""
    blocks = [block for block in blocks_of(document.text) if block.info != _RUBRIC]
    builder = _Builder(document, count_tokens, _title_of(document, blocks))
    passages: list[Passage] = []
    for section in _sections(blocks):
        passages.extend(builder.section(section))
    return passages


def embedded_text(passage: Passage) -> str:
    """What the embedding model reads: trail, header where a table was cut, text."""
    return "\n".join(part for part in (passage.context, passage.header, passage.text) if part)


def _sections(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    section: list[Block] = []
    for block in blocks:
        if section and block.heading_start != section[-1].heading_start:
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _title_of(document: Document, blocks: Sequence[Block]) -> str:
    """What the document is called: by its front matter, else by its only top heading."""
    named = " ".join(str(document.metadata.get("title") or "").split())
    if named:
        return named
    tops = {block.trail[0] for block in blocks if block.trail}
    return tops.pop() if len(tops) == 1 else ""


def _titled(title: str, trail: tuple[str, ...]) -> tuple[str, ...]:
    """The trail below the document's title, unless its first heading says as much."""
    if not title or (trail and set(terms_of(title)) <= set(terms_of(trail[0]))):
        return trail
    return (title, *trail)


class _Builder:
    def __init__(self, document: Document, count_tokens: CountTokens, title: str) -> None:
        self._document = document
        self._text = document.text
        self._count = count_tokens
        self._title = title

    def section(self, blocks: Sequence[Block]) -> Iterator[Passage]:
        trail = self._fitting_trail(
            _titled(self._title, blocks[0].trail) or (self._document.title,)
        )
        room = WINDOW - _SPECIAL - self._count(" > ".join(trail) + "\n")
        units: list[_Unit] = []
        lead = ""
        for block in blocks:
            statements = statements_of(self._text, block, lead)
            units.extend(self._units(block, statements, room))
            label = label_of(self._text, block)
            if label and units:
                units[-1].joins_next = True
            lead = label
        for group in _pack(units, min(TARGET, room), room):
            yield self._passage(trail, group)

    def _fitting_trail(self, trail: tuple[str, ...]) -> tuple[str, ...]:
        """The title and the nearest headings that leave room for text."""
        while len(trail) > 1 and self._count(" > ".join(trail)) > _MAX_TRAIL:
            trail = trail[:1] + trail[2:] if len(trail) > 2 else trail[1:]
        words = trail[0].split()
        while len(trail) == 1 and len(words) > 1 and self._count(" ".join(words)) > _MAX_TRAIL:
            words = words[: len(words) * 3 // 4]
        return (" ".join(words),) if len(trail) == 1 else trail

    def _passage(self, trail: tuple[str, ...], group: Sequence[_Unit]) -> Passage:
        start, end = _trimmed(self._text, group[0].start, group[-1].end)
        statements = tuple(statement for unit in group for statement in unit.statements)
        kind: PassageKind = max(group, key=lambda unit: unit.tokens).kind
        answers = [s for s in statements if s.kind != "label"]
        if answers and all(s.kind == "question" for s in answers):
            kind = "question"
        text = self._text[start:end]
        key = f"{self._document.source}\0{' > '.join(trail)}\0{start}\0{text}"
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        return Passage(
            digest,
            self._document.source,
            trail,
            kind,
            text,
            start,
            end,
            group[0].header,
            statements,
        )

    def _units(self, block: Block, statements: list[Statement], room: int) -> Iterator[_Unit]:
        tokens = self._count(self._text[block.start : block.end])
        if block.kind == "list":
            yield from self._pieces(block, self._list_spans(block), statements, room)
        elif tokens <= room:
            yield _Unit(block.start, block.end, tokens, block.kind, statements)
        elif block.kind == "table":
            yield from self._rows(block, statements, room)
        elif block.kind == "code":
            yield from self._pieces(block, self._fence_spans(block, room), statements, room)
        else:
            spans = [(s.start, s.end) for s in statements] or [(block.start, block.end)]
            spans = _cover(spans, block.start, block.end)
            yield from self._pieces(block, spans, statements, room)

    def _list_spans(self, block: Block) -> list[tuple[int, int]]:
        return _cover([(part.start, part.end) for part in block.parts], block.start, block.end)

    def _fence_spans(self, block: Block, room: int) -> list[tuple[int, int]]:
        """Paragraphs of a fence; lines of those paragraphs that are too long themselves."""
        start, end = fence_body(self._text, block)
        spans: list[tuple[int, int]] = []
        position = start
        for paragraph in re.split(r"(\n[ \t]*\n)", self._text[start:end]):
            span = (position, position + len(paragraph))
            position = span[1]
            if not paragraph.strip():
                continue
            if self._count(paragraph) <= room:
                spans.append(span)
            else:
                spans.extend(_lines(self._text, *span))
        return _cover(spans, block.start, block.end)

    def _rows(self, block: Block, statements: list[Statement], room: int) -> Iterator[_Unit]:
        assert block.header is not None
        header = self._text[slice(*block.header)].strip()
        cost = self._count(header)
        if cost > room // 2:
            header, cost = "", 0
        spans = _cover([(part.start, part.end) for part in block.parts], block.start, block.end)
        for index, unit in enumerate(self._pieces(block, spans, statements, room - cost)):
            unit.header = header if index else ""
            unit.tokens += cost
            yield unit

    def _pieces(
        self,
        block: Block,
        spans: Sequence[tuple[int, int]],
        statements: Sequence[Statement],
        room: int,
    ) -> Iterator[_Unit]:
        for start, end in spans:
            for left, right in self._fitting(start, end, room):
                own = [
                    replace(s, end=min(s.end, right), start=max(s.start, left))
                    for s in statements
                    if s.start < right and s.end > left
                ]
                tokens = self._count(self._text[left:right])
                unit = _Unit(left, right, tokens, block.kind, own)
                unit.joins_next = bool(own) and own[-1].kind == "label" and block.kind == "list"
                yield unit

    def _fitting(self, start: int, end: int, room: int) -> Iterator[tuple[int, int]]:
        """Halve a span that is longer than the window, at a blank near its middle."""
        if self._count(self._text[start:end]) <= room or end - start < 2:
            if self._text[start:end].strip():
                yield start, end
            return
        middle = (start + end) // 2
        cut = self._text.rfind(" ", start + 1, middle)
        cut = cut if cut > start + (end - start) // 4 else middle
        yield from self._fitting(start, cut, room)
        yield from self._fitting(cut, end, room)


def _cover(spans: Sequence[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """Stretch spans so that together they cover `[start:end]` without a gap."""
    ordered = sorted(set(spans))
    if not ordered:
        return [(start, end)]
    edges = [start, *(span[0] for span in ordered[1:]), end]
    return [(a, b) for a, b in pairwise(edges) if a < b]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out blank lines before and white space behind; indentation stays."""
    raw = text[start:end]
    blank = re.match(r"(?:[ \t]*\n)*", raw)
    return start + (blank.end() if blank else 0), start + len(raw.rstrip())


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    position = start
    for line in text[start:end].splitlines(keepends=True):
        yield position, position + len(line)
        position += len(line)


def _pack(units: Sequence[_Unit], target: int, room: int) -> Iterator[list[_Unit]]:
    """Group neighbours up to `target` tokens; a label never ends a group if it can help it."""
    group: list[_Unit] = []
    total = 0
    for unit in units:
        header = unit.header and not any(member.kind == "table" for member in group)
        limit = room if group and group[-1].joins_next else target
        if group and (total + unit.tokens > limit or header):
            carried = _trailing_labels(group)
            if carried and len(carried) < len(group) and _fits(carried, unit, room):
                yield group[: -len(carried)]
                group, total = carried, sum(member.tokens for member in carried)
            else:
                yield group
                group, total = [], 0
        group.append(unit)
        total += unit.tokens
    if group:
        yield group


def _trailing_labels(group: Sequence[_Unit]) -> list[_Unit]:
    labels: list[_Unit] = []
    for unit in reversed(group):
        if not unit.joins_next:
            break
        labels.insert(0, unit)
    return labels


def _fits(labels: Sequence[_Unit], unit: _Unit, room: int) -> bool:
    return sum(label.tokens for label in labels) + unit.tokens <= room

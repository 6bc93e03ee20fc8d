"""Interview questions and their rubrics, read from the lessons that answer them.

The form is that of the guide (`## Interview questions`, one `###` a question, the three
bold labels, an optional fence with the info string `rubric`), read from the Markdown
blocks, so that any corpus that uses the form gets graded practice.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ingest.documents import Document, read_yaml
from ingest.markdown import Block, blocks_of, plain
from ingest.statements import fence_body

SECTION = "interview questions"
LABELS = {
    "key points": "points",
    "common mistakes": "mistakes",
    "model answer": "model_answer",
}
_META = re.compile(r"Level:\s*(?P<level>[\w-]+)\.?\s*Kind:\s*(?P<kind>[\w-]+)", re.I)


@dataclass(frozen=True)
class KeyPoint:
    """One thing that a good answer says: a span of the lesson, with other wordings."""

    text: str
    start: int
    end: int
    vital: bool = True
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mistake:
    """A thing that candidates say, and why it is wrong."""

    text: str
    start: int
    end: int
    also: tuple[str, ...] = ()
    denies: tuple[int, ...] | None = None
    """Indexes of the key points that it denies; None when the rubric does not say."""

    @property
    def claim(self) -> str:
        """The wrong claim alone, without the explanation and the quotation marks."""
        quoted = re.match(r'\s*["“](.+?)["”]', self.text)
        return quoted[1] if quoted else re.split(r"\s[-–—]\s", self.text, maxsplit=1)[0]

    @property
    def why(self) -> str:
        """What is right instead; empty when the mistake is not explained."""
        pieces = re.split(r"[\"”]\s*[-–—:]\s+|\s[-–—]\s+", self.text, maxsplit=1)
        return pieces[1].strip() if len(pieces) == 2 else ""


@dataclass(frozen=True)
class InterviewQuestion:
    """A question of the guide and what a good answer to it says."""

    id: str
    """Stable as long as the file and the wording stay."""
    text: str
    source: str
    trail: tuple[str, ...]
    start: int
    """Offset of the question's heading in its document."""
    level: str
    kind: str
    services: tuple[str, ...]
    points: tuple[KeyPoint, ...]
    mistakes: tuple[Mistake, ...]
    model_answer: str
    model_answer_span: tuple[int, int]
    version: str = field(default="")
    """Hash of the rubric; an attempt is stored with it."""

    @property
    def topic(self) -> str:
        """The lesson's title."""
        return self.trail[0] if self.trail else self.source


def questions_of(documents: Iterable[Document]) -> list[InterviewQuestion]:
    """All interview questions of `documents`, in their order."""
    return [question for document in documents for question in _read(document)]


def _read(document: Document) -> list[InterviewQuestion]:
    grouped: dict[int, list[Block]] = {}
    for block in blocks_of(document.text):
        if len(block.trail) >= 2 and any(name.lower() == SECTION for name in block.trail[:-1]):
            grouped.setdefault(block.heading_start, []).append(block)
    found = (_question(document, start, blocks) for start, blocks in grouped.items())
    return [question for question in found if question is not None]


def _question(document: Document, start: int, blocks: Sequence[Block]) -> InterviewQuestion | None:
    text = document.text
    level = kind = ""
    current = ""
    items: dict[str, list[tuple[int, int]]] = {"points": [], "mistakes": []}
    answer: list[Block] = []
    rubric: dict[str, Any] = {}
    for block in blocks:
        raw = text[block.start : block.end]
        label = (
            LABELS.get(plain(raw).rstrip(":").strip().lower()) if block.kind == "prose" else None
        )
        meta = _META.search(plain(raw)) if block.kind == "prose" else None
        if label:
            current = label
        elif meta and not current:
            level, kind = meta["level"].lower(), meta["kind"].lower()
        elif block.kind == "code" and block.info == "rubric":
            rubric = _rubric(text[slice(*fence_body(text, block))])
        elif current in items and block.kind == "list":
            items[current] = [(p.start, p.end) for p in block.parts if p.depth == 0]
        elif current == "model_answer":
            answer.append(block)
    if not items["points"]:
        return None
    question = blocks[0].trail[-1]
    points = _points(text, items["points"], rubric.get("points"))
    mistakes = _mistakes(text, items["mistakes"], rubric.get("mistakes"), len(points))
    span = (answer[0].start, answer[-1].end) if answer else (start, start)
    services = document.metadata.get("services") or ()
    return InterviewQuestion(
        id=hashlib.sha256(f"{document.source}\0{question}".encode()).hexdigest()[:12],
        text=question,
        source=document.source,
        trail=blocks[0].trail,
        start=start,
        level=level,
        kind=kind,
        services=tuple(str(name) for name in services) if isinstance(services, list) else (),
        points=points,
        mistakes=mistakes,
        model_answer=text[slice(*span)],
        model_answer_span=span,
        version=_version(points, mistakes),
    )


def _item(raw: str) -> str:
    return " ".join(plain(re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", raw)).split())


def _points(text: str, spans: Sequence[tuple[int, int]], extra: Any) -> tuple[KeyPoint, ...]:
    entries = _entries(extra, len(spans))
    return tuple(
        KeyPoint(
            _item(text[start:end]),
            start,
            end,
            str(entry.get("weight", "vital")).lower() != "okay",
            _strings(entry.get("also")),
            _strings(entry.get("aliases")),
        )
        for (start, end), entry in zip(spans, entries, strict=True)
    )


def _mistakes(
    text: str, spans: Sequence[tuple[int, int]], extra: Any, points: int
) -> tuple[Mistake, ...]:
    entries = _entries(extra, len(spans))
    return tuple(
        Mistake(
            _item(text[start:end]),
            start,
            end,
            _strings(entry.get("also")),
            _indexes(entry.get("denies"), points),
        )
        for (start, end), entry in zip(spans, entries, strict=True)
    )


def _indexes(numbers: Any, points: int) -> tuple[int, ...] | None:
    """Indexes from numbers that count from 1; `python -m ingest check` names those that don't."""
    if not isinstance(numbers, list):
        return None
    return tuple(n - 1 for n in numbers if isinstance(n, int) and 1 <= n <= points)


def _entries(extra: Any, count: int) -> list[dict[str, Any]]:
    values = extra if isinstance(extra, list) else []
    entries = [value if isinstance(value, dict) else {} for value in values][:count]
    return entries + [{}] * (count - len(entries))


def _strings(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return tuple(str(item) for item in values if str(item).strip())


def _rubric(body: str) -> dict[str, Any]:
    try:
        values = read_yaml(body)
    except yaml.YAMLError:
        return {}  # `python -m ingest check` names the line
    return values if isinstance(values, dict) else {}


def _version(points: Sequence[KeyPoint], mistakes: Sequence[Mistake]) -> str:
    parts = [point.text for point in points] + [mistake.text for mistake in mistakes]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]

"""The golden sets: questions with the evidence and the facts of a right answer.

JSON Lines. A question:
    {"id", "question", "kind", "split": "dev"|"test", "answerable": bool,
     "evidence": [{"source", "heading"}], "facts": ["..", ".. | other wording"]}
The heading "" is what stands before the first one.
A conversation's last turn has besides `history` (as in `ask --batch`) and `standalone`,
a person's rewrite of it that needs no history.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat.answer import Turn
from eval.facts import states
from ingest.documents import Document
from ingest.errors import GuideError
from ingest.markdown import blocks_of

FOLDER = Path(__file__).parent / "golden"
QUESTIONS = FOLDER / "questions.jsonl"
CONVERSATIONS = FOLDER / "conversations.jsonl"


class GoldenError(GuideError):
    """A golden file that is missing or not in form."""


@dataclass(frozen=True)
class Case:
    """One golden question."""

    id: str
    question: str
    kind: str
    split: str
    answerable: bool
    evidence: tuple[tuple[str, str], ...]
    """(source, heading) of each section that answers it."""
    facts: tuple[str, ...]
    history: tuple[Turn, ...] = ()
    standalone: str = ""


@dataclass(frozen=True)
class Span:
    """A stretch of a document."""

    source: str
    start: int
    end: int


def load(path: Path) -> list[Case]:
    """Read a golden file.

    Raises:
        GoldenError: it can't be read, or a line is not in form; names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise GoldenError(f"{path} can't be read ({error.strerror}).") from None
    cases = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                cases.append(_case(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise GoldenError(f"{path}, line {number}: not in form ({error}).") from None
    return cases


def _case(row: dict[str, Any]) -> Case:
    return Case(
        id=str(row["id"]),
        question=str(row["question"]),
        kind=str(row.get("kind", "fact")),
        split=str(row.get("split", "dev")),
        answerable=bool(row.get("answerable", True)),
        evidence=tuple((e["source"], e["heading"]) for e in row.get("evidence", [])),
        facts=tuple(str(fact) for fact in row.get("facts", [])),
        history=tuple(Turn(t["role"], t["content"]) for t in row.get("history", [])),
        standalone=str(row.get("standalone", "")),
    )


class Judge:
    """Decides whether a stretch of text is evidence for a case, for any way of cutting."""

    def __init__(
        self, documents: Mapping[str, Document], aliases: Mapping[str, Sequence[str]]
    ) -> None:
        self._documents = documents
        self._aliases = aliases
        self._sections: dict[str, dict[str, list[Span]]] = {}

    def sections(self, source: str) -> dict[str, list[Span]]:
        """heading (lower case) -> the spans directly under it; "" is what stands under none."""
        if source not in self._sections:
            found: dict[str, list[Span]] = {}
            document = self._documents.get(source)
            for block in blocks_of(document.text) if document else []:
                heading = block.trail[-1].lower() if block.trail else ""
                found.setdefault(heading, []).append(Span(source, block.start, block.end))
            self._sections[source] = found
        return self._sections[source]

    def spans(self, case: Case) -> list[Span]:
        """All blocks that stand under a heading that the case names.

        Raises:
            GoldenError: a named source or heading does not exist.
        """
        spans = []
        for source, heading in case.evidence:
            found = self.sections(source).get(heading.lower())
            if not found:
                raise GoldenError(f"{case.id}: {source} has no section {heading!r}.")
            spans.extend(found)
        return spans

    def relevant(self, case: Case, span: Span) -> bool:
        """Whether `span` overlaps the evidence, or states all facts of the case.

        The second keeps a passage elsewhere that answers as well from counting as a
        miss; it holds for every system in a comparison alike.
        """
        for wanted in self.spans(case):
            shared = min(span.end, wanted.end) - max(span.start, wanted.start)
            if span.source == wanted.source and shared >= min(80, (wanted.end - wanted.start) // 2):
                return True
        if not case.facts:
            return False
        text = self._documents[span.source].text[span.start : span.end]
        return all(states(text, fact, self._aliases) for fact in case.facts)

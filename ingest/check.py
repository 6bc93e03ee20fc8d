"""`python -m ingest check`: is a guide in form? Each finding names a file and a line.

The form is that of the guide's own lessons: front matter, one title, headings in order,
links that lead somewhere, whole tables, fences with a language, interview questions with
complete rubrics that do not repeat each other, numbers that say what they belong to,
and a table of contents (`INDEX.md`) that names every lesson.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.documents import (
    Document,
    DocumentError,
    find,
    front_matter,
    parse,
    read_bytes,
    read_yaml,
)
from ingest.markdown import blocks_of, line_of, plain
from ingest.questions import InterviewQuestion, questions_of
from ingest.statements import cells_of, fence_body, statements_of

SERIES = ("scaling", "services", "platform", "deep-dive", "scenarios")
LEVELS = ("mid", "senior", "staff")
KINDS = (
    "concept", "comparison", "design", "troubleshooting", "cost", "security", "how-to", "numbers",
)  # fmt: skip
CONTENTS = "INDEX.md"
STRICT_SERIES = "scaling"
"""Its rubrics must carry other wordings of every point."""
_FIELDS = {
    "points": {"weight", "also", "aliases"},
    "mistakes": {"also", "denies"},
}
"""What a rubric may say of each."""
SAME_MEANING = 0.93
"""Cosine similarity from which two questions are taken for one."""
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^(?P<marks>#{1,6})[ \t]+(?P<text>.+?)[ \t]*#*$", re.MULTILINE)
_MAX_FILE = 25_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that is not in form."""

    source: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.message}"


def check(paths: Sequence[Path]) -> list[Finding]:
    """All findings over the documents at `paths`, in their order.

    Raises:
        DocumentError: a path does not exist.
    """
    findings: list[Finding] = []
    lessons: list[Document] = []
    others: dict[str, Document] = {}
    for file in find(paths):
        try:
            document = parse(file.source, read_bytes(file, _MAX_FILE))
        except DocumentError as error:
            findings.append(Finding(file.source, 1, str(error)))
            continue
        if document.metadata.get("index") is False:
            others[document.source] = document
        else:
            lessons.append(document)
    known = {document.source: document for document in lessons} | others
    for document in [*lessons, *others.values()]:
        findings.extend(_links(document, known))
    for document in lessons:
        findings.extend(_front_matter(document))
        findings.extend(_headings(document))
        findings.extend(_blocks(document))
        findings.extend(_questions(document))
    findings.extend(_repeated(lessons))
    findings.extend(_contents(lessons, others))
    return sorted(findings, key=lambda finding: (finding.source, finding.line))


def _front_matter(document: Document) -> Iterator[Finding]:
    values = document.metadata
    if not values:
        yield Finding(document.source, 1, "no front matter")
        return
    for name, kind in (("title", str), ("order", int), ("services", list), ("sources", list)):
        if not isinstance(values.get(name), kind) or values.get(name) in ("", []):
            yield Finding(
                document.source, 1, f"front matter: {name} is missing or no {kind.__name__}"
            )
    if values.get("series") not in SERIES:
        yield Finding(document.source, 1, f"front matter: series is none of {', '.join(SERIES)}")
    if not re.fullmatch(r"\d{4}-\d{2}", str(values.get("as_of", ""))):
        yield Finding(document.source, 1, "front matter: as_of is not YYYY-MM")
    for address in values.get("sources") or []:
        if not str(address).startswith("https://"):
            yield Finding(document.source, 1, f"front matter: {address} is no https address")


def _heading_list(document: Document) -> list[tuple[int, int, str]]:
    """(offset, level, text) of the headings outside fences and front matter."""
    hidden = [(0, front_matter(document.text)[1])]
    hidden += [(b.start, b.end) for b in blocks_of(document.text) if b.kind == "code"]
    return [
        (match.start(), len(match["marks"]), plain(match["text"]))
        for match in _HEADING.finditer(document.text)
        if not any(start <= match.start() < end for start, end in hidden)
    ]


def _headings(document: Document) -> Iterator[Finding]:
    seen: set[str] = set()
    previous = 0
    titles = 0
    for offset, level, text in _heading_list(document):
        line = line_of(document.text, offset)
        titles += level == 1
        if level == 1 and titles == 2:
            yield Finding(document.source, line, "a second # heading")
        if level == 1 and text != document.title:
            yield Finding(
                document.source, line, f"the # heading is not the title {document.title!r}"
            )
        if level > previous + 1:
            yield Finding(document.source, line, f"heading level {level} follows level {previous}")
        if text.lower() in seen:
            yield Finding(document.source, line, f"the heading {text!r} stands twice")
        seen.add(text.lower())
        previous = level
    if not titles:
        yield Finding(document.source, 1, "no # heading")


def _blocks(document: Document) -> Iterator[Finding]:
    text = document.text
    for block in blocks_of(text):
        line = line_of(text, block.start)
        if block.kind == "code" and text[block.start : block.end].lstrip().startswith(
            ("```", "~~~")
        ):
            if not block.info:
                yield Finding(document.source, line, "a fence without a language")
        elif block.kind == "table" and block.header is not None:
            width = len(cells_of(text[slice(*block.header)]))
            for part in block.parts:
                if len(cells_of(text[part.start : part.end])) != width:
                    at = line_of(text, part.start)
                    yield Finding(document.source, at, f"a table row without {width} cells")
        if block.kind != "code":
            yield from _lonely_numbers(document, block)


def _lonely_numbers(document: Document, block: Any) -> Iterator[Finding]:
    for statement in statements_of(document.text, block):
        if not statement.quotable or not re.search(r"\d", statement.reading):
            continue
        words = list(re.findall(r"[A-Za-z]{3,}", statement.reading))
        if len(words) < 2:
            line = line_of(document.text, statement.start)
            message = f"a number without its subject: {statement.reading!r}"
            yield Finding(document.source, line, message)


def _links(document: Document, known: dict[str, Document]) -> Iterator[Finding]:
    for block in blocks_of(document.text):
        if block.kind == "code":
            continue
        for match in _LINK.finditer(document.text, block.start, block.end):
            target, _, anchor = match["target"].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            source = document.source if not target else _resolved(document.source, target)
            line = line_of(document.text, match.start())
            if source not in known:
                yield Finding(document.source, line, f"a link to {target}, which does not exist")
            elif anchor and anchor not in anchors_of(known[source]):
                yield Finding(
                    document.source, line, f"no heading of {source} has the anchor #{anchor}"
                )


def _resolved(source: str, target: str) -> str:
    parts: list[str] = source.split("/")[:-1]
    for part in target.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in {".", ""}:
            parts.append(part)
    return "/".join(parts)


def anchors_of(document: Document) -> set[str]:
    """The anchors that GitHub gives to a document's headings."""
    anchors: set[str] = set()
    for _, _, text in _heading_list(document):
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        number = 1
        unique = anchor
        while unique in anchors:
            unique = f"{anchor}-{number}"
            number += 1
        anchors.add(unique)
    return anchors


def _questions(document: Document) -> Iterator[Finding]:
    found = {question.start: question for question in questions_of([document])}
    inside = False
    for offset, level, text in _heading_list(document):
        if level <= 2:
            inside = text.lower() == "interview questions"
        elif level == 3 and inside and offset not in found:
            line = line_of(document.text, offset)
            yield Finding(document.source, line, f"the question {text!r} has no key points")
    for question in found.values():
        line = line_of(document.text, question.start)
        for message in _rubric(document, question):
            yield Finding(document.source, line, f"{message} in the question {question.text!r}")


def _rubric(document: Document, question: InterviewQuestion) -> Iterator[str]:
    if question.level not in LEVELS:
        yield f"level {question.level!r} is none of {', '.join(LEVELS)}"
    if question.kind not in KINDS:
        yield f"kind {question.kind!r} is none of {', '.join(KINDS)}"
    if not 3 <= len(question.points) <= 8:
        yield f"{len(question.points)} key points (3 to 8 are wanted)"
    if not 1 <= len(question.mistakes) <= 4:
        yield f"{len(question.mistakes)} common mistakes (1 to 4 are wanted)"
    if not question.model_answer.strip():
        yield "no model answer"
    for mistake in question.mistakes:
        if not mistake.why:
            yield f"a mistake without a reason: {mistake.claim!r}"
    yield from _rubric_fence(document, question)


def _rubric_fence(document: Document, question: InterviewQuestion) -> Iterator[str]:
    import yaml

    strict = document.metadata.get("series") == STRICT_SERIES
    fences = [
        block
        for block in blocks_of(document.text)
        if block.info == "rubric" and block.heading_start == question.start
    ]
    if not fences:
        if strict:
            yield "no rubric fence"
        return
    try:
        values = read_yaml(document.text[slice(*fence_body(document.text, fences[0]))])
    except yaml.YAMLError:
        yield "a rubric fence that is no YAML"
        return
    values = values if isinstance(values, dict) else {}
    for name, wanted in (("points", question.points), ("mistakes", question.mistakes)):
        entries = values.get(name) or []
        if len(entries) != len(wanted):
            yield f"a rubric with {len(entries)} {name} for {len(wanted)}"
        for entry in entries:
            fields = entry if isinstance(entry, dict) else {}
            unknown = sorted(str(field) for field in fields if field not in _FIELDS[name])
            if unknown:
                yield f"a rubric with unknown fields of {name}: {', '.join(unknown)}"
    for mistake, entry in zip(question.mistakes, values.get("mistakes") or [], strict=False):
        denies = entry.get("denies") if isinstance(entry, dict) else None
        if denies is not None and (
            not isinstance(denies, list) or len(denies) != len(mistake.denies or ())
        ):
            yield f"denies {denies!r}, which are no numbers of key points, in {mistake.claim!r}"
    for point in question.points:
        if strict and not 2 <= len(point.also) <= 4:
            yield f"{len(point.also)} other wordings (2 to 4) of {point.text!r}"


def _repeated(lessons: Sequence[Document]) -> Iterator[Finding]:
    import numpy as np

    from ingest.embedding import MiniLM

    questions = questions_of(lessons)
    if len(questions) < 2:
        return
    vectors = MiniLM.shared().queries([question.text for question in questions])
    alike = np.argwhere(np.triu(vectors @ vectors.T >= SAME_MEANING, 1))
    for one, other in ((questions[a], questions[b]) for a, b in alike):
        document = next(d for d in lessons if d.source == other.source)
        yield Finding(
            document.source,
            line_of(document.text, other.start),
            f"the question {other.text!r} repeats {one.text!r} of {one.source}",
        )


def _contents(lessons: Sequence[Document], others: dict[str, Document]) -> Iterator[Finding]:
    contents = others.get(CONTENTS)
    if contents is None:
        return
    named = {
        _resolved(CONTENTS, match["target"].partition("#")[0])
        for match in _LINK.finditer(contents.text)
    }
    for document in lessons:
        if document.source not in named:
            yield Finding(CONTENTS, 1, f"{document.source} is not in the table of contents")

"""Blocks -> statements: the sentences, list items and table rows that can be quoted alone.

A statement's span is exact; its `reading` is what a person reads: mark-up removed, a
table row with its column names, an item with the label that it stands under, a value
with the keys that lead to it. A sentence that asks, a label and a named mistake are kept
(they help retrieval) but never quoted as an answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ingest.foreign import without_residue
from ingest.keyvalues import pairs_of
from ingest.markdown import Block, plain
from ingest.shell import SHELLS, commands_of

StatementKind = Literal[
    "sentence", "item", "row", "line", "pair", "question", "label", "mistake", "code"
]
QUOTABLE = frozenset({"sentence", "item", "row", "line", "pair"})

_BOUNDARY = re.compile(
    r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)\]*_`])|(?<=[.!?…][*_`)][*_\"]))"
    r"\s+(?=[\"'“‘(\[*_`>#-]*[A-Z0-9§$])"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|etc|approx|cf|no|fig|resp|incl|st|dr|mr|ms)\.)$", re.I
)
_BULLET = re.compile(r"^\s*(?:>\s*)*(?:[-*+•▪●]|\d{1,3}[.)])\s+")
_MISTAKES = re.compile(r"^(common |typical |frequent )?(mistakes|misconceptions|myths)\b", re.I)
_ASKS = re.compile(r"\bquestions\b\W*(\([^)]*\)\W*)?$", re.I)
"""Under such a heading a list asks, whatever its items look like."""
_GENERIC_LABEL = re.compile(
    r"^(key (answer )?points|(model |sample |short )?answers?|interview questions|questions|"
    r"notes?|details|overview|summary|example|mistakes|common mistakes)$",
    re.I,
)
_WHOLE_BOLD = re.compile(r"(\*\*|__)[^*_\n]+(\*\*|__):?")
_META = re.compile(r"^\*?Level:\s.*\bKind:\s.*$", re.I)
_PROSE_FENCES = frozenset({"", "text", "txt", "plain", "plaintext", "console"})
_PROGRAMS = frozenset(
    "python py javascript js typescript ts java go rust ruby kotlin csharp hcl terraform".split()
)
"""In a program's text only literal values are facts; calls and names are not."""
_SCRIPTS = SHELLS | frozenset("sql mermaid dockerfile makefile http diff".split())
_EXAMPLES = frozenset("markdown md mdx html".split())
"""Such a fence shows how a page is written; what the page says is nobody's claim."""
_MARK = re.compile(r"^[✅❌✔✖✓✗☑✘➜→➡⚠]")
"""Stands for a bullet, and says something (good, bad): it stays in the reading."""
_NUMBERED = re.compile(r"^(?:>\s*)*\d{1,3}[.)]\s+\S")
_ITEM_WORDS = 70
_LEAD_WORDS = 16


@dataclass(frozen=True)
class Statement:
    """A quotable unit: `[start:end]` of its document, and how it reads alone."""

    start: int
    end: int
    reading: str
    kind: StatementKind

    @property
    def quotable(self) -> bool:
        """Whether an answer may state it."""
        return self.kind in QUOTABLE


def statements_of(text: str, block: Block, lead: str = "") -> list[Statement]:
    """The statements of one block; `lead` is the label paragraph that introduces it."""
    makers = {"prose": _prose, "list": _list, "table": _table, "code": _code}
    heading = block.trail[-1] if block.trail else ""
    mistakes = bool(_MISTAKES.match(lead) or _MISTAKES.match(heading))
    found = [
        statement
        for statement in makers[block.kind](text, block, _usable_lead(lead))
        if statement.start < statement.end and re.search(r"\w", statement.reading)
    ]
    if mistakes:
        found = [replace(s, kind="mistake") for s in found]
    elif _ASKS.search(heading):
        found = [replace(s, kind="question") if _asks(text, block, s) else s for s in found]
    return found


def _asks(text: str, block: Block, statement: Statement) -> bool:
    """Whether a statement below "Questions" is one: an item, also where no list was read."""
    if block.kind == "list":
        return statement.kind == "item"
    line = text[text.rfind("\n", 0, statement.start) + 1 : statement.end]
    return statement.kind == "sentence" and _NUMBERED.match(line.lstrip()) is not None


def label_of(text: str, block: Block) -> str:
    """The label that a paragraph is (`**When to use:**`), without its colon; else ""."""
    if block.kind != "prose":
        return ""
    raw = text[block.start : block.end].strip()
    reading = _read(raw)
    whole_bold = _WHOLE_BOLD.fullmatch(raw) is not None
    if (reading.endswith(":") or (whole_bold and reading[-1:] not in ".?!")) and "\n" not in raw:
        return reading.rstrip(":").strip()
    if not raw.endswith(":"):
        return ""
    *_, (start, end) = _loose_lines(text, block.start, block.end)
    return _last_sentence(_read(text[start:end])).rstrip(":").strip()


def _last_sentence(label: str) -> str:
    spans = list(sentences(label, 0, len(label)))
    return label[slice(*spans[-1])] if spans else ""


def _usable_lead(lead: str) -> str:
    lead = _last_sentence(lead)
    if not lead or _GENERIC_LABEL.match(lead) or len(lead.split()) > _LEAD_WORDS:
        return ""
    return lead


def sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the sentences in `text[start:end]`, without surrounding blanks."""
    begin = start
    for match in _BOUNDARY.finditer(text, start, end):
        before = text[begin : match.start()]
        if _ABBREVIATION.search(before.rstrip("\"'”’)]*_`")):
            continue
        if _BULLET.fullmatch(before.strip("*_` ") + " "):
            continue
        yield from _stripped(text, begin, match.start())
        begin = match.end()
    yield from _stripped(text, begin, end)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left < right:
        yield left, right


def _read(raw: str) -> str:
    """One line of plain text for a slice of Markdown."""
    lines = [_BULLET.sub("", re.sub(r"^\s*(?:>\s?)+", "", line)) for line in raw.split("\n")]
    return without_residue(re.sub(r"\s+", " ", plain("\n".join(lines).strip())).strip())


def _kind_of(reading: str, otherwise: StatementKind) -> StatementKind:
    bare = reading.rstrip("\"'”’)*_ ")
    if bare.endswith("?"):
        return "question"
    if _META.match(reading) or reading.endswith(":") or len(bare) < 3:
        return "label"
    return otherwise


def _with_lead(lead: str, reading: str) -> str:
    return f"{lead}: {reading}" if lead and not reading.startswith(lead) else reading


def _prose(text: str, block: Block, lead: str) -> Iterator[Statement]:
    for line_start, line_end in _loose_lines(text, block.start, block.end):
        asks = _is_numbered_question(text[line_start:line_end])
        for start, end in sentences(text, line_start, line_end):
            reading = _read(text[start:end])
            kind: StatementKind = "question" if asks else _kind_of(reading, "sentence")
            if kind == "label" and len(reading.split()) > _LEAD_WORDS:
                # Too long to be carried by what it introduces, long enough to say something.
                reading, kind = reading.rstrip(": ") + ".", "sentence"
            if _WHOLE_BOLD.fullmatch(text[start:end].strip()):
                kind = "label"
            yield Statement(start, end, _with_lead(lead, reading), kind)
            lead = ""


def _is_numbered_question(line: str) -> bool:
    """`4. "You cache sessions. Which store would you use?"`: the first sentence asks too."""
    return _NUMBERED.match(line.strip()) is not None and line.rstrip("\"'”’)*_ \n").endswith("?")


def _loose_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split a paragraph where a line end is a break and not a wrap.

    A wrapped line is nearly as long as the longest one, or goes on in lower case.
    """
    lines = text[start:end].split("\n")
    longest = max(len(line) for line in lines)
    position, begin = start, start
    for index, line in enumerate(lines[:-1]):
        position += len(line) + 1
        following = lines[index + 1].lstrip("> ")
        if _is_open(text[begin:position]):
            continue
        ended = line.rstrip("\"'”’)*_ ")[-1:] in {".", "?", "!", ":"}
        if ended and _NUMBERED.match(following):
            yield begin, position
            begin = position
            continue
        stands_alone = len(line) < 0.6 * longest or longest > 160 or line.endswith("  ")
        if stands_alone and re.match(r"[\"'“*_`(]*[A-Z0-9•✅❌-]", following):
            yield begin, position
            begin = position
    yield begin, end


def _is_open(raw: str) -> bool:
    """Whether a link or a bracket goes on in the next line."""
    return raw.count("[") > raw.count("]") or re.search(r"\]\([^)\s]*\s*$", raw) is not None


def _list(text: str, block: Block, lead: str) -> Iterator[Statement]:
    labels: list[tuple[int, str]] = []
    for part in block.parts:
        while labels and labels[-1][0] >= part.depth:
            labels.pop()
        raw = text[part.start : part.end]
        reading = _read(raw)
        above = ": ".join([lead] * bool(lead) + [label for _, label in labels])
        if reading.endswith(":") or _is_bare_label(raw):
            labels.append((part.depth, reading.rstrip(":").strip()))
            yield Statement(part.start, part.end, reading, "label")
            continue
        if len(reading.split()) <= _ITEM_WORDS:
            kind = _kind_of(reading, "item")
            yield Statement(part.start, part.end, _with_lead(above, reading), kind)
        else:
            for start, end in sentences(text, part.start, part.end):
                reading = _read(text[start:end])
                kind = _kind_of(reading, "item")
                yield Statement(start, end, _with_lead(above, reading), kind)
        labels.append((part.depth, _short(reading)))


def _is_bare_label(raw: str) -> bool:
    body = _BULLET.sub("", raw).strip()
    return re.fullmatch(r"(\*\*|__)[^*_\n]+(\*\*|__)", body) is not None and body[-3] not in ".!?"


def _short(reading: str) -> str:
    """What a nested item may carry of its parent: nothing if the parent is a sentence."""
    return reading.rstrip(":.") if len(reading.split()) <= 8 else ""


def _table(text: str, block: Block, lead: str) -> Iterator[Statement]:
    assert block.header is not None
    names = [plain(cell) for cell in cells_of(text[slice(*block.header)])]
    for part in block.parts:
        values = [plain(cell) for cell in cells_of(text[part.start : part.end])]
        reading = row_reading(names, values)
        if reading:
            yield Statement(part.start, part.end, _with_lead(lead, reading), "row")


def cells_of(row: str) -> list[str]:
    """The raw cells of a GFM table row."""
    body = re.sub(r"^\s*(?:>\s*)*\|?|(?<!\\)\|\s*$", "", row.strip())
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", body)]


def row_reading(names: list[str], values: list[str]) -> str:
    """`Subject: column value; column value`; a leading ordinal column is left out."""
    pairs = [(n, v) for n, v in zip(names, values, strict=False) if v and v not in {"-", "—", "–"}]
    if pairs and re.fullmatch(r"#|no\.?|nr\.?|", pairs[0][0], re.I):
        pairs = pairs[1:]
    if not pairs:
        return ""
    subject = pairs[0][1].rstrip("?:. ")
    rest = pairs[1:]
    if not rest:
        return subject
    if len(rest) == 1:
        return f"{subject}: {rest[0][1]}"
    return f"{subject} — " + "; ".join(
        f"{name}: {value}" if name else value for name, value in rest
    )


def _code(text: str, block: Block, lead: str) -> Iterator[Statement]:
    body_start, body_end = fence_body(text, block)
    if block.info in _PROSE_FENCES and _holds_prose(text[body_start:body_end]):
        yield from _fence_lines(text, body_start, body_end, lead)
        return
    pairs = []
    if block.info in SHELLS:
        commands = commands_of(text, body_start, body_end)
        for start, end, command, comment in commands:
            label = comment or lead
            kind: StatementKind = "line" if label or len(commands) == 1 else "code"
            yield Statement(start, end, _with_lead(label, command), kind)
        if commands:
            return
    if block.info not in _SCRIPTS | _EXAMPLES:
        literal = block.info in _PROGRAMS
        pairs = list(pairs_of(text, body_start, body_end, literal))
    for start, end, reading in pairs:
        yield Statement(start, end, _with_lead(lead, reading), "pair")
    if not pairs:
        raw = text[body_start:body_end]
        yield Statement(body_start, body_end, re.sub(r"\s+", " ", raw).strip(), "code")


def fence_body(text: str, block: Block) -> tuple[int, int]:
    """The span between a fence's two marker lines."""
    raw = text[block.start : block.end]
    lines = raw.split("\n")
    if not re.match(r"\s*(?:>\s*)*(```|~~~)", lines[0]):
        return block.start, block.end
    start = min(block.start + len(lines[0]) + 1, block.end)
    end = block.end
    if len(lines) > 1 and re.match(r"\s*(?:>\s*)*(```|~~~)", lines[-1]):
        end = max(start, block.end - len(lines[-1]) - 1)
    return start, end


def _holds_prose(body: str) -> bool:
    letters = sum(character.isalpha() or character.isspace() for character in body)
    code = len(re.findall(r"[;{}]\s*$|^\s*(import|def|class|return|const|resource) ", body, re.M))
    lines = max(1, body.count("\n") + 1)
    return letters > 0.6 * max(1, len(body)) and code < 0.25 * lines


def _fence_lines(text: str, start: int, end: int, lead: str) -> Iterator[Statement]:
    """One statement a line, under the labels that its indentation puts it under."""
    labels: list[tuple[int, str]] = []
    position = start
    lines = text[start:end].split("\n")
    after_blank = after_label = False
    for index, line in enumerate(lines):
        line_start, position = position, position + len(line) + 1
        content = line.strip()
        if not content:
            after_blank = True
            continue
        indent = len(line) - len(line.lstrip())
        begin = line_start + indent
        reading = without_residue(_BULLET.sub("", content).strip())
        if _is_drawing(content):
            yield Statement(begin, begin + len(content), reading, "code")
            continue
        is_bullet = _is_bullet(content)
        # A bullet stands under a label of its own indentation, never under its sibling.
        level = indent + is_bullet
        # A blank line ends what stands under a label, not the label itself.
        limit = indent if after_blank and not after_label else level
        while labels and labels[-1][0] >= limit:
            labels.pop()
        after_blank, after_label = False, reading.endswith(":")
        above = ": ".join([lead] * bool(lead) + [label for _, label in labels])
        if after_label:
            labels.append((level, reading.rstrip(":")))
            yield Statement(begin, begin + len(content), reading, "label")
            continue
        kind = _kind_of(reading, "line")
        yield Statement(begin, begin + len(content), _with_lead(above, reading), kind)
        following = lines[index + 1].strip() if index + 1 < len(lines) else ""
        if not is_bullet and _is_bullet(following) and reading[-1] not in ".?!":
            labels += [(level, _short(reading))] if _short(reading) else []


def _is_bullet(content: str) -> bool:
    return _BULLET.match(content) is not None or _MARK.match(content) is not None


def _is_drawing(line: str) -> bool:
    """Whether a line is part of a diagram or of a literal rather than words."""
    if re.search(r"[─-╿▀-▟▲-◿]|-->|──", line) or re.match(r"^[\"'{}\[\]]", line):
        return True
    marks = len(re.findall(r"[←-⇿|+=_<>/\\^-]", line))
    return marks > 0.25 * len(line) or not re.search(r"[A-Za-z]{3}", line)

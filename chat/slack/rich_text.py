"""Markdown -> Slack's rich text, in which words are words: no mark-up that could act.

Slack's mrkdwn has no escape for `*`, `_` or `` ` ``, so that `cron(0 * * * ? *)` would lose
its stars; a rich text element shows its text as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from chat.slack.mrkdwn import cuts

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BLOCK_TEXT = 3000
"""Most characters in a block; Slack's limit for a section, kept for rich text too."""
Kind = Literal["section", "heading", "bullet", "ordered", "code", "quote"]


@dataclass(frozen=True)
class Run:
    """Characters of one style."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False

    def element(self) -> dict[str, Any]:
        """The run as Slack takes it."""
        style = {name: True for name in ("bold", "italic", "code") if getattr(self, name)}
        element: dict[str, Any] = {"type": "text", "text": self.text}
        return {**element, "style": style} if style else element


@dataclass(frozen=True)
class Piece:
    """A paragraph, a heading, a list item, a table row, a fence or a quotation."""

    kind: Kind
    runs: tuple[Run, ...]
    indent: int = 0
    number: int = 0
    """Of an item of an ordered list."""

    @property
    def size(self) -> int:
        """Characters."""
        return sum(len(run.text) for run in self.runs)


def rich_blocks(markdown: str) -> list[dict[str, Any]]:
    """Markdown as rich text blocks of at most `BLOCK_TEXT` characters; nothing is left out."""
    return blocks_of(pieces_of(markdown))


def pieces_of(markdown: str, entities: bool = False) -> list[Piece]:
    """Markdown as pieces, in order. Links, images and HTML stay the text that they are.

    Args:
        markdown: an answer, or a document's text.
        entities: whether `&lt;` means `<`, as it does in a document; an answer quotes words.
    """
    return list(_Reader().read(_parser(entities).parse(markdown)))


def words_of_line(line: str) -> str:
    """The words of a document's line without the marks of emphasis and code."""
    tokens = _parser(True).parseInline(line)
    return "".join(run.text for token in tokens for run in _inline(token))


def blocks_of(pieces: Iterable[Piece]) -> list[dict[str, Any]]:
    """Rich text blocks: one a piece, but a list's items share theirs while there is room."""
    blocks: list[dict[str, Any]] = []
    listed: list[Piece] = []
    for piece in (part for whole in pieces for part in _fitting(whole)):
        if piece.kind not in {"bullet", "ordered"}:
            blocks += _list_block(listed)
            listed = []
            blocks.append({"type": "rich_text", "elements": [_element(piece)]})
            continue
        if sum(item.size for item in listed) + piece.size > BLOCK_TEXT:
            blocks += _list_block(listed)
            listed = []
        listed.append(piece)
    return blocks + _list_block(listed)


def _fitting(piece: Piece) -> Iterator[Piece]:
    """A piece, cut at statement ends where it is too long; empty ones are left out."""
    text = "".join(run.text for run in piece.runs)
    if not text.strip():
        return
    start, kind = 0, piece.kind
    for end in [*cuts(text, BLOCK_TEXT - 100), len(text)]:
        runs = _between(piece.runs, start, end)
        yield Piece(kind, runs, piece.indent, piece.number)
        # What goes on in the next block must not get a bullet or a number of its own.
        start, kind = end, "section" if kind in {"bullet", "ordered", "heading"} else kind


def _between(runs: Sequence[Run], start: int, end: int) -> tuple[Run, ...]:
    out = []
    position = 0
    for run in runs:
        text = run.text[max(0, start - position) : max(0, end - position)]
        position += len(run.text)
        if text:
            out.append(Run(text, run.bold, run.italic, run.code))
    return tuple(out)


def _element(piece: Piece) -> dict[str, Any]:
    kind = {"code": "rich_text_preformatted", "quote": "rich_text_quote"}.get(piece.kind)
    bold = piece.kind == "heading"
    runs = [Run(run.text, run.bold or bold, run.italic, run.code) for run in piece.runs]
    return {"type": kind or "rich_text_section", "elements": [run.element() for run in runs]}


def _list_block(items: Sequence[Piece]) -> list[dict[str, Any]]:
    elements: list[dict[str, Any]] = []
    for item in items:
        section = {
            "type": "rich_text_section",
            "elements": [run.element() for run in item.runs],
        }
        last = elements[-1] if elements else {}
        if (last.get("style"), last.get("indent")) == (item.kind, item.indent):
            last["elements"].append(section)
            continue
        group = {"type": "rich_text_list", "style": item.kind, "indent": item.indent}
        if item.number > 1:
            group["offset"] = item.number - 1
        elements.append({**group, "elements": [section]})
    return [{"type": "rich_text", "elements": elements}] if elements else []


@cache
def _parser(entities: bool) -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False})
    acting = ["link", "image", "autolink", "html_inline", "html_block", "reference"]
    return parser.enable("table").disable(acting if entities else [*acting, "entity"])


class _Reader:
    """Walks markdown-it's flat token list."""

    def __init__(self) -> None:
        self._lists: list[tuple[Kind, int]] = []
        self._header: list[list[Run]] = []
        self._row: list[list[Run]] = []
        self._place: Kind = "section"
        self._in_table = False

    def read(self, tokens: Sequence["Token"]) -> Iterator[Piece]:
        for token in tokens:
            self._enter(token)
            if token.type == "inline":
                runs = _inline(token)
                if self._in_table:
                    self._row.append(list(runs))
                else:
                    yield self._piece(runs)
            elif token.type in {"fence", "code_block"}:
                yield Piece("code", (Run(token.content.rstrip("\n")),))
            elif token.type == "tr_close":
                if self._header:
                    yield self._table_row()
                else:
                    self._header = self._row
                self._row = []

    def _enter(self, token: "Token") -> None:
        if token.type == "heading_open":
            self._place = "heading"
        elif token.type == "blockquote_open":
            self._place = "quote"
        elif token.type == "table_open":
            self._in_table, self._header, self._row = True, [], []
        elif token.type == "table_close":
            self._in_table = False
        elif token.type in {"heading_close", "blockquote_close"}:
            self._place = "section"
        elif token.type == "bullet_list_open":
            self._lists.append(("bullet", 0))
        elif token.type == "ordered_list_open":
            self._lists.append(("ordered", int(token.attrGet("start") or 1) - 1))
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            self._lists.pop()
        elif token.type == "list_item_open":
            kind, number = self._lists[-1]
            self._lists[-1] = (kind, number + 1)

    def _piece(self, runs: tuple[Run, ...]) -> Piece:
        if self._place == "section" and self._lists:
            kind, number = self._lists[-1]
            return Piece(kind, runs, min(len(self._lists) - 1, 8), number * (kind == "ordered"))
        return Piece(self._place, runs)

    def _table_row(self) -> Piece:
        """A row readable alone: its first cell in bold, the others with their columns' names."""
        first, *others = self._row or [[]]
        runs = [Run(run.text, True, run.italic, run.code) for run in first]
        for column, cell in enumerate(others, start=1):
            if not any(run.text.strip() for run in cell):
                continue
            runs.append(Run(" — " if column == 1 else "; "))
            name = "".join(run.text for run in self._header[column])
            runs += [Run(f"{name}: ")] if name.strip() and len(others) > 1 else []
            runs += cell
        return Piece("bullet", tuple(runs))


def _inline(token: "Token") -> tuple[Run, ...]:
    runs: list[Run] = []
    bold = italic = 0
    for child in token.children or ():
        if child.type in {"strong_open", "strong_close"}:
            bold += child.nesting
        elif child.type in {"em_open", "em_close"}:
            italic += child.nesting
        elif child.type == "softbreak":
            runs.append(Run(" "))
        elif child.type == "hardbreak":
            runs.append(Run("\n"))
        elif child.content:
            runs.append(Run(child.content, bold > 0, italic > 0, child.type == "code_inline"))
    return _joined(runs)


def _joined(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Neighbours of one style as one run; markdown-it cuts text at every escape."""
    out: list[Run] = []
    for run in runs:
        last = out[-1] if out else None
        if last and (last.bold, last.italic, last.code) == (run.bold, run.italic, run.code):
            out[-1] = Run(last.text + run.text, run.bold, run.italic, run.code)
        else:
            out.append(run)
    return tuple(out)

"""CommonMark (with GFM tables) -> blocks, each with its character span and heading trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

from ingest.documents import front_matter
from ingest.foreign import masked, without_foreign

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BlockKind = Literal["prose", "list", "table", "code"]


@dataclass(frozen=True)
class Part:
    """A piece of a block that must stay whole: a list item or a table row."""

    start: int
    end: int
    depth: int = 0
    """Nesting of a list item, 0 at the outside; 0 for a table row."""


@dataclass(frozen=True)
class Block:
    """A top-level block of a document, or a list, table or fence inside a quotation."""

    kind: BlockKind
    start: int
    end: int
    trail: tuple[str, ...]
    """Plain text of the headings above, outermost first."""
    heading_start: int
    """Offset of the nearest heading above; blocks with the same value share a section."""
    parts: tuple[Part, ...] = ()
    """List items in reading order, nested ones too; or table rows without the header."""
    header: tuple[int, int] | None = None
    """Span of a table's header row."""
    info: str = ""
    """First word of a fence's info string, lower case."""


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


_LESSON = 200_000
"""Characters up to which a text's blocks are kept; a few huge files would fill the memory."""


def blocks_of(text: str) -> list[Block]:
    """Split Markdown `text` into blocks; front matter and thematic breaks are left out."""
    return list(_kept_blocks(text) if len(text) <= _LESSON else _blocks(text))


@lru_cache(maxsize=128)
def _kept_blocks(text: str) -> tuple[Block, ...]:
    """Passages, questions and the check of the form each ask for a lesson's blocks."""
    return _blocks(text)


def _blocks(text: str) -> tuple[Block, ...]:
    body_start = front_matter(text)[1]
    # Blank lines stand in for the front matter, so that line numbers stay those of `text`.
    prefix = "\n" * text.count("\n", 0, body_start)
    tokens = _parser().parse(prefix + masked(text[body_start:]))
    return tuple(_Reader(text).read(tokens))


def plain(inline: str) -> str:
    """The text of inline Markdown without its mark-up."""
    tokens = _parser().parseInline(without_foreign(inline))
    return "".join(_inline_text(token) for token in tokens).strip()


def _inline_text(token: "Token") -> str:
    if token.children is not None and token.type != "image":
        return "".join(_inline_text(child) for child in token.children)
    if token.type in {"softbreak", "hardbreak"}:
        return " "
    if token.type == "html_inline":
        return " " if token.content.lower().startswith("<br") else ""
    return token.content


class _Reader:
    """Walks markdown-it's flat token list; lines become character offsets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line_starts = [0]
        for index, character in enumerate(text):
            if character == "\n":
                self._line_starts.append(index + 1)
        self._trail: list[tuple[int, str]] = []
        self._heading_start = 0
        self._blocks: list[Block] = []

    def read(self, tokens: Sequence["Token"]) -> list[Block]:
        position = 0
        while position < len(tokens):
            position = self._read_one(tokens, position)
        return self._blocks

    def _read_one(self, tokens: Sequence["Token"], at: int) -> int:
        token = tokens[at]
        if token.type == "heading_open":
            self._open_section(token, tokens[at + 1].content)
        elif token.type == "paragraph_open":
            self._add("prose", token)
        elif token.type in {"fence", "code_block"}:
            words = token.info.split()
            self._add("code", token, info=words[0].lower() if words else "")
        elif token.type == "html_block":
            self._add("prose", token, info="html")
        elif token.type == "table_open":
            end = _closing(tokens, at)
            self._add_table(tokens[at : end + 1])
            return end + 1
        elif token.type in {"bullet_list_open", "ordered_list_open"}:
            end = _closing(tokens, at)
            self._add("list", token, parts=self._items(tokens[at : end + 1]))
            return end + 1
        elif token.type == "blockquote_open":
            return at + 1  # its blocks are read where they stand
        return at + 1 if token.nesting != 1 else _closing(tokens, at) + 1

    def _open_section(self, token: "Token", content: str) -> None:
        level = int(token.tag[1])
        while self._trail and self._trail[-1][0] >= level:
            self._trail.pop()
        self._trail.append((level, plain(content)))
        self._heading_start = self._span(token)[0]

    def _add(
        self, kind: BlockKind, token: "Token", parts: tuple[Part, ...] = (), info: str = ""
    ) -> None:
        start, end = self._span(token)
        if start < end:
            self._append(
                Block(kind, start, end, self._names(), self._heading_start, parts, None, info)
            )

    def _add_table(self, tokens: Sequence["Token"]) -> None:
        start, end = self._span(tokens[0])
        rows = [self._span(token) for token in tokens if token.type == "tr_open"]
        parts = tuple(Part(*row) for row in rows[1:])
        block = Block("table", start, end, self._names(), self._heading_start, parts, rows[0])
        self._append(block)

    def _append(self, block: Block) -> None:
        self._blocks.append(block)

    def _names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._trail if name)

    def _items(self, tokens: Sequence["Token"]) -> tuple[Part, ...]:
        """One part an item: its own lines, up to where its first nested item begins."""
        starts: list[tuple[int, int, int]] = []
        depth = -1
        for token in tokens:
            if token.type in {"bullet_list_open", "ordered_list_open"}:
                depth += 1
            elif token.type in {"bullet_list_close", "ordered_list_close"}:
                depth -= 1
            elif token.type == "list_item_open":
                starts.append((*self._span(token), depth))
        parts = []
        for index, (start, end, level) in enumerate(starts):
            own_end = end
            if index + 1 < len(starts) and starts[index + 1][0] < end:
                own_end = self._trimmed(start, starts[index + 1][0])
            if start < own_end:
                parts.append(Part(start, own_end, level))
        return tuple(parts)

    def _span(self, token: "Token") -> tuple[int, int]:
        assert token.map is not None
        start = self._line_starts[min(token.map[0], len(self._line_starts) - 1)]
        end = (
            self._line_starts[token.map[1]]
            if token.map[1] < len(self._line_starts)
            else len(self._text)
        )
        return start, self._trimmed(start, end)

    def _trimmed(self, start: int, end: int) -> int:
        return start + len(self._text[start:end].rstrip())


def _closing(tokens: Sequence["Token"], at: int) -> int:
    depth = 0
    for index in range(at, len(tokens)):
        depth += tokens[index].nesting
        if depth == 0:
            return index
    return len(tokens) - 1


def line_of(text: str, offset: int) -> int:
    """The 1-based number of the line that holds `offset`."""
    return text.count("\n", 0, offset) + 1

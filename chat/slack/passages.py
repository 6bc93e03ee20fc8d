"""The modal that shows a cited passage in its section, the quoted words in bold."""

from collections.abc import Iterable
from typing import Any

from chat.passage_view import section_of
from chat.slack.blocks import Block, context, section
from chat.slack.rich_text import Piece, Run, blocks_of, pieces_of
from ingest.documents import Document

MODAL_BLOCKS = 100
_LONGEST = 6000
"""Characters of a section that are shown around the quote."""
_OPEN, _CLOSE = "\ue000", "\ue001"
"""Private characters that carry the quote's span through the Markdown parser."""


def modal(title: str, blocks: list[Block], **more: Any) -> dict[str, Any]:
    """A modal view; `title` has at most 24 characters."""
    assert len(title) <= 24, title
    shown = blocks[:MODAL_BLOCKS]
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": shown,
        **more,
    }


def loading(title: str) -> dict[str, Any]:
    """What stands in a modal until its content is there; a click waits three seconds only."""
    return modal(title, [context("One moment …")])


def passage_view(document: Document | None, citation: dict[str, Any]) -> dict[str, Any]:
    """The section around a citation; its quote alone when the guide has changed since."""
    trail = " › ".join(citation["trail"])
    blocks = [context(f"{citation['source']} · {trail}" if trail else citation["source"])]
    start, end = citation["start"], citation["end"]
    if document is None or document.text[start:end] != citation["quote"]:
        blocks.append(section("The guide has changed since this answer. It said:"))
        blocks += blocks_of([Piece("quote", (Run(citation["quote"]),))])
    else:
        blocks += _section_blocks(document, start, end)
    return modal("In the guide", blocks)


def _section_blocks(document: Document, start: int, end: int) -> list[Block]:
    first, last = section_of(document, start)
    last = max(last, end)
    if last - first > _LONGEST:
        left = document.text.rfind("\n\n", first, max(first, start - _LONGEST // 2))
        right = document.text.find("\n\n", min(last, end + _LONGEST // 2), last)
        first, last = (left if left > 0 else first), (right if right > 0 else last)
    text = document.text
    before, quote, after = text[first:start], text[start:end], text[end:last]
    marked = pieces_of(before + _marked(quote) + after, entities=True)
    shown = list(_highlighted(marked))
    if sum(run.bold for piece in shown for run in piece.runs) == 0:
        # The marks broke the Markdown around them: the words as they are, in three parts.
        parts = [Run(before), Run(quote, bold=True), Run(after)]
        shown = [Piece("section", (part,)) for part in parts]
    return blocks_of(shown)


def _marked(quote: str) -> str:
    """The quote with marks inside of what begins and ends a line's Markdown."""
    body = quote.strip()
    lead = len(quote) - len(quote.lstrip())
    prefix = next((p for p in ("| ", "|", "- ", "* ", "+ ", "> ") if body.startswith(p)), "")
    if not prefix and body[:1].isdigit():
        number, dot, _ = body.partition(". ")
        prefix = number + dot if dot and number.isdigit() else ""
    suffix = "|" if prefix.startswith("|") and body.endswith("|") and len(body) > 2 else ""
    inner = body[len(prefix) : len(body) - len(suffix)]
    marked = f"{prefix}{_OPEN}{inner}{_CLOSE}{suffix}"
    return quote[:lead] + marked + quote[lead + len(body) :]


def _highlighted(pieces: Iterable[Piece]) -> Iterable[Piece]:
    """The pieces with bold for the marked words alone, and the marks taken out."""
    inside = False
    for piece in pieces:
        runs: list[Run] = []
        for run in piece.runs:
            rest = run.text
            while rest:
                mark = _CLOSE if inside else _OPEN
                text, found, rest = rest.partition(mark)
                text = text.replace(_OPEN, "").replace(_CLOSE, "")
                if text:
                    runs.append(Run(text, inside, run.italic, run.code))
                inside = inside != bool(found)
        kind = "section" if piece.kind == "heading" else piece.kind  # a heading would be bold too
        yield Piece(kind, tuple(runs), piece.indent, piece.number)

"""Document text -> safe HTML: an answer with its markers, a section with its quote.

Everything shown comes from documents, models or people, so nothing of it may act: raw
HTML, links and images of the Markdown stay text. Used by the web page and by tests.
"""

import html
import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

from ingest.documents import Document, front_matter

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_OPEN, _CLOSE = "\u2e28", "\u2e29"
"""Rare brackets that carry the quote's span through the Markdown renderer. They count
as punctuation, so emphasis beside them still parses."""
_MARKER = re.compile(r"(?<!\\)\[(\d{1,3})\]")
_LONGEST = 7000


@cache
def _renderer() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False})
    acting = ["link", "image", "autolink", "html_inline", "reference"]
    return parser.enable(["table"]).disable(acting)


def answer_html(text: str, numbers: Collection[int]) -> str:
    """An answer as HTML; each `[n]` of `numbers` becomes a button with `data-n`."""
    # Markers travel through the renderer as private characters: an escaped `\\[1\\]`
    # of a document comes out as `[1]` too and must not become a button.
    carried = _MARKER.sub("\ue000\\1\ue001", re.sub("[\ue000\ue001]", "", text))
    rendered = _renderer().render(carried)

    def button(match: re.Match[str]) -> str:
        n = int(match[1])
        if n not in numbers:
            return f"[{n}]"
        return f'<button class="cite" data-n="{n}" title="Show the passage">{n}</button>'

    return re.sub("\ue000(\\d+)\ue001", button, rendered)


def section_of(document: Document, start: int) -> tuple[int, int]:
    """Span of the section (heading to next heading) of `document` that holds `start`."""
    from ingest.markdown import blocks_of

    text = document.text
    begins = sorted({block.heading_start for block in blocks_of(text)})
    before = [offset for offset in begins if offset <= start]
    after = [offset for offset in begins if offset > start]
    first = before[-1] if before else 0
    return max(first, front_matter(text)[1]), after[0] if after else len(text)


def section_html(document: Document, start: int, end: int) -> str:
    """The section around `document.text[start:end]` with those words in `<mark>`."""
    first, last = section_of(document, start)
    if last - first > _LONGEST:
        first, last = _clipped(document.text, first, last, start, end)
    section = document.text[first:last]
    quote = (start - first, end - first)
    rendered = _marked_row(section, *quote) or _marked_words(section, *quote)
    return rendered or _marked_plain(section, *quote)


def _clipped(text: str, first: int, last: int, start: int, end: int) -> tuple[int, int]:
    """A part of a long section, cut at blank lines where there are some."""
    left = text.rfind("\n\n", first, max(first, start - _LONGEST // 2))
    right = text.find("\n\n", min(last, end + _LONGEST // 2), last)
    return (left if left > 0 else first), (right if right > 0 else last)


def _marked_words(section: str, start: int, end: int) -> str:
    if _OPEN in section or _CLOSE in section:
        return ""
    lead = re.match(r"[ \t>]*(?:[-*+]|\d{1,3}[.)])?[ \t]*", section[start:end])
    start += lead.end() if lead else 0
    marked = section[:start] + _OPEN + section[start:end] + _CLOSE + section[end:]
    rendered = _renderer().render(marked)
    if rendered.count(_OPEN) != 1 or rendered.count(_CLOSE) != 1:
        return ""
    inner = rendered[rendered.index(_OPEN) + 1 : rendered.index(_CLOSE)]
    pieces = re.split(r"(<[^>]+>)", inner)
    if "<tr>" in pieces or "<td>" in pieces:
        return ""
    # A mark may not cross a block's border, so each run of words gets its own.
    marks = "".join(
        piece if piece.startswith("<") or not piece.strip() else f"<mark>{piece}</mark>"
        for piece in pieces
    )
    return rendered.replace(_OPEN + inner + _CLOSE, marks)


def _marked_row(section: str, start: int, end: int) -> str:
    """Mark the cells of a table row; "" when the quote is not one."""
    row = section[start:end].strip()
    if "\n" in row or "|" not in row:
        return ""
    line = section.count("\n", 0, start)
    parser = _renderer()
    environment: dict[str, object] = {}
    tokens = parser.parse(section, environment)
    inside = False
    for token in tokens:
        if token.type == "tr_open" and token.map is not None:
            inside = token.map[0] == line
        elif token.type == "tr_close":
            inside = False
        elif inside and token.type in {"td_open", "th_open"}:
            token.attrSet("class", "mark")
    rendered = str(parser.renderer.render(tokens, parser.options, environment))
    if 'class="mark"' not in rendered:
        return ""
    return re.sub(
        r'(<t[dh][^>]*class="mark"[^>]*>)(.*?)(</t[dh]>)',
        r"\1<mark>\2</mark>\3",
        rendered,
        flags=re.S,
    )


def _marked_plain(section: str, start: int, end: int) -> str:
    before, quote, after = section[:start], section[start:end], section[end:]
    return (
        f'<pre class="plain">{html.escape(before)}<mark>{html.escape(quote)}</mark>'
        f"{html.escape(after)}</pre>"
    )

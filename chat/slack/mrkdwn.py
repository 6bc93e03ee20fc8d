"""Text in and out of Slack's own mark-up: escaped on the way out, plain on the way in."""

import re
from itertools import pairwise

_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_REFERENCE = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_SENTENCE_END = re.compile(r"[.!?:;]['\"”’)]*(?:\s*\[\d{1,3}\])*\s+|\n+")


def escape(text: str) -> str:
    """Text as mrkdwn in which nothing is a mention, a link or a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """What a person typed: Slack's references as words, its entities as characters."""
    text = _REFERENCE.sub(_words_of, text)
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text.strip()


def _words_of(match: re.Match[str]) -> str:
    sigil, target, label = match[1], match[2], match[3]
    if sigil in {"@", "!"}:
        return ""  # a person or @here: nothing that is asked about
    return label or (target if not sigil else "")


def preview(markdown: str) -> str:
    """Markdown that is still being written, safe to show: nothing in it can act.

    The finished answer replaces it, so that only safety counts here, not beauty.
    """
    plain = re.sub(r"\\([\\`*_{}\[\]<>|#~$!])", r"\1", markdown)
    return escape(plain.replace("](", "]\u200b("))


def plain(markdown: str) -> str:
    """Markdown without its mark-up, for notifications and screen readers."""
    from ingest.markdown import plain as inline

    lines = (inline(line) if line.strip() else "" for line in markdown.split("\n"))
    return "\n".join(lines).strip()


def cuts(text: str, limit: int) -> list[int]:
    """Offsets that cut `text` into pieces of at most `limit` characters.

    A cut stands after a statement if there is one in the second half of the piece, else
    after a word, else wherever the limit is.
    """
    out: list[int] = []
    start = 0
    while len(text) - start > limit:
        window = text[start : start + limit]
        ends = [match.end() for match in _SENTENCE_END.finditer(window)]
        end = next((end for end in reversed(ends) if end > limit // 2), 0)
        end = end or window.rfind(" ", limit // 2) + 1 or limit
        start += end
        out.append(start)
    return out


def pieces(text: str, limit: int) -> list[str]:
    """`text` in pieces of at most `limit` characters, cut as `cuts` says."""
    bounds = [0, *cuts(text, limit), len(text)]
    return [text[a:b] for a, b in pairwise(bounds) if text[a:b].strip()]


def shortened(text: str, limit: int) -> str:
    """The beginning of `text` with an ellipsis, when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip() + "…"

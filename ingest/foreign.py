"""Mark-up of site generators that CommonMark does not know: found, so that nobody quotes it.

Admonition markers (`:::tip`), MDX comments, imports and exports, icon elements and links
whose target stands elsewhere. What they hold is kept; the markers themselves are not words.
"""

import re

_FENCE = re.compile(r"^\s*(?:>\s*)*(?P<mark>`{3,}|~{3,})")
_ADMONITION = re.compile(r"^\s*(?:>\s*)*:{3,}(?:\s*[\w-]+.*|\s*)$")
_MODULE = re.compile(
    r"""^(?:import\s+(?:[\w{}*,\s]+\sfrom\s+)?["'][^"'\n]+["'];?|"""
    r"""export\s+(?:default|const|let|function)\b.*)\s*$"""
)
_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.DOTALL)
_ICON = re.compile(r"<(span|i|svg)\b[^>]*\bicons?\b[^>]*>[^<]*</\1>", re.I)
_REFERENCE = re.compile(
    r"(?P<code>`+)(?!`).*?(?<!`)(?P=code)(?!`)|"
    r"(?<![\w\]!\\])\[(?P<words>(?:[^\[\]`]|`[^`]+`)+)\]\[[^\[\]]*\]",
    re.DOTALL,
)
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:\s+\S+(?:\s+[\"'(].*[\"')])?\s*$", re.MULTILINE)
_HALF_BOLD = re.compile(r"^\*{2,}(?=[\w\"“])|(?<=[.!?:\w\"”])\*{2,}$")
_BOLD_LINE = re.compile(r"\*\*(?=\w)([^*]+)(?<=[\w:.!?)])\*\*")
_BROKEN_EMOJI = re.compile(r"^(?:[\ufffd\U0001fb00-\U0001fbff\U0001f800-\U0001f8ff]\ufe0f?\s*)+")


def masked(text: str) -> str:
    """`text` with foreign markers blanked out, line by line: every line keeps its number."""
    if ":::" not in text and "{/*" not in text and not re.search(r"^(import|export)\s", text, re.M):
        return text
    lines = text.split("\n")
    in_fence = ""
    for index, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence:
            mark = fence["mark"]
            if not in_fence:
                in_fence = mark
            elif mark.startswith(in_fence) and not line[fence.end() :].strip():
                in_fence = ""
        elif not in_fence and (_ADMONITION.match(line) or _MODULE.match(line)):
            lines[index] = ""
        elif not in_fence and line.lstrip().startswith("{/*"):
            _blank_comment(lines, index)
    return "\n".join(lines)


def _blank_comment(lines: list[str], first: int) -> None:
    """Blank a comment that starts a line and ends at the end of one; others stay."""
    for last in range(first, len(lines)):
        if "*/}" in lines[last]:
            if lines[last].rstrip().endswith("*/}"):
                lines[first : last + 1] = [""] * (last + 1 - first)
            return


def without_foreign(inline: str) -> str:
    """Inline Markdown without comments, icons, markers and the targets of links."""
    text = _COMMENT.sub("", inline)
    text = _ICON.sub("", text)
    text = _DEFINITION.sub("", text)
    text = _REFERENCE.sub(lambda match: match["words"] or match.group(), text)
    if ":::" in text:
        text = "\n".join(line for line in text.split("\n") if not _ADMONITION.match(line))
    return text


def without_residue(reading: str) -> str:
    """A reading without a broken emoji before it or half of a pair of bold marks."""
    return _HALF_BOLD.sub("", _BOLD_LINE.sub(r"\1", _BROKEN_EMOJI.sub("", reading)))

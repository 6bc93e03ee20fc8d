"""Text without Markdown structure -> Markdown with headings, fences and tables.

Pages saved as text lose their mark-up: a heading is a short line in title case, a code
block the cell of a one-column table, a table one cell a line. This module finds those
shapes; where it finds none the text stays as it is.
"""

import re
from collections.abc import Sequence

_CODE_CELL = re.compile(r"^(?P<language>[A-Za-z][\w+#-]*) \|$")
_RULE = re.compile(r"^[|:\-\s]*-{3,}[|:\-\s]*$")
_NUMBERED = re.compile(r"^\d{1,2}[.)]\s+\S")
# A lone `#` may be a comment of scraped code: it needs blank lines around it to count.
_MARKDOWN = re.compile(
    r"^(#{2,6} \S|```|~~~|\|?\s*:?-{3,}:?\s*\|\s*:?-{3,})|(?:\A|\n\n)# \S.*\n\n", re.MULTILINE
)
_DIAGRAM = re.compile(r"^(graph|flowchart) (LR|RL|TD|TB|BT)$")
_MINOR = frozenset(
    "a an and as at by for from in into is of on or the to using vs with your".split()
)
_MAX_HEADING_WORDS = 12
_MAX_HEADING_LENGTH = 90


def has_structure(text: str) -> bool:
    """True when `text` already uses Markdown headings, fences or tables."""
    return len(_MARKDOWN.findall(text)) >= max(1, len(text) // 20_000)


def to_markdown(text: str) -> str:
    """Return `text` with the Markdown that its layout stands for."""
    lines = text.split("\n")
    out: list[str] = []
    position = 0
    while position < len(lines):
        taken = (
            _code_cell(lines, position, out)
            or _diagram(lines, position, out)
            or _cells(lines, position, out)
            or _heading(lines, position, out)
        )
        if not taken:
            out.append(lines[position])
            taken = 1
        position += taken
    return "\n".join(out)


def _code_cell(lines: Sequence[str], start: int, out: list[str]) -> int:
    """`Python |`, `---|`, `| code`, .., `|`: a highlighted block, saved as a table."""
    match = _CODE_CELL.match(lines[start])
    if not match or start + 2 >= len(lines) or not _RULE.match(lines[start + 1]):
        return 0
    if not lines[start + 2].startswith("| "):
        return 0
    end = start + 2
    while end < len(lines) and lines[end].strip() != "|":
        end += 1
    if end == len(lines):
        return 0
    body = [lines[start + 2][2:], *lines[start + 3 : end]]
    out += ["", f"```{match['language'].lower()}", *body, "```", ""]
    return end - start + 1


def _diagram(lines: Sequence[str], start: int, out: list[str]) -> int:
    if not _DIAGRAM.match(lines[start]):
        return 0
    end = start + 1
    while end < len(lines) and re.search(r"-->|---|==>|^\s*(subgraph|end\b|style )", lines[end]):
        end += 1
    out += ["", "```mermaid", *lines[start:end], "```", ""]
    return end - start


def _cells(lines: Sequence[str], start: int, out: list[str]) -> int:
    """One cell a line, each closed by ` |`: a table whose column count is inferred."""
    end = start
    while end < len(lines) and lines[end].endswith(" |") and lines[end].count("|") == 1:
        end += 1
    cells = [line[:-2].strip() for line in lines[start:end]]
    if len(cells) < 6:
        return 0
    columns = _column_count(cells)
    if columns == 0:
        return 0
    rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    out.append("")
    out += ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * columns]
    out += ["| " + " | ".join(row) + " |" for row in rows[1:]]
    out.append("")
    return end - start


def _column_count(cells: Sequence[str]) -> int:
    """The divisor whose columns look most alike below the header; 0 when none divides."""
    best, best_score = 0, float("inf")
    for columns in range(2, 10):
        if len(cells) % columns or len(cells) // columns < 3:
            continue
        body = cells[columns:]
        score = sum(
            len({_shape(cell) for cell in body[column::columns]}) for column in range(columns)
        )
        if score / columns < best_score:
            best, best_score = columns, score / columns
    return best


def _shape(cell: str) -> str:
    if re.fullmatch(r"[$~<>]*[\d.,]+\s*[%A-Za-z/]*", cell):
        return "number"
    return "word" if len(cell.split()) == 1 else "words"


def _heading(lines: Sequence[str], position: int, out: list[str]) -> int:
    line = lines[position].strip()
    following = next((text for text in lines[position + 1 :] if text.strip()), "")
    if not following or not _reads_as_title(line):
        return 0
    previous = lines[position - 1].strip() if position else ""
    alone = not previous or not (position + 1 < len(lines) and lines[position + 1].strip())
    if (previous and not alone and previous[-1] in ",;") or previous.endswith(" and"):
        return 0
    if _NUMBERED.match(line) and _NUMBERED.match(following.strip()):
        return 0
    if not any(text.startswith("# ") for text in out):
        level = 1
    elif _NUMBERED.match(line) or not line[0].isalnum() or not line[0].isascii():
        level = 2
    else:
        level = 2 if _reads_as_title(following.strip()) else 3
    out += ["", "#" * level + " " + _without_residue(line), ""]
    return 1


def _reads_as_title(line: str) -> bool:
    if not line or len(line) > _MAX_HEADING_LENGTH or line[-1] in ".,;!|{}[](=\\" + "-*+":
        return False
    if line[0] in "|-*+>{}[]()<\"'`@/\\" or re.search(r"[{}=;`\\]|\||->|\w\(|https?:", line):
        return False
    words = re.findall(r"[A-Za-z][\w'/&-]*", line)
    if not words or len(line.split()) > _MAX_HEADING_WORDS or line.endswith(":"):
        return False
    major = [word for word in words if word.lower() not in _MINOR]
    capitals = sum(word[0].isupper() or any(c.isupper() for c in word[1:]) for word in major)
    return bool(major) and capitals >= 0.75 * len(major) and words[0][0].isupper()


def _without_residue(line: str) -> str:
    """Drop what is left of a broken emoji before the first word of a title."""
    return re.sub(r"^[^\x00-\x7f]{1,4}\s+(?=[A-Z0-9])", "", line)

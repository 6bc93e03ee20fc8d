"""Key-value text (JSON, YAML, Python and HCL literals) -> readings with the parents' keys.

Works line by line on brackets and indentation, so that a literal that lost its
indentation on the way (scraped pages), or that is not complete, still reads.
"""

import re
from collections.abc import Iterator

_PAIR = re.compile(
    r"""^(?P<indent>\s*)(?:-\s+)?["']?(?P<key>[A-Za-z_][\w .,/&()-]*?)["']?\s*"""
    r"""(?::|=>|=)\s*(?P<value>.*)$"""
)
_ELEMENT = re.compile(r"""^\s*(?:-\s+)?(?P<value>["'][^"']{3,}["']),?\s*(?:#.*)?$""")
_CONTROL = re.compile(
    r"^\s*(if|elif|else|for|while|return|def|class|import|from|try|except|with|print|assert)\b"
)
_COMMENT = re.compile(r"\s+(?:#|//)\s*(?P<comment>.*)$")
_INLINE_OBJECT = re.compile(r"^[{\[](?P<body>[^{}\[\]]*)[}\]],?$")


_LITERAL = re.compile(r"""^(["'\d\[{$-]|(?:True|False|None|true|false|null)\b)""")


def pairs_of(
    text: str, start: int, end: int, literal: bool = False
) -> Iterator[tuple[int, int, str]]:
    """Yield `(start, end, reading)` of each line that gives a key a value.

    With `literal` only values that are written out count, not calls and names.

    A reading is `parent, key: value`; a comment behind the value is kept in brackets.
    """
    parents: list[str] = []
    position = start
    for line in text[start:end].split("\n"):
        line_start, position = position, position + len(line) + 1
        content = line.strip()
        if not content or _CONTROL.match(line):
            continue
        if re.match(r"^[}\])]+[,;]?$", content):
            parents = parents[: -min(len(parents), len(re.findall(r"[}\])]", content)))]
            continue
        begin = line_start + len(line) - len(line.lstrip())
        body, comment = _split_comment(content)
        match = _PAIR.match(body)
        if match and _plausible_key(match["key"]):
            value = match["value"].rstrip(",").strip()
            if value in {"{", "[", "("}:
                parents.append(_words(match["key"]))
                continue
            if value and (not literal or _LITERAL.match(value)):
                reading = _join(parents, _words(match["key"]), _value(value), comment)
                yield begin, begin + len(content), reading
            continue
        element = _ELEMENT.match(body)
        if element and parents:
            reading = _join(parents, "", _value(element["value"]), comment)
            yield begin, begin + len(content), reading
        elif content in {"{", "["}:
            parents.append("")


def _split_comment(content: str) -> tuple[str, str]:
    match = _COMMENT.search(content)
    if not match or content[: match.start()].count('"') % 2:
        return content, ""
    return content[: match.start()].rstrip(), match["comment"].strip()


def _plausible_key(key: str) -> bool:
    return len(key.split()) <= 6 and "(" not in key.replace(" (", "", 1)


def _words(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])_(?=[a-zA-Z0-9])|(?<=[A-Z])_(?=[A-Z0-9])", " ", key.strip())


def _value(value: str) -> str:
    inline = _INLINE_OBJECT.match(value)
    body = inline["body"].strip() if inline else value
    return re.sub(r"[\"']", "", body).rstrip(",").strip()


def _join(parents: list[str], key: str, value: str, comment: str) -> str:
    path = ", ".join(part for part in [*parents, key] if part)
    tail = f" ({comment})" if comment else ""
    return f"{path}: {value}{tail}" if path else f"{value}{tail}"

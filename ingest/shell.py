"""The commands of a shell fence, each with the comment above it."""

import re
from collections.abc import Iterator

SHELLS = frozenset({"bash", "sh", "shell", "zsh", "console", "shell-session", "terminal"})
_COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:\./)?[a-z][\w.@/-]*(?: .*)?$")
_KEYWORDS = frozenset(
    "if then else elif fi for while until do done case esac function select in return local "
    "export set unset source alias trap echo cd exit".split()
)
_MAX_LENGTH = 200
_MAX_COMMANDS = 12


def commands_of(text: str, start: int, end: int) -> list[tuple[int, int, str, str]]:
    """`(start, end, command, comment)` of each command; empty when the fence is a program.

    Only a fence whose every line is a plain command or a comment counts. Where a prompt
    (`$ `) marks the commands, the other lines are output. A command that goes on behind a
    backslash is one. `comment` is empty where none stands above.
    """
    lines = list(_logical_lines(text, start, end))
    prompted = any(line.startswith("$ ") for _, _, line in lines)
    found: list[tuple[int, int, str, str]] = []
    comment = ""
    for begin, stop, line in lines:
        if not line:
            comment = ""
        elif line.startswith("#"):
            comment = line.strip("# ").rstrip(":.").strip()
        elif prompted and not line.startswith("$ "):
            continue
        else:
            command = line.removeprefix("$ ")
            if not _is_plain(command):
                return []
            found.append((begin + len(line) - len(command), stop, command, comment))
            comment = ""
    return found if len(found) <= _MAX_COMMANDS else []


def _is_plain(command: str) -> bool:
    if len(command) > _MAX_LENGTH or "<<" in command or not _COMMAND.match(command):
        return False
    words = command.split()
    return (
        len(words) > 1
        and words[0] not in _KEYWORDS
        and not re.search(r"(?:\||&&|\{|;;)$|=\$?\(|^\w+\(\)", command)
        and not command.endswith((".", ":", ","))
    )


def _logical_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Lines without surrounding blanks; those that a backslash joins come as one."""
    position, begin, held = start, -1, ""
    for line in text[start:end].split("\n"):
        at = position + len(line) - len(line.lstrip())
        stop = position + len(line.rstrip())
        position += len(line) + 1
        begin = at if begin < 0 else begin
        content = line.strip()
        if content.endswith("\\") and not content.startswith("#"):
            held += content[:-1].rstrip() + " "
            continue
        yield begin, max(begin, stop), (held + content).strip()
        begin, held = -1, ""
    if held.strip():
        yield begin, end, held.strip()

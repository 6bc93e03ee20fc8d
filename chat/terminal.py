"""Questions and answers in a terminal: wrapped text, typed answers of several lines, a timer."""

import re
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WIDEST = 100


class Left(Exception):
    """The person has gone: Ctrl-D at an empty prompt, Ctrl-C, or `/quit`."""

    def __init__(self, unfinished: str = "") -> None:
        super().__init__()
        self.unfinished = unfinished
        """What was typed of the answer."""


@dataclass(frozen=True)
class Typed:
    """An answer as it was typed."""

    text: str
    seconds: float
    command: str = ""
    """`?` or `/skip`, when that was typed in place of an answer."""


class Terminal:
    """Reads lines and writes paragraphs."""

    def __init__(
        self,
        read: Callable[[str], str] | None = None,
        write: Callable[[str], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A terminal over stdin and stdout, or over what is given.

        Args:
            read: shows a prompt and returns the next line; raises EOFError at the end.
            write: shows a text and ends the line.
            clock: seconds, from any point in time.
        """
        if read is None:
            _edit_lines()
        self._read = read or input
        self._write = write or print
        self._clock = clock

    def say(self, text: str = "", indent: str = "") -> None:
        """Show a text of one or more lines, wrapped; nothing in it moves the cursor."""
        width = min(_WIDEST, shutil.get_terminal_size().columns)
        for line in _CONTROL.sub("", text.expandtabs(4)).split("\n"):
            hang = re.match(r"\s*(?:[-*+~x] |\[\d+\] )?", line)
            deeper = indent + " " * (len(hang.group()) if hang else 0)
            self._write(
                textwrap.fill(
                    line,
                    width,
                    initial_indent=indent,
                    subsequent_indent=deeper,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )

    def choice(self, prompt: str) -> str:
        """One line, without its blanks, in lower case.

        Raises:
            Left: the person has gone.
        """
        try:
            return self._read(prompt).strip().lower()
        except (EOFError, KeyboardInterrupt):
            self._write("")
            raise Left from None

    def answer(self, minutes: float | None = None, commands: tuple[str, ...] = ()) -> Typed:
        """An answer of any number of lines, ended by a full stop alone or two empty lines.

        Ctrl-D ends an answer that has begun.

        Args:
            minutes: show the time used in the prompt, and say when that many minutes are over
                (0: never). None shows none.
            commands: words that count as a command when they are the first line.

        Raises:
            Left: the person has gone; with what was typed so far.
        """
        started = self._clock()
        lines: list[str] = []
        told = False
        while True:
            used = self._clock() - started
            if minutes and used > minutes * 60 and not told:
                told = True
                self.say("Time is up. Finish your sentence.")
            try:
                line = self._read(_prompt(used, minutes)).rstrip()
            except EOFError:
                self._write("")
                if not "".join(lines).strip():
                    raise Left from None
                break
            except KeyboardInterrupt:
                self._write("")
                raise Left("\n".join(lines).strip()) from None
            word = line.strip().lower()
            if not "".join(lines).strip() and word == "/quit":
                raise Left
            if not "".join(lines).strip() and word in commands:
                return Typed("", self._clock() - started, word)
            if word == "." or (not word and (not lines or not lines[-1])):
                break
            lines.append(line)
        return Typed("\n".join(lines).strip(), self._clock() - started)


def _prompt(used: float, minutes: float | None) -> str:
    if minutes is None:
        return "> "
    whole = f" of {_minutes(minutes * 60)}" if minutes else ""
    return f"[{_minutes(used)}{whole}] > "


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _edit_lines() -> None:
    """Lines of any length with arrow keys; without it a terminal cuts a line at 4,096 bytes."""
    if sys.stdin.isatty():
        try:
            import readline  # noqa: F401
        except ImportError:
            pass

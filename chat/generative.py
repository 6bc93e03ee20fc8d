"""An answer written by a language model, sentence by sentence checked against the guide.

The model cites opaque passage ids. Each finished sentence is matched with the statement
that supports it (`chat.support`): first in the passages that it cites, then in the
others. A sentence that nothing supports never reaches the reader; the notes count it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chat.citations import Citation, cite
from chat.retrieval import Ranked
from chat.support import check
from ingest.embedding import MiniLM
from ingest.index import Index
from ingest.passages import Passage
from ingest.statements import Statement
from ingest.terms import terms_of

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

REFUSAL = "NOT_IN_GUIDE"
PASSAGES = 6
_PROMPTS = Path(__file__).parent / "prompts"
_KEY = re.compile(r"(?<![A-Za-z0-9])[kK][0-9a-fA-F]{6,16}(?![A-Za-z0-9])")
_OPEN, _CLOSE = r"[\[【［〔(]", r"[\]】］〕)]"
_ID = re.compile(rf"\s*{_OPEN}\s*{_KEY.pattern}(?:[\s,;]+{_KEY.pattern})*\s*{_CLOSE}")
_ANY_MARKER = re.compile(r"\s*[\[【［〔][^\[\]【】［］〔〕]{0,40}[\]】］〕]")
_HOLDS_ID = re.compile(rf"\s*\[[^\[\]]*{_KEY.pattern}[^\[\]]*\]")
_LINK_TARGET = re.compile(r"(?<=\])\(\s*[a-z]+:[^)\s]*\s*\)", re.I)
_LEFT_OVER = re.compile(
    r"`\s*`|\*\*\s*\*\*|\[\s*\]|(?<=\s)\(\s*\)|\s*[,;]+\s*(?=[.!?]|$)|\s*[\[\]]+(?=[.!?]?$)|\s+(?=[.!?]$)"
)
"""What markers inside code, brackets or emphasis, or with commas between them, leave behind."""
_URL = re.compile(r"\b(?:[a-z]{2,8}://|www\.)[^\s<>()\[\]]+", re.I)
_END = re.compile(r"(?<=[.!?\]】］〕])\s+(?=[A-Z0-9\"'*`-])|\n+")
_FEWEST_TERMS = 3
"""A sentence with fewer content terms names nothing that could be checked."""
_MOST_SENTENCES = 8
_MOST_DROPPED = 12
"""Unsupported sentences after which the rest of a model's text is not waited for."""
_LONGEST = 1200
"""Characters of one sentence; a model that goes on and on is cut there."""


@cache
def prompt(name: str) -> str:
    """The text of a prompt file."""
    return (_PROMPTS / f"{name}.md").read_text(encoding="utf-8")


def key_of(ranked: Ranked) -> str:
    """The opaque id by which a prompt names a passage."""
    return "k" + ranked.passage.id[:6]


def messages(question: str, ranked: Sequence[Ranked]) -> "list[BaseMessage]":
    """The prompt: rules, then the question and the passages fenced as data."""
    from langchain_core.messages import HumanMessage, SystemMessage

    parts = [f"Question: {_fenced(question)}", "", "Passages:"]
    parts += [shown(key_of(result), result.passage) for result in ranked[:PASSAGES]]
    return [SystemMessage(prompt("answer")), HumanMessage("\n".join(parts))]


def shown(key: str, passage: Passage) -> str:
    """A passage as a prompt shows it."""
    text = "\n".join(part for part in (passage.header, passage.text) if part)
    heading = _fenced(passage.context)
    return f'<passage id="{key}" heading="{heading}">\n{_fenced(text)}\n</passage>'


def _fenced(text: str) -> str:
    """Text that can't close its fence."""
    return text.replace("<", "‹").replace(">", "›")


def _without_markers(raw: str) -> str:
    """A sentence without any marker, id or link target, and without what those leave behind."""
    words = _HOLDS_ID.sub("", _ID.sub("", _LINK_TARGET.sub("", raw)))
    words, before = _KEY.sub("", _ANY_MARKER.sub("", words)).strip(), ""
    while words != before:
        words, before = _LEFT_OVER.sub("", words).strip(), words
    return re.sub(r"(?<=\S)  +", " ", words)


@dataclass
class Draft:
    """What became of a model's text."""

    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    refused: bool = False
    dropped: list[str] = field(default_factory=list)
    """Sentences that nothing in the passages supports."""
    moved: int = 0
    """Sentences whose citation was replaced by one that supports them."""


class Writer:
    """Turns a model's stream into checked sentences with numbered citations."""

    def __init__(
        self, index: Index, ranked: Sequence[Ranked], passages: Mapping[str, Passage] | None = None
    ) -> None:
        """Check against the passages of a prompt.

        Args:
            index: where quotes are taken from.
            ranked: what retrieval found; its first passages may support any sentence.
            passages: those of the prompt by id, where they are not the retrieved ones; each is
                read when it is first cited.
        """
        self._index = index
        near = {key_of(result): result.passage for result in ranked[:PASSAGES]}
        self._by_key = {**near, **(passages or {})}
        self._statements: list[tuple[Passage, Statement]] = []
        self._vectors = np.zeros((0, MiniLM.dimensions), np.float32)
        self._read: set[str] = set()
        self._read_in(list(near))
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._said: set[str] = set()
        self._sentences = 0
        self.draft = Draft()

    def _read_in(self, keys: Sequence[str]) -> None:
        """Take the statements of passages in, as possible support."""
        new = [key for key in dict.fromkeys(keys) if self._by_key[key].id not in self._read]
        found = [
            (self._by_key[key], statement)
            for key in new
            for statement in self._by_key[key].statements
            if statement.quotable
        ]
        self._read.update(self._by_key[key].id for key in new)
        self._statements += found
        vectors = MiniLM.shared().queries([statement.reading for _, statement in found])
        self._vectors = np.concatenate([self._vectors, vectors])

    def write(self, pieces: Iterator[str]) -> Iterator[str]:
        """Yield each sentence as soon as it is finished and found to be supported."""
        buffer = ""
        for piece in pieces:
            buffer += piece
            if REFUSAL in buffer:
                self.draft.refused = True
                return
            while match := _END.search(buffer):
                yield from self._sentence(buffer[: match.start()], "\n" in match.group())
                buffer = buffer[match.end() :]
            if self._sentences >= _MOST_SENTENCES or len(self.draft.dropped) > _MOST_DROPPED:
                return
            if len(buffer) > _LONGEST:
                yield from self._sentence(buffer, False)
                buffer = ""
        yield from self._sentence(buffer, False)

    def _sentence(self, raw: str, ends_line: bool) -> Iterator[str]:
        keys = [key.lower() for key in _KEY.findall(raw)]
        words = _without_markers(raw)
        if not re.search(r"\w{2}", words):
            return
        said = " ".join(terms_of(words))
        if said in self._said:
            return
        self._said.add(said)
        found = None
        if len(said.split()) >= _FEWEST_TERMS:
            found = self._support(words, [key for key in keys if key in self._by_key])
        if found is None:
            self.draft.dropped.append(words)
            return
        self._sentences += 1
        from chat.answering import escaped

        bullet = re.match(r"^[-*]\s+|^\d{1,2}[.)]\s+", words)
        body = escaped(words[bullet.end() :] if bullet else words)
        line = f"{'- ' if bullet else ''}{body} [{self._number(*found)}]"
        joint = "" if not self.draft.text else "\n" if bullet or ends_line else " "
        self.draft.text += joint + line
        yield joint + line

    def _support(self, words: str, keys: Sequence[str]) -> tuple[Passage, Statement] | None:
        """The statement that supports a sentence, the cited passages' own ones first."""
        self._read_in(keys)
        if not self._statements:
            return None
        cited = {self._by_key[key].id for key in keys}
        plain = re.sub(r"[*_`#]|^[-*]\s+|^\d{1,2}[.)]\s+", "", words)
        similar = self._vectors @ MiniLM.shared().queries([plain])[0]
        order = sorted(
            range(len(self._statements)),
            key=lambda i: (self._statements[i][0].id not in cited, -float(similar[i])),
        )
        links = _URL.findall(words)
        for place in order:
            passage, statement = self._statements[place]
            if not all(link.rstrip(".,;:!?") in passage.text for link in links):
                continue
            context = f"{passage.context} {passage.header}"
            verdict = check(
                plain, statement.reading, context, float(similar[place]), self._index.aliases
            )
            if verdict.supported:
                if cited and passage.id not in cited:
                    self.draft.moved += 1
                return passage, statement
        return None

    def _number(self, passage: Passage, statement: Statement) -> int:
        key = (passage.source, statement.start, statement.end)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            document = self._index.documents[passage.source]
            self.draft.citations.append(
                cite(self._numbers[key], document, passage, statement.start, statement.end)
            )
        return self._numbers[key]

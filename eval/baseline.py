"""The plain baseline: LangChain's recursive splitter at 1000/200, dense only, same model.

Its vectors of all chunks take as long as a whole index, and few chunks change between two
runs. So a file keeps which chunks the last run had and how near the nearest ones are to each
question: then only new chunks are encoded. Where that can't tell a question's first ten,
because too many of them are gone or the question is new, all is run anew.
"""

import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.golden import Span
from ingest.documents import Document
from ingest.embedding import MiniLM

CHUNK, OVERLAP, FIRST = 1000, 200, 10
_SCALE = 1_000_000
"""Similarities are kept as whole numbers of this part."""
LAST_RUN = Path(__file__).with_name("baseline_run.json")


class Baseline:
    """Chunks of all documents, ranked by the cosine similarity of their vectors."""

    def __init__(
        self, documents: Iterable[Document], last: Path = LAST_RUN, first: int = FIRST
    ) -> None:
        """Cut `documents`; `last` is the file of the last run, `first` so many chunks are ranked.

        Twice as many are kept of each question, so that some of them may go.
        """
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(
            chunk_size=CHUNK, chunk_overlap=OVERLAP, add_start_index=True
        )
        self._spans: list[Span] = []
        self._texts: list[str] = []
        for document in documents:
            for chunk in splitter.create_documents([document.text]):
                start = int(chunk.metadata["start_index"])
                self._texts.append(chunk.page_content)
                self._spans.append(Span(document.source, start, start + len(chunk.page_content)))
        self._names = [_name(text) for text in self._texts]
        self._last, self._first, self._kept = last, first, 2 * first

    def rank(self, questions: Sequence[str]) -> list[list[Span]]:
        """For each question the spans of the most similar chunks."""
        nearest = self._nearest(questions)
        return [[self._spans[n] for n in nearest[question]] for question in questions]

    def keep(self, questions: Sequence[str]) -> None:
        """Write what later runs need to know about `questions`."""
        asked = sorted(set(questions))
        known = list(dict.fromkeys(self._names))
        last = self._read()
        if (last["chunks"], list(last["first"])) == (known, asked):
            return
        similar = self._similarities(self._texts, asked)
        place = {name: n for n, name in enumerate(known)}
        rows = []
        for question, own in zip(asked, similar, strict=True):
            first = {place[self._names[n]]: int(own[n]) for n in np.argsort(-own, kind="stable")}
            kept = [[n, score] for n, score in itertools.islice(first.items(), self._kept)]
            rows.append(f"{json.dumps(question)}: {json.dumps(kept, separators=(',', ':'))}")
        lines = ",\n".join(rows)
        text = f'{{"chunks": {json.dumps(known)}, "first": {{\n{lines}\n}}}}\n'
        self._last.write_text(text, encoding="utf-8")

    def _nearest(self, questions: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        kept = self._from_last_run(questions)
        if kept is None:
            similar = self._similarities(self._texts, questions)
            kept = {q: self._best(own) for q, own in zip(questions, similar, strict=True)}
        return kept

    def _from_last_run(self, questions: Sequence[str]) -> dict[str, NDArray[np.int64]] | None:
        """The nearest chunks, from the kept ones and the new ones; None if that can't tell."""
        last = self._read()
        known, first = last["chunks"], last["first"]
        if any(question not in first for question in questions):
            return None
        places: dict[str, list[int]] = defaultdict(list)
        for n, name in enumerate(self._names):
            places[name].append(n)
        old = set(known)
        new = [n for n, name in enumerate(self._names) if name not in old]
        similar = self._similarities([self._texts[n] for n in new], questions)
        found = {}
        for question, own in zip(questions, similar, strict=True):
            scores = np.full(len(self._texts), -_SCALE, np.int64)
            scores[new] = own
            for chunk, score in first[question]:
                scores[places[known[chunk]]] = score
            best = self._best(scores)
            # What was not kept is at most as near as the last one that was.
            if len(first[question]) == self._kept and scores[best[-1]] < first[question][-1][1]:
                return None
            found[question] = best
        return found

    def _read(self) -> dict[str, Any]:
        if not self._last.exists():
            return {"chunks": [], "first": {}}
        found: dict[str, Any] = json.loads(self._last.read_text(encoding="utf-8"))
        return found

    def _similarities(self, texts: Sequence[str], questions: Sequence[str]) -> NDArray[np.int64]:
        """Cosine similarities, (questions, texts), as whole numbers."""
        model = MiniLM.shared()
        similar = model.queries(questions) @ model.queries(texts).T
        return np.rint(similar * _SCALE).astype(np.int64)

    def _best(self, scores: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.argsort(-scores, kind="stable")[: self._first]


def _name(text: str) -> str:
    return hashlib.sha256(f"{MiniLM.fingerprint}\0{text}".encode()).hexdigest()[:12]

"""The plain baseline: LangChain's recursive splitter at 1000/200, dense only, same model.

Its vectors of all chunks take as long as a whole index, and what it finds changes only with
the documents, the questions or the splitter. So the numbers of the chunks that it ranks first
are kept in a file beside a hash of all chunks; where the hash is another, it is run anew.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from eval.golden import Span
from ingest.documents import Document
from ingest.embedding import MiniLM

CHUNK, OVERLAP, FIRST = 1000, 200, 10
LAST_RUN = Path(__file__).with_name("baseline_run.json")


class Baseline:
    """Chunks of all documents, ranked by the cosine similarity of their vectors."""

    def __init__(self, documents: Iterable[Document], last: Path = LAST_RUN) -> None:
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
        self._last = last

    def rank(self, questions: Sequence[str]) -> list[list[Span]]:
        """For each question the spans of the most similar chunks, from the last run if it holds."""
        kept = self._kept()
        if any(question not in kept for question in questions):
            kept = self._ranked(questions)
        return [[self._spans[n] for n in kept[question]] for question in questions]

    def keep(self, questions: Sequence[str]) -> None:
        """Write what is found for `questions`, for later runs over the same chunks."""
        kept = self._kept()
        ranked = kept if all(q in kept for q in questions) else self._ranked(questions)
        rows = {question: ranked[question] for question in sorted(set(questions))}
        lines = ",\n".join(f"{json.dumps(q)}: {row}" for q, row in rows.items())
        text = f'{{"chunks": "{self._fingerprint()}", "first": {{\n{lines}\n}}}}\n'
        self._last.write_text(text, encoding="utf-8")

    def _ranked(self, questions: Sequence[str]) -> dict[str, list[int]]:
        vectors = MiniLM.shared().queries(self._texts)
        asked = MiniLM.shared().queries(questions)
        nearest = np.argsort(-(asked @ vectors.T), axis=1, kind="stable")[:, :FIRST]
        return dict(zip(questions, nearest.tolist(), strict=True))

    def _kept(self) -> dict[str, list[int]]:
        if not self._last.exists():
            return {}
        values = json.loads(self._last.read_text(encoding="utf-8"))
        found: dict[str, list[int]] = values["first"]
        return found if values["chunks"] == self._fingerprint() else {}

    def _fingerprint(self) -> str:
        texts = "\0".join([MiniLM.fingerprint, *self._texts])
        return hashlib.sha256(texts.encode()).hexdigest()

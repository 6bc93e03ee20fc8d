"""The plain baseline: LangChain's recursive splitter at 1000/200, dense only, same model."""

from collections.abc import Iterable

import numpy as np

from eval.golden import Span
from ingest.documents import Document
from ingest.embedding import MiniLM

CHUNK, OVERLAP = 1000, 200


class Baseline:
    """Chunks of all documents with their vectors, ranked by cosine similarity."""

    def __init__(self, documents: Iterable[Document]) -> None:
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(
            chunk_size=CHUNK, chunk_overlap=OVERLAP, add_start_index=True
        )
        self._spans: list[Span] = []
        texts: list[str] = []
        for document in documents:
            for chunk in splitter.create_documents([document.text]):
                start = int(chunk.metadata["start_index"])
                texts.append(chunk.page_content)
                self._spans.append(Span(document.source, start, start + len(chunk.page_content)))
        self._vectors = MiniLM.shared().queries(texts)

    def rank(self, question: str, k: int = 10) -> list[Span]:
        """The spans of the `k` most similar chunks."""
        scores = self._vectors @ MiniLM.shared().queries([question])[0]
        return [self._spans[i] for i in np.argsort(-scores, kind="stable")[:k]]

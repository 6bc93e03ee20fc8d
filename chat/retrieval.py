"""A question -> ranked passages: dense, lexical and statement scores, fused, then reranked.

Dense similarity comes from Chroma, exact terms from BM25 over trail and text, and a
third score from each passage's best statement (two levels: a passage is as good as the
best thing it says). Each is min-max scaled over the candidates and summed with fixed
weights, which measured better than reciprocal rank fusion (`python -m eval retrieval`).
The first of them get a second look (`reranking.py`), and where GUIDE_RERANKER is set the
order of a model (`model_rerankers.py`).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from numpy.typing import NDArray
from pydantic import ConfigDict, PrivateAttr

from chat.crowding import Crowding, crowding_of, lift
from chat.query import Query, QueryReader
from chat.reranking import SecondLook
from ingest.embedding import Embedder, MiniLM
from ingest.index import Index
from ingest.passages import Passage, embedded_text

if TYPE_CHECKING:
    from chat.model_rerankers import Reranking

_DENSE_CANDIDATES = 100
_RERANKED = 30
"""Candidates that get the second look, and that a reranker reads."""


@dataclass(frozen=True)
class Weights:
    """How much each score counts; tuned on the development split of the golden set."""

    dense: float = 0.35
    lexical: float = 0.40
    statement: float = 0.25
    alias: float = 0.35
    """Of a term that an alias added, relative to a term of the question."""
    question_penalty: float = 0.30
    """Taken from a passage that only asks (an interview list)."""
    coverage: float = 0.40
    """Of the second look: how much of the question one statement of the passage holds."""
    phrases: float = 0.10
    """Of the second look: how many of the question's neighbouring terms are neighbours."""


@dataclass(frozen=True)
class Ranked:
    """A retrieved passage, its fused score and the raw scores behind it."""

    index: int
    """Position in `Index.passages`."""
    passage: Passage
    score: float
    dense: float
    """Cosine similarity of question and passage."""
    lexical: float
    """BM25."""
    statement: float
    """Cosine similarity of question and best statement."""
    phrases: float
    """Share of the question's neighbouring terms that are neighbours in the passage."""


@dataclass(frozen=True)
class Retrieval:
    """What one question found."""

    query: Query
    vector: NDArray[np.float32]
    """The question in the statements' space, (384,)."""
    ranked: list[Ranked]
    lift: float
    """By how much the best statement is nearer to the question than the nearest twentieth of
    all statements (`chat/crowding.py`)."""
    usual: Crowding
    """What likeness is usual between the documents of this index."""
    builtin: tuple[Ranked, ...] | None = None
    """The built-in order where a reranker made that of `ranked`."""
    reranking: "Reranking | None" = None
    """What the reranker gave and took; None without one."""

    def as_found(self) -> "Retrieval":
        """With the built-in order, which the answerability was fitted on."""
        return self if self.builtin is None else replace(self, ranked=list(self.builtin))


class GuideRetriever(BaseRetriever):
    """Hybrid retrieval over one open generation, usable as a LangChain retriever."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Any
    embedder: Any
    weights: Any = Weights()
    k: int = 10
    reranker: Any = None
    """A `chat.model_rerankers.Reranker`, or None."""
    _reader: QueryReader = PrivateAttr()
    _second_look: SecondLook = PrivateAttr()
    _usual: Crowding = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        """Read the vocabulary and the crowding once."""
        index: Index = self.index
        self._reader = QueryReader(index.bm25.vocab_dict, index.aliases)
        self._second_look = SecondLook(index)
        self._usual = crowding_of(index)

    def retrieve(self, question: str, k: int | None = None) -> Retrieval:
        """Rank the passages for a question; at most `k`, best first."""
        query = self._reader.read(question)
        return self.retrieve_query(query, k or self.k)

    def retrieve_query(self, query: Query, k: int) -> Retrieval:
        """`retrieve` for a question that has been read already."""
        index: Index = self.index
        embedder: Embedder = self.embedder
        vector = embedder.queries([query.search_text])[0]
        local = vector if isinstance(embedder, MiniLM) else _statement_space(query.search_text)
        dense = np.full(len(index.passages), np.nan, np.float32)
        for position, similarity in index.dense(vector, _DENSE_CANDIDATES):
            dense[position] = similarity
        lexical = index.lexical(query.terms)
        if query.extra_terms:
            lexical = lexical + self.weights.alias * index.lexical(query.extra_terms)
        similarities = index.statements @ local
        best = _best_statements(index, similarities)
        fused = self._fuse(index, dense, lexical, best)
        candidates = np.argsort(-fused, kind="stable")[: max(k, _RERANKED)]
        phrases = {int(i): self._second_look.phrases(query, int(i)) for i in candidates}
        for i in candidates:
            fused[i] += (
                self.weights.coverage * self._second_look.coverage(query, int(i))
                + self.weights.phrases * phrases[int(i)]
            )
        order = sorted(candidates, key=lambda i: (-fused[i], i))
        if self.reranker is None:
            order = order[:k]
        ranked = [
            Ranked(
                int(i),
                index.passages[i],
                float(fused[i]),
                float(index.vectors[i] @ vector),
                float(lexical[i]),
                float(best[i]),
                phrases[int(i)],
            )
            for i in order
        ]
        retrieval = Retrieval(
            query,
            local,
            ranked[:k],
            lift(similarities),
            self._usual,
        )
        return retrieval if self.reranker is None else self._reranked(retrieval, ranked, k)

    def _reranked(self, retrieval: Retrieval, found: list[Ranked], k: int) -> Retrieval:
        """The retrieval with the reranker's order of all that was found.

        Scores stay at their places: the composer was tuned on their scale, and every model
        has another one. A passage that only asks stays at its place too: a reranker takes
        the echo of the question for the answer.
        """
        places = [place for place, r in enumerate(found) if r.passage.kind != "question"]
        texts = [embedded_text(found[place].passage) for place in places]
        told: Reranking = self.reranker.order(retrieval.query.mended, texts)
        ranked = list(found)
        for place, chosen in zip(places, told.order, strict=True):
            ranked[place] = replace(found[places[chosen]], score=found[place].score)
        return replace(retrieval, ranked=ranked[:k], builtin=tuple(found[:k]), reranking=told)

    def _fuse(
        self,
        index: Index,
        dense: NDArray[np.float32],
        lexical: NDArray[np.float32],
        best: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        weights: Weights = self.weights
        known = ~np.isnan(dense)
        floor = float(dense[known].min()) if known.any() else 0.0
        filled = np.where(known, dense, floor)
        fused = (
            weights.dense * _scaled(filled)
            + weights.lexical * _scaled(lexical)
            + weights.statement * _scaled(np.maximum(best, np.float32(floor)))
        )
        asks = np.fromiter((p.kind == "question" for p in index.passages), bool, len(fused))
        return np.asarray(fused - weights.question_penalty * asks, np.float32)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        return [
            LangChainDocument(
                id=ranked.passage.id,
                page_content=ranked.passage.text,
                metadata={
                    "source": ranked.passage.source,
                    "trail": list(ranked.passage.trail),
                    "start": ranked.passage.start,
                    "end": ranked.passage.end,
                    "score": ranked.score,
                },
            )
            for ranked in self.retrieve(query).ranked
        ]


def _statement_space(text: str) -> NDArray[np.float32]:
    return np.asarray(MiniLM.shared().queries([text])[0], np.float32)


def _best_statements(index: Index, similarities: NDArray[np.float32]) -> NDArray[np.float32]:
    """The similarity of each passage's best statement, (passages,); -1 where it has none."""
    best = np.full(len(index.passages), -1.0, np.float32)
    if len(similarities):
        has = index.first_statement[1:] > index.first_statement[:-1]
        best[has] = np.maximum.reduceat(similarities, index.first_statement[:-1][has])
    return best


def _scaled(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Min-max scaling to 0..1; equal scores all become 0."""
    low, high = float(scores.min()), float(scores.max())
    if high - low < 1e-9:
        return np.zeros_like(scores)
    return np.asarray((scores - low) / (high - low), np.float32)

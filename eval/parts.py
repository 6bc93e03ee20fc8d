"""Parts of an index: the same answerer over fewer documents, with what is left out unsaid.

A question whose evidence is left out becomes one that the documents do not answer, on a
subject that they do know: the hard kind, and in any size of index.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.facts import read, stated_in
from eval.golden import Case, Judge
from ingest.aliases import learn_aliases
from ingest.generation import bm25_terms
from ingest.index import Index

SHARES = (0.1, 0.1, 0.2, 0.2, 0.33, 0.33, 0.5, 0.66)
_COMMON = 8
"""Facts that so many passages elsewhere state by chance say nothing of where they stand."""


@dataclass(frozen=True)
class Places:
    """Where one case is answered, (passages,) each."""

    evidence: NDArray[np.bool_]
    states: NDArray[np.bool_]
    """Passages that state all its facts."""

    def answered_by(self, kept: NDArray[np.bool_]) -> bool | None:
        """Whether the passages that are kept answer the case; None when it is not clear."""
        if self.evidence.any() and kept[self.evidence].all():
            return True
        if not self.states.any() or (self.states & ~self.evidence).sum() > _COMMON:
            return None
        return None if (kept & (self.evidence | self.states)).any() else False


class _Part(Index):
    """Some passages of an index, in memory; dense search is exact."""

    def dense(self, vector: NDArray[np.float32], count: int) -> list[tuple[int, float]]:
        similarities = self.vectors @ vector
        nearest = np.argsort(-similarities, kind="stable")[:count]
        return [(int(i), float(similarities[i])) for i in nearest]


def part_of(index: Index, kept: NDArray[np.bool_]) -> Index:
    """The index as it would be if only the kept passages had been ingested."""
    import bm25s

    positions = np.flatnonzero(kept)
    spans = zip(index.first_statement[positions], index.first_statement[positions + 1], strict=True)
    part = copy.copy(index)
    part.__class__ = _Part
    part.passages = [index.passages[i] for i in positions]
    part.vectors = index.vectors[positions]
    part.statements = index.statements[np.concatenate([np.arange(*span) for span in spans])]
    lengths = [len(passage.statements) for passage in part.passages]
    part.first_statement = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    sources = sorted({passage.source for passage in part.passages})
    part.aliases = learn_aliases(index.documents[source].text for source in sources)
    part.bm25 = bm25s.BM25(k1=index.bm25.k1, b=index.bm25.b)
    part.bm25.index([bm25_terms(p) or ["\0"] for p in part.passages], show_progress=False)
    part.__post_init__()
    return part


def places(index: Index, cases: Sequence[Case]) -> dict[str, Places]:
    """Where each answerable case is answered."""
    judge = Judge(index.documents, index.aliases)
    readings = [read(passage.text) for passage in index.passages]
    found = {}
    for case in cases:
        evidence = np.zeros(len(readings), bool)
        for span in judge.spans(case):
            for number, passage in enumerate(index.passages):
                shared = min(passage.end, span.end) - max(passage.start, span.start)
                if passage.source == span.source and shared > 0:
                    evidence[number] = True
        states = [
            bool(case.facts) and all(stated_in(r, fact, index.aliases) for fact in case.facts)
            for r in readings
        ]
        found[case.id] = Places(evidence, np.asarray(states))
    return found


def document_parts(index: Index, seed: int = 5) -> Iterator[NDArray[np.bool_]]:
    """Random choices of documents, a share of the whole each, as masks of passages."""
    sources = sorted({passage.source for passage in index.passages})
    chance = np.random.default_rng(seed)
    for share in SHARES:
        count = min(len(sources), max(3, int(len(sources) * share)))
        chosen = set(chance.choice(sources, count, replace=False))
        yield np.asarray([passage.source in chosen for passage in index.passages])

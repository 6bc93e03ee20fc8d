"""Retrieval: recall, MRR and nDCG of the hybrid, its parts and the plain baseline."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

from chat.answering import merged
from chat.query import parts_of
from chat.retrieval import GuideRetriever, Ranked, Weights
from eval.baseline import Baseline
from eval.golden import Case, Judge, Span
from eval.metrics import bootstrap_difference, recall_at, reciprocal_rank, summary
from ingest.embedding import Embedder
from ingest.index import Index

if TYPE_CHECKING:
    from chat.model_rerankers import Reranker, Reranking

Ranker = Callable[[str], list[Span]]

BASELINE = "plain baseline"
PRODUCT = "+ second look (product)"
RERANKED = "+ reranker (GUIDE_RERANKER)"
_FIRST = Weights(coverage=0, phrases=0)
VARIANTS: dict[str, Weights] = {
    "dense": replace(_FIRST, dense=1, lexical=0, statement=0, question_penalty=0),
    "bm25": replace(_FIRST, dense=0, lexical=1, statement=0, question_penalty=0),
    "dense + bm25": replace(_FIRST, dense=0.5, lexical=0.5, statement=0),
    "+ statements": _FIRST,
    PRODUCT: Weights(),
}


def evaluate(
    index: Index, embedder: Embedder, cases: Sequence[Case], reranker: "Reranker | None" = None
) -> dict[str, Any]:
    """Figures of every system, by split and by kind, and the gain over the baseline.

    With a reranker also its figures, its gain over the built-in order, and how many
    questions it failed on: those keep the built-in order.
    """
    asked = [case.question for case in cases if case.answerable and case.evidence]
    found = {}
    for name, weights in VARIANTS.items():
        rank = ranker(index, embedder, weights)
        found[name] = {question: rank(question) for question in asked}
    if reranker is None:
        return measured(index, cases, found)
    told: list[Reranking] = []
    rank = ranker(index, embedder, Weights(), reranker, told)
    found[RERANKED] = {question: rank(question) for question in asked}
    figures = measured(index, cases, found)
    figures["reranker"]["model"] = reranker.spec
    figures["reranker"]["calls"] = len(told)
    figures["reranker"]["failed"] = sum(bool(call.note) for call in told)
    figures["reranker"]["median seconds"] = round(median([c.seconds for c in told] or [0]), 3)
    return figures


def measured(
    index: Index, cases: Sequence[Case], found: Mapping[str, Mapping[str, Sequence[Span]]]
) -> dict[str, Any]:
    """Figures of what systems found, the product among them, beside the plain baseline's.

    `found`: system -> question -> spans, best first.
    """
    answerable = [case for case in cases if case.answerable and case.evidence]
    judge = Judge(index.documents, index.aliases)
    plain = Baseline(index.documents.values()).rank([case.question for case in answerable])
    rows: dict[str, list[list[bool]]] = {BASELINE: _relevant(judge, answerable, plain)}
    for name, by_question in found.items():
        spans = [by_question[case.question] for case in answerable]
        rows[name] = _relevant(judge, answerable, spans)
    product = rows[PRODUCT]
    reranked = {"gain": _gain(rows[RERANKED], product)} if RERANKED in rows else None
    return {
        **({"reranker": reranked} if reranked else {}),
        "questions": len(answerable),
        "systems": {name: _by_split(answerable, relevant) for name, relevant in rows.items()},
        "kinds": _by_kind(answerable, product),
        "gain": _gain(product, rows[BASELINE]),
        "missed": [
            case.id for case, row in zip(answerable, product, strict=True) if not any(row[:5])
        ],
    }


def _relevant(
    judge: Judge, cases: Sequence[Case], found: Sequence[Sequence[Span]]
) -> list[list[bool]]:
    return [
        [judge.relevant(case, span) for span in spans]
        for case, spans in zip(cases, found, strict=True)
    ]


def ranker(
    index: Index,
    embedder: Embedder,
    weights: Weights,
    reranker: "Reranker | None" = None,
    told: "list[Reranking] | None" = None,
) -> Ranker:
    """The product's ranking with other weights, as spans; the reranker's calls go to `told`."""
    retriever = GuideRetriever(index=index, embedder=embedder, weights=weights, reranker=reranker)

    def rank(question: str) -> list[Span]:
        retrievals = [retriever.retrieve(part, 10) for part in parts_of(question)]
        if told is not None:
            told.extend(r.reranking for r in retrievals if r.reranking is not None)
        return [span_of(ranked) for ranked in merged([r.ranked for r in retrievals], 10)]

    return rank


def span_of(ranked: Ranked) -> Span:
    """Where a retrieved passage stands."""
    return Span(ranked.passage.source, ranked.passage.start, ranked.passage.end)


def _by_split(cases: Sequence[Case], rows: Sequence[Sequence[bool]]) -> dict[str, Any]:
    figures = {"all": summary(rows)}
    for split in sorted({case.split for case in cases}):
        chosen = [row for case, row in zip(cases, rows, strict=True) if case.split == split]
        figures[split] = summary(chosen)
    return figures


def _by_kind(cases: Sequence[Case], rows: Sequence[Sequence[bool]]) -> dict[str, Any]:
    figures = {}
    for kind in sorted({case.kind for case in cases}):
        chosen = [row for case, row in zip(cases, rows, strict=True) if case.kind == kind]
        figures[kind] = {"questions": len(chosen), **summary(chosen)}
    return figures


def _gain(ours: Sequence[Sequence[bool]], theirs: Sequence[Sequence[bool]]) -> dict[str, Any]:
    measures = {
        "recall@1": lambda row: recall_at(row, 1),
        "recall@5": lambda row: recall_at(row, 5),
        "mrr": reciprocal_rank,
    }
    gain = {}
    for name, measure in measures.items():
        mean, low, high = bootstrap_difference(
            [measure(row) for row in ours], [measure(row) for row in theirs]
        )
        gain[name] = {"mean": round(mean, 4), "low": round(low, 4), "high": round(high, 4)}
    return gain

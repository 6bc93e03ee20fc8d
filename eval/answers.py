"""Answers: facts stated, citations that hold, length, refusals; and follow-up turns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from chat.answer import EXTRACTIVE, Answer
from chat.answering import NOT_SAID, Answerer
from chat.citations import Citation
from chat.support import check
from eval.facts import coverage
from eval.golden import Case, Judge
from eval.llm_judge import judged
from eval.metrics import summary
from eval.retrieval import span_of
from ingest.embedding import MiniLM
from ingest.markdown import plain

_MARKER = re.compile(r"\s*\[(\d+)\]")


@dataclass(frozen=True)
class Scored:
    """One case with its answer and its figures."""

    case: Case
    answer: Answer
    covered: float
    """Share of the facts that the answer states."""
    cited: float
    """Share of its sentences that carry a citation."""
    supported: float
    """Share of its citations whose quote supports the sentence before it."""
    exact: bool
    """Whether each quote is the document's text at its span."""
    words: int


def evaluate(
    answerer: Answerer,
    cases: Sequence[Case],
    model: str | None = None,
    judge: str | None = None,
) -> dict[str, Any]:
    """Figures over all cases and by split; with `judge`, that model's opinion beside them."""
    scored = [score(answerer, case, model) for case in cases if not case.history]
    figures = {"all": figures_of(scored)}
    for split in sorted({case.split for case in cases}):
        figures[split] = figures_of([s for s in scored if s.case.split == split])
    spec = model or answerer.settings.model
    by_model = {} if spec == EXTRACTIVE else {"model": {spec: model_figures(scored, spec)}}
    second = {"judge": {judge: judged(answerer.settings, judge, scored)}} if judge else {}
    return {
        "figures": figures,
        **by_model,
        **second,
        "kinds": {
            kind: figures_of([s for s in scored if s.case.kind == kind])
            for kind in sorted({s.case.kind for s in scored})
        },
        "worst": worst(scored),
        "cases": {s.case.id: _outcome(s) for s in scored},
    }


def model_figures(scored: Sequence[Scored], spec: str) -> dict[str, float]:
    """How much of the answers is the model's own work, and what an answer took."""
    usages = [s.answer.usage for s in scored]
    costs = [usage.cost_usd for usage in usages if usage.cost_usd is not None]
    notes = sum(any("left out" in note for note in s.answer.notes) for s in scored)
    figures = {
        "written by the model": round(mean(s.answer.model == spec for s in scored), 4),
        "with sentences left out": round(notes / len(scored), 4),
        "input tokens": round(mean(usage.input_tokens for usage in usages)),
        "of them from the cache": round(mean(usage.cache_read_tokens for usage in usages)),
        "output tokens": round(mean(usage.output_tokens for usage in usages)),
        "median seconds": round(median(s.answer.timings["total"] for s in scored), 3),
    }
    if costs:
        figures["dollars per 1,000 answers"] = round(1000 * mean(costs), 4)
    return figures


def score(answerer: Answerer, case: Case, model: str | None = None) -> Scored:
    """Answer one case and score the answer."""
    answer = answerer.ask(case.question, case.history, model)
    index = answerer.service().index
    units = sentences_of(answer.text)
    cited, supported = citation_figures(answer, units, answerer)
    exact = all(
        index.documents[c.source].text[c.start : c.end] == c.quote for c in answer.citations
    )
    text = " ".join(unit for unit, _ in units)
    covered = (
        0.0 if answer.abstained else coverage(_with_quotes(text, answer), case.facts, index.aliases)
    )
    return Scored(case, answer, covered, cited, supported, exact, len(text.split()))


def _with_quotes(text: str, answer: Answer) -> str:
    """The answer's words; its citations' headings tell what a bare value belongs to."""
    return text + " " + " ".join(c.trail[-1] for c in answer.citations if c.trail)


def sentences_of(text: str) -> list[tuple[str, list[int]]]:
    """The answer's units that state something, as (plain words, cited numbers)."""
    units = []
    for line in text.split("\n"):
        if not line.strip() or re.fullmatch(r"[|\s:-]+", line):
            continue
        if line.startswith(NOT_SAID):
            continue  # repeats what was asked and states nothing of the documents
        if line.startswith("|") and not _MARKER.search(line):
            continue  # a table's header states nothing by itself
        pieces = re.split(r"(?<=\d\])\s+(?!\[)", line) if not line.startswith("|") else [line]
        for piece in pieces:
            numbers = [int(n) for n in _MARKER.findall(piece)]
            words = plain(_MARKER.sub("", piece).strip().strip("|").replace(" | ", " ; "))
            words = re.sub(r"^[-*]\s+", "", words)
            if re.search(r"\w", words):
                units.append((words, numbers))
    return units


def citation_figures(
    answer: Answer, units: Sequence[tuple[str, list[int]]], answerer: Answerer
) -> tuple[float, float]:
    """(share of units with a citation, share of citations that support their unit)."""
    if answer.abstained or not units:
        return 1.0, 1.0
    by_number = {citation.n: citation for citation in answer.citations}
    aliases = answerer.service().index.aliases
    pairs = [(words, by_number[n]) for words, numbers in units for n in numbers if n in by_number]
    unknown = sum(n not in by_number for _, numbers in units for n in numbers)
    quotes = [plain(citation.quote.replace("|", " ; ")) for _, citation in pairs]
    verdicts = [False] * unknown
    open_pairs = []
    for (words, citation), quote in zip(pairs, quotes, strict=True):
        # A row's column names and an item's label stand outside the quote itself.
        context = f"{' '.join(citation.trail)} {_surroundings(answerer, citation)}"
        told = check(words, quote, context, 1.0, aliases)
        if told.by_meaning:
            open_pairs.append((words, quote, context))
        else:
            verdicts.append(told.supported)
    # Most answers say what they quote, and need no vectors.
    texts = list(dict.fromkeys(text for words, quote, _ in open_pairs for text in (words, quote)))
    vectors = dict(zip(texts, MiniLM.shared().queries(texts), strict=True))
    for words, quote, context in open_pairs:
        similarity = float(vectors[words] @ vectors[quote])
        verdicts.append(check(words, quote, context, similarity, aliases).supported)
    with_marker = sum(bool(numbers) for _, numbers in units) / len(units)
    return with_marker, (mean(verdicts) if verdicts else 0.0)


def _surroundings(answerer: Answerer, citation: Citation) -> str:
    """The passage that holds the quote: its header row and labels give the quote's sense."""
    for passage in answerer.service().index.passages:
        if passage.source == citation.source and passage.start <= citation.start < passage.end:
            header = passage.header or passage.text.split("\n", 1)[0]
            labels = [s.reading for s in passage.statements if s.kind == "label"]
            own = [s.reading for s in passage.statements if s.start == citation.start]
            return " ".join([header, *labels, *own])
    return ""


def figures_of(scored: Sequence[Scored]) -> dict[str, float]:
    """The figures of the issue: coverage, citations, length, refusals."""
    answerable = [s for s in scored if s.case.answerable]
    unanswerable = [s for s in scored if not s.case.answerable]
    answered = [s for s in answerable if not s.answer.abstained]
    figures: dict[str, float] = {"questions": len(scored)}
    if answerable:
        figures["point coverage"] = round(mean(s.covered for s in answerable), 4)
        figures["false refusals"] = round(mean(s.answer.abstained for s in answerable), 4)
    if answered:
        figures["citation recall"] = round(mean(s.cited for s in answered), 4)
        figures["citation precision"] = round(mean(s.supported for s in answered), 4)
        figures["groundedness"] = round(mean(s.cited * s.supported for s in answered), 4)
        figures["exact quotes"] = round(mean(s.exact for s in answered), 4)
        figures["median words"] = median(s.words for s in answered)
    if unanswerable:
        figures["refused of unanswerable"] = round(
            mean(s.answer.abstained for s in unanswerable), 4
        )
    refused = [s for s in scored if s.answer.abstained]
    if refused:
        right = mean(not s.case.answerable for s in refused)
        figures["abstention precision"] = round(right, 4)
    return figures


def _outcome(scored: Scored) -> dict[str, Any]:
    return {
        "covered": round(scored.covered, 3),
        "abstained": scored.answer.abstained,
        "words": scored.words,
        "supported": round(scored.supported, 3),
    }


def worst(scored: Sequence[Scored], count: int = 20) -> list[dict[str, Any]]:
    """The cases that went most wrong, with what was expected and what came."""

    def badness(s: Scored) -> float:
        wrong_refusal = s.answer.abstained == s.case.answerable
        return 2.0 * wrong_refusal + (1 - s.covered if s.case.answerable else 0) + (1 - s.supported)

    ranked = sorted(scored, key=lambda s: (-badness(s), s.case.id))
    return [
        {
            "id": s.case.id,
            "question": s.case.question,
            "expected": [f"{source} > {heading}" for source, heading in s.case.evidence],
            "facts": list(s.case.facts),
            "answer": s.answer.text,
            "retrieved": [
                f"{r.passage.source} > {' > '.join(r.passage.trail[1:])}"
                for r in s.answer.passages[:5]
            ],
            "covered": round(s.covered, 2),
        }
        for s in ranked[:count]
        if badness(s) > 0
    ]


def evaluate_conversations(answerer: Answerer, cases: Sequence[Case]) -> dict[str, Any]:
    """Follow-up turns: as the product reads them, as typed, and as a person rewrote them."""
    judge = Judge(answerer.service().index.documents, answerer.service().index.aliases)
    turns = [c for c in cases if c.history and c.answerable and c.evidence]
    figures: dict[str, Any] = {"turns": len(turns)}
    for name in ("with history", "as typed", "stand-alone rewrite"):
        rows, covered = [], []
        for case in turns:
            question = case.standalone if name == "stand-alone rewrite" else case.question
            history = case.history if name == "with history" else ()
            answer = answerer.ask(question, history)
            rows.append([judge.relevant(case, span_of(r)) for r in answer.passages])
            text = " ".join(unit for unit, _ in sentences_of(answer.text))
            aliases = answerer.service().index.aliases
            covered.append(
                0.0
                if answer.abstained
                else coverage(_with_quotes(text, answer), case.facts, aliases)
            )
        figures[name] = {**summary(rows), "point coverage": round(mean(covered or [0.0]), 4)}
    return figures

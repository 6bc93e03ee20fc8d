"""The one pipeline from a question to an `Answer`, for every way in.

question + history -> standalone question -> passages -> answerable? -> compose
(extractive | model) -> check citations -> Answer
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from chat.answer import EXTRACTIVE, Answer, Turn
from chat.answerability import calibration, features_of
from chat.citations import Citation, cite
from chat.conversation import standalone
from chat.extractive import Chosen, Composition, Style, compose
from chat.query import parts_of
from chat.retrieval import GuideRetriever, Ranked, Retrieval, Weights
from chat.settings import Settings
from ingest.embedding import Embedder, open_embedder
from ingest.errors import GuideError
from ingest.index import Index, current, open_index

if TYPE_CHECKING:
    from chat.model_answer import ModelAnswer
    from chat.model_rerankers import Reranker
    from chat.models import ChatModel

MAX_QUESTION = 4000
"""Characters; longer input is not a question."""
PASSAGES = 10


NOT_SAID = "The guide does not say:"
"""Begins the line that names the parts of a question which are not answered."""


class QuestionError(GuideError):
    """A question that can't be asked: empty, or far too long."""


@dataclass(frozen=True)
class Service:
    """An open index with what reads it; replaced as a whole when the pointer moves."""

    index: Index
    retriever: GuideRetriever


class Answerer:
    """Answers questions. One a process; safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        weights: Weights = Weights(),
        style: Style = Style(),
        whole_guide: bool = False,
    ) -> None:
        self.settings = settings
        self._whole_guide = whole_guide
        self._weights = weights
        self._style = style
        self._lock = threading.Lock()
        self._service: Service | None = None
        self._embedder: Embedder | None = None
        self._reranker: Reranker | None = None
        self._models: dict[str, ChatModel] = {}

    def service(self) -> Service:
        """The serving generation, reopened when an ingest has swapped it.

        Raises:
            BadIndexError: there is no usable index; the message says what to run.
            ModelError: GUIDE_RERANKER names a folder that holds no cross-encoder.
        """
        with self._lock:
            name = current(self.settings.index)
            if self._service is None or self._service.index.folder.name != name:
                index = open_index(self.settings.index, self.settings.embedding)
                if self._embedder is None:
                    self._embedder = open_embedder(
                        self.settings.embedding,
                        self.settings.bedrock_region,
                        self.settings.bedrock_endpoint_url,
                        self.settings.bedrock_profile,
                    )
                if self._reranker is None and self.settings.reranker is not None:
                    from chat.model_rerankers import open_reranker

                    self._reranker = open_reranker(self.settings)
                retriever = GuideRetriever(
                    index=index,
                    embedder=self._embedder,
                    weights=self._weights,
                    reranker=self._reranker,
                )
                # The old generation is not closed here: answers in progress still read it.
                # Its lease goes with the last reference.
                self._service = Service(index, retriever)
            return self._service

    def ask(self, question: str, history: Sequence[Turn] = (), model: str | None = None) -> Answer:
        """Answer a question.

        Raises:
            QuestionError: the question is empty or too long.
            BadIndexError: there is no usable index.
        """
        for piece in self.stream(question, history, model):
            if isinstance(piece, Answer):
                return piece
        raise AssertionError("a stream ends with its answer")

    def stream(
        self, question: str, history: Sequence[Turn] = (), model: str | None = None
    ) -> Iterator[str | Answer]:
        """Yield the answer's text in pieces, and last the whole `Answer`."""
        started = time.perf_counter()
        question = checked(question)
        if self._whole_guide:
            self.ready(model)
        service = self.service()
        spec = model or self.settings.model
        helper = self._helper(spec)
        alone = (helper.standalone if helper else standalone)(question, history)
        retrievals = [service.retriever.retrieve(part, PASSAGES) for part in parts_of(alone)]
        ranked = merged([r.ranked for r in retrievals], PASSAGES)
        found = time.perf_counter()
        answer = self._extractive(service.index, question, alone, retrievals, ranked)
        if helper and helper.wanted(answer):
            answer = yield from helper.write(service.index, answer)
        else:
            answer = helper.untouched(answer) if helper else answer
            yield from re.findall(r"\s*\S+", answer.text)
        done = time.perf_counter()
        timings = {"retrieve": found - started, "compose": done - found, "total": done - started}
        yield with_reranking(replace(answer, timings=timings), retrievals)

    def ready(self, model: str | None = None) -> None:
        """Open what an answer needs, so that what is missing is told once and at the start.

        Raises:
            BadIndexError: there is no usable index.
            ContextError: the whole guide is wanted, and the model can't read so much.
        """
        service = self.service()
        if self._whole_guide:
            from chat.model_context import refuse_too_small

            spec = model or self.settings.model
            refuse_too_small(spec, service.index, self.settings.max_tokens)

    def _helper(self, spec: str) -> "ModelAnswer | None":
        """The model's part in an answer; None when the extractive answerer works alone."""
        if spec == EXTRACTIVE:
            return None
        from chat.model_answer import ModelAnswer

        return ModelAnswer(spec, self._model, self._whole_guide)

    def _model(self, spec: str) -> "ChatModel":
        """The opened model, one a process and model string."""
        from chat.history import History
        from chat.models import open_model

        with self._lock:
            if spec not in self._models:
                ledger = History(self.settings.data)
                self._models[spec] = open_model(spec, self.settings, ledger)
            return self._models[spec]

    def _extractive(
        self,
        index: Index,
        question: str,
        alone: str,
        retrievals: Sequence[Retrieval],
        ranked: list[Ranked],
    ) -> Answer:
        pieces: list[tuple[Composition, float]] = []
        taken: set[tuple[str, int]] = set()
        for retrieval in retrievals:
            probability = calibration().probability(features_of(index, retrieval))
            answerable = probability >= calibration().threshold
            composed = Composition([])
            if answerable:
                composed = compose(index, retrieval, self._style, taken)
                taken.update((c.passage.id, c.statement.start) for c in composed.chosen)
            pieces.append((composed, probability))
        confidence = max(probability for _, probability in pieces)
        answer = Answer(
            question,
            alone,
            "",
            (),
            True,
            tuple(ranked),
            EXTRACTIVE,
            index.manifest.id,
            self.fingerprint(),
            confidence=confidence,
        )
        if not any(composed.chosen for composed, _ in pieces):
            return replace(answer, text=refusal(ranked))
        text, citations = written(index, [composed for composed, _ in pieces if composed.chosen])
        unanswered = [
            r.query.text for r, (c, _) in zip(retrievals, pieces, strict=True) if not c.chosen
        ]
        if unanswered:
            text += f"\n\n{NOT_SAID} " + " ".join(escaped(part) for part in unanswered)
        return replace(answer, text=text, citations=tuple(citations), abstained=False)

    def fingerprint(self) -> str:
        """A hash of every setting that shapes an answer."""
        values: dict[str, Any] = {
            "model": self.settings.model,
            "embedding": self.settings.embedding,
            "weights": asdict(self._weights),
            "style": asdict(self._style),
            "temperature": self.settings.temperature,
            "context": "all" if self._whole_guide else "retrieved",
        }
        if self.settings.reranker is not None:
            values["reranker"] = self.settings.reranker
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def checked(question: str) -> str:
    """The question without surrounding blanks.

    Raises:
        QuestionError: it is empty, has no word in it, or is too long.
    """
    question = question.strip()
    if not re.search(r"\w", question):
        raise QuestionError("Type a question first.")
    if len(question) > MAX_QUESTION:
        raise QuestionError(
            f"That is {len(question):,} characters; a question can have at most {MAX_QUESTION:,}."
        )
    return question


def with_reranking(answer: Answer, retrievals: Sequence[Retrieval]) -> Answer:
    """The answer with what reranking took and why it failed; unchanged without a reranker."""
    told = [r.reranking for r in retrievals if r.reranking is not None]
    if not told:
        return answer
    seconds = sum(r.seconds for r in told)
    timings = dict(answer.timings)
    timings |= {"retrieve": timings["retrieve"] - seconds, "rerank": seconds}
    notes = dict.fromkeys(r.note for r in told if r.note)
    dollars = sum(r.cost_usd or 0.0 for r in told)
    usage = answer.usage
    # A model's call without a price stays without one: a part of the sum would mislead.
    if dollars and (usage.cost_usd is not None or not usage.input_tokens):
        usage = replace(usage, cost_usd=(usage.cost_usd or 0.0) + dollars)
    return replace(answer, timings=timings, notes=(*notes, *answer.notes), usage=usage)


def merged(rankings: Sequence[Sequence[Ranked]], count: int) -> list[Ranked]:
    """Rankings of a question's parts taken in turn, without repeats."""
    out: list[Ranked] = []
    seen: set[int] = set()
    for position in range(max((len(ranking) for ranking in rankings), default=0)):
        for ranking in rankings:
            if position < len(ranking) and ranking[position].index not in seen:
                seen.add(ranking[position].index)
                out.append(ranking[position])
    return out[:count]


def written(index: Index, compositions: Sequence[Composition]) -> tuple[str, list[Citation]]:
    """The answer's text with markers, and its citations numbered by first use."""
    blocks: list[str] = []
    citations: list[Citation] = []
    numbers: dict[tuple[str, int, int], int] = {}
    for composed in compositions:
        markers = []
        for chosen in composed.chosen:
            markers.append(_number(index, chosen, numbers, citations))
        if composed.table:
            text = composed.table
            for position, n in enumerate(markers[: composed.rows]):
                text = text.replace(f"{{{position}}}", f"[{n}]")
            blocks.append(text)
            if len(markers) > composed.rows:
                blocks.append(_prose(composed.chosen[composed.rows :], markers[composed.rows :]))
        else:
            blocks.append(_prose(composed.chosen, markers))
    return "\n\n".join(blocks), citations


def _number(
    index: Index,
    chosen: Chosen,
    numbers: dict[tuple[str, int, int], int],
    citations: list[Citation],
) -> int:
    statement, passage = chosen.statement, chosen.passage
    key = (passage.source, statement.start, statement.end)
    if key not in numbers:
        numbers[key] = len(numbers) + 1
        document = index.documents[passage.source]
        citations.append(cite(numbers[key], document, passage, statement.start, statement.end))
    return numbers[key]


def _prose(chosen: Sequence[Chosen], markers: Sequence[int]) -> str:
    """Sentences as a paragraph; items, rows and lines as a list."""
    if len(chosen) == 1 or all(item.statement.kind == "sentence" for item in chosen):
        return " ".join(
            f"{sentence(item.statement.reading)} [{n}]"
            for item, n in zip(chosen, markers, strict=True)
        )
    lines, label = [], ""
    for item, n in zip(chosen, markers, strict=True):
        reading, own = item.statement.reading, _label_of(item)
        if own and own == label:  # said once, before the first of its items
            reading = reading[len(own) :].strip()
        label = own
        lines.append(f"- {sentence(reading)} [{n}]")
    return "\n".join(lines)


def _label_of(item: Chosen) -> str:
    """The words that a reading has from the line above its list; "" without any."""
    statement, passage = item.statement, item.passage
    raw = passage.text[statement.start - passage.start : statement.end - passage.start]
    label, colon, rest = statement.reading.partition(": ")
    listed = statement.kind in {"item", "line"}
    return label + colon.strip() if listed and rest and label not in raw else ""


def sentence(reading: str) -> str:
    """A reading as Markdown text: special characters escaped, ended with a full stop."""
    text = escaped(reading.strip())
    return text if re.search(r"[.!?:…]['\"”’)]*$", text) else text + "."


def escaped(text: str) -> str:
    """Document text as literal Markdown: nothing in it is mark-up, a link or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>|#~$!])", r"\\\1", text)


def refusal(ranked: Sequence[Ranked]) -> str:
    """Say that the guide does not answer, and name the nearest topics that it covers."""
    topics = list(dict.fromkeys(_topic(r) for r in ranked[:6] if r.passage.kind != "question"))[:3]
    text = "The guide does not answer this."
    if topics:
        text += " The nearest topics it covers: " + "; ".join(escaped(t) for t in topics) + "."
    return text


def _topic(ranked: Ranked) -> str:
    return ": ".join(ranked.passage.trail[-2:]) or ranked.passage.source

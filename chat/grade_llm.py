"""The verdicts of a language model on the points of a rubric, each with a quote to show for it.

The model judges points; nothing else of what it says is used, least of all a score. A verdict
counts only with words that stand in the answer and have to do with the point.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from chat.answer import Usage
from chat.generative import prompt
from chat.grade_form import Judgements
from chat.grade_quotes import found_in, is_about
from chat.model_errors import ModelError
from chat.model_usage import Meter
from chat.settings import Settings
from ingest.questions import KeyPoint, Mistake
from ingest.terms import terms_of

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from chat.models import ChatModel

LlmVerdict = Literal["covered", "partial", "missing", "wrong"]
_TOKENS = 1600
"""Room for a form of eight points, each with a quote."""
_LONGEST_FOLLOW_UP = 220
_JSON_FORM = """\
Answer with one JSON object of this form and nothing else, no code fence and no comment:

{"points": [{"id": "P1", "quote": "...", "verdict": "covered|partial|missing|wrong"}],
 "mistakes": [{"id": "M1", "quote": "..."}]}"""


@dataclass(frozen=True)
class ModelVerdict:
    """What the model says of one point."""

    verdict: LlmVerdict | None
    """None when there is none, or none that its quote supports."""
    quote: str = ""
    """Exactly `answer[start:end]`; "" for missing and None."""
    start: int = -1
    end: int = -1


@dataclass(frozen=True)
class ModelJudgement:
    """What the model says of an answer."""

    points: tuple[ModelVerdict, ...]
    """One a point, in the rubric's order."""
    mistakes: tuple[int, ...]
    """Indexes of the rubric's mistakes that the answer makes."""
    usage: Usage
    notes: tuple[str, ...] = ()
    """What the reader should know: verdicts that were left out."""


class ModelJudge:
    """Keeps the models open that judge. One a process; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        # A judge that draws lots would give two scores to one answer, so this is no setting.
        tokens = max(settings.max_tokens, _TOKENS)
        self._settings = settings.model_copy(update={"temperature": 0.0, "max_tokens": tokens})
        self._lock = threading.Lock()
        self._opened: dict[str, ChatModel] = {}

    def verdicts(
        self,
        model: str,
        question: str,
        points: Sequence[KeyPoint],
        mistakes: Sequence[Mistake],
        answer: str,
    ) -> ModelJudgement:
        """Let a model judge each point of a rubric; arguments as for `model_verdicts`."""
        chat_model = self._model(model)
        meter = Meter()
        started = time.monotonic()
        sent = _grading_prompt(chat_model.caches_prompts, question, points, mistakes, answer)
        try:
            form = chat_model.structured(Judgements, sent, "grade", meter)
        except ModelError as error:
            # Not every server knows tools or schemas, and not every model keeps to them. A
            # candidate waits, so a model that took long to fail is not asked again.
            slow = time.monotonic() - started > self._settings.model_timeout / 2
            if error.kind != "other" or slow:
                raise
            form = _from_text(model, chat_model.invoke(_asking_for_json(sent), "grade", meter))
        return _judgement(model, form, question, points, mistakes, answer, meter)

    def follow_up(self, model: str, question: str, missed: str, answer: str = "") -> str:
        """The model's question about a missed point; "" when it gave none that can be asked.

        Raises:
            ModelError: the model can't be used, or failed.
        """
        from langchain_core.messages import HumanMessage, SystemMessage

        data = [_fenced("question", question), _fenced("point", missed)]
        if answer:
            data.insert(1, _fenced("answer", answer))
        messages = [SystemMessage(prompt("follow_up")), HumanMessage("\n\n".join(data))]
        said = self._model(model).invoke(messages, "follow-up")
        return askable(said, question, missed)

    def _model(self, spec: str) -> "ChatModel":
        from chat.history import History
        from chat.models import open_model

        with self._lock:
            if spec not in self._opened:
                ledger = History(self._settings.data)
                self._opened[spec] = open_model(spec, self._settings, ledger)
            return self._opened[spec]


def model_verdicts(
    settings: Settings,
    model: str,
    question: str,
    points: Sequence[KeyPoint],
    mistakes: Sequence[Mistake],
    answer: str,
    judge: ModelJudge | None = None,
) -> ModelJudgement:
    """Let a model judge each point of a rubric.

    Args:
        settings: limits, places and credentials of models; the time limit and the budget.
        model: the model string.
        question: the interview question.
        points: the rubric's key points.
        mistakes: the rubric's common mistakes.
        answer: what the candidate wrote. It is sent between fences and never obeyed.
        judge: keeps models open between calls; a new one when None.

    Raises:
        GuideError: the model can't be used, failed, was too slow, or did not fill in the form.
    """
    return (judge or ModelJudge(settings)).verdicts(model, question, points, mistakes, answer)


def follow_up_question(
    settings: Settings,
    model: str,
    question: str,
    missed_point: str,
    offline: str = "What else matters here, and why?",
    answer: str = "",
    judge: ModelJudge | None = None,
) -> str:
    """One question that probes a missed point without giving it away.

    Args:
        settings: as for `model_verdicts`.
        model: the model string.
        question: the interview question.
        missed_point: what the answer left out.
        offline: what is asked when the model fails or gives the point away.
        answer: what the candidate wrote, for a question that goes on from it.
        judge: as for `model_verdicts`.
    """
    try:
        asked = (judge or ModelJudge(settings)).follow_up(model, question, missed_point, answer)
    except ModelError:
        return offline
    return asked or offline


def askable(said: str, question: str, missed: str) -> str:
    """A model's follow-up as one line, or "" when it is no question or gives the point away."""
    lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
    asked = " ".join(lines[-1].strip("\"'“”*_ ").split()) if lines else ""
    if not asked.endswith("?") or not 10 <= len(asked) <= _LONGEST_FOLLOW_UP:
        return ""
    known = set(terms_of(question))
    secret = [term for term in dict.fromkeys(terms_of(missed)) if term not in known]
    told = set(terms_of(asked)) & set(secret)
    names = {
        term
        for word in re.findall(r"[\w.\-/%$]+", missed)
        if re.search(r"\d|[a-z][A-Z]|[A-Z]{2}", word)
        for term in terms_of(word)
    }
    if told & names or len(told) > max(1, len(secret) // 4):
        return ""
    return asked


def _grading_prompt(
    cached: bool,
    question: str,
    points: Sequence[KeyPoint],
    mistakes: Sequence[Mistake],
    answer: str,
) -> "list[BaseMessage]":
    """Rules, rubric and answer, from the most to the least lasting: the rubric is the same for
    all who answer a question, so that a provider's cache can keep it with the rules."""
    from langchain_core.messages import HumanMessage, SystemMessage

    lines = [f"Question: {question}", "", "Key points:"]
    for n, point in enumerate(points, 1):
        also = f" (also: {'; '.join(point.also)})" if point.also else ""
        lines.append(f"P{n}: {point.text}{also}")
    if mistakes:
        lines += ["", "Common mistakes:"]
        lines += [f"M{n}: {mistake.text}" for n, mistake in enumerate(mistakes, 1)]
    rubric = _fenced("rubric", "\n".join(lines))
    given = HumanMessage(_fenced("answer", answer))
    if cached:
        return [SystemMessage(prompt("grade")), SystemMessage(rubric), given]
    # Some chat templates allow one system message only.
    return [SystemMessage(prompt("grade") + "\n\n" + rubric), given]


def _fenced(name: str, text: str) -> str:
    """Text between fences that it can't hold itself: they carry a hash of it."""
    token = hashlib.sha256(f"{name}\0{text}".encode()).hexdigest()[:16]
    return f"==== {name} {token} ====\n{text}\n==== end {name} {token} ===="


def _asking_for_json(messages: "Sequence[BaseMessage]") -> "list[BaseMessage]":
    from langchain_core.messages import HumanMessage

    *rules, given = messages
    return [*rules, HumanMessage(f"{given.text}\n\n{_JSON_FORM}")]


def _from_text(model: str, text: str) -> Judgements:
    """The first JSON object of a text that fits the form.

    Raises:
        ModelError: there is none.
    """
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
            if isinstance(value, dict) and "points" in value:
                return Judgements.model_validate({"mistakes": [], **value})
        except (ValueError, RecursionError, ValidationError):
            continue
    raise ModelError(
        "other", f"{model} did not fill in the form of the grade. Choose a larger model."
    )


def _judgement(
    model: str,
    form: Judgements,
    question: str,
    points: Sequence[KeyPoint],
    mistakes: Sequence[Mistake],
    answer: str,
    meter: Meter,
) -> ModelJudgement:
    said: dict[int, list[Any]] = {}
    for row in form.points:
        said.setdefault(row.number, []).append(row)
    judged = []
    left_out = 0
    for number, point in enumerate(points, 1):
        rows = said.get(number, [])
        verdict = ModelVerdict(None)
        # Two verdicts on one point are none.
        if rows and len({row.verdict for row in rows}) == 1:
            readings = [point.text, *point.also, question]
            verdict = _supported(rows[0].verdict, rows[0].quote, readings, answer)
        left_out += bool(rows) and verdict.verdict is None
        judged.append(verdict)
    if not any(number <= len(points) for number in said):
        raise ModelError("other", f"{model} judged none of the points. Choose a larger model.")
    made = set()
    for slip in form.mistakes:
        if 1 <= slip.number <= len(mistakes):
            mistake = mistakes[slip.number - 1]
            span = found_in(answer, slip.quote)
            readings = [mistake.claim, *mistake.also, question]
            if span and is_about(answer[slice(*span)], readings):
                made.add(slip.number - 1)
    notes = []
    if left_out:
        verdicts = "verdict was" if left_out == 1 else "verdicts were"
        notes.append(
            f"{left_out} {verdicts} left out: the words that {model} quoted "
            "are not in the answer or do not concern the point."
        )
    return ModelJudgement(tuple(judged), tuple(sorted(made)), meter.usage, tuple(notes))


def _supported(
    verdict: LlmVerdict, quote: str, readings: Sequence[str], answer: str
) -> ModelVerdict:
    if verdict == "missing":
        return ModelVerdict("missing")
    span = found_in(answer, quote)
    if span is None or not is_about(answer[slice(*span)], readings):
        return ModelVerdict(None)
    return ModelVerdict(verdict, answer[slice(*span)], *span)

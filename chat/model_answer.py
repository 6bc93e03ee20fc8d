"""A language model's part in one answer: it rewrites the question and writes the text.

Whatever goes wrong, the reader gets an answer and one sentence that says what happened.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from chat.answer import Answer, Turn
from chat.conversation import standalone
from chat.generative import Writer, messages
from chat.model_chat import ChatModel, Reply
from chat.model_condense import condensed
from chat.model_context import keyed, whole_guide
from chat.model_errors import ModelError
from chat.model_usage import Meter
from ingest.index import Index

BLOCKED = (
    "A guardrail of the model stopped this question or its answer. "
    "Ask in other words, or choose another model."
)
_LAST_PIECES = 50
"""Pieces read after a refusal: a provider sends its token counts at the very end."""


class ModelAnswer:
    """One question, one model. What its calls take is summed up in the answer's usage."""

    def __init__(
        self, spec: str, open_model: Callable[[str], ChatModel], whole_guide: bool = False
    ) -> None:
        self.spec = spec
        self._open = open_model
        self._whole_guide = whole_guide
        self._meter = Meter()

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        """The question with what the conversation adds: the model's rewrite, else the rules'."""
        if not any(turn.role == "user" and turn.content.strip() for turn in history):
            return question
        try:
            rewrite = condensed(question, history, self._open(self.spec), self._meter)
        except ModelError:
            rewrite = None  # the answer's own call will meet the same failure and tell it
        return rewrite or standalone(question, history)

    def wanted(self, extractive: Answer) -> bool:
        """Whether to ask the model: with the whole guide it decides itself what is answered."""
        return self._whole_guide or not extractive.abstained

    def write(self, index: Index, extractive: Answer) -> Generator[str, None, Answer]:
        """The model's answer; the extractive one where the model fails or says nothing true."""
        question = extractive.standalone_question
        passages = keyed(index.passages) if self._whole_guide else None
        writer = Writer(index, extractive.passages, passages)
        try:
            if passages is None:
                prompt = messages(question, extractive.passages)
            else:
                prompt = whole_guide(question, passages)
            reply = self._open(self.spec).stream(prompt, "answer", self._meter)
            with closing(reply):
                yield from writer.write(reply)
                if writer.draft.refused:
                    _read_on(reply)
        except ModelError as error:
            note = f"{self.spec} failed, so the guide's own statements answer: {error}"
            return self._fallback(extractive, note)
        if reply.stop == "guardrail":
            return self._blocked(extractive)
        return self._written(writer, extractive)

    def untouched(self, extractive: Answer) -> Answer:
        """The extractive answer, with what the rewriting of its question took."""
        return replace(extractive, usage=self._meter.usage)

    def _written(self, writer: Writer, extractive: Answer) -> Answer:
        draft = writer.draft
        if draft.refused and self._whole_guide:
            from chat.answering import refusal

            return replace(
                extractive,
                text=refusal(extractive.passages),
                citations=(),
                abstained=True,
                model=self.spec,
                usage=self._meter.usage,
                notes=(),
            )
        if draft.refused:
            note = f"{self.spec} said that the passages do not answer"
            return self._fallback(extractive, f"{note}; these are the guide's own statements.")
        if not draft.text:
            note = f"{self.spec} wrote nothing that the guide supports"
            return self._fallback(extractive, f"{note}; these are the guide's own statements.")
        left_out = len(draft.dropped)
        plural = "s" if left_out > 1 else ""
        note = f"{left_out} sentence{plural} left out: not found in the guide."
        return replace(
            extractive,
            text=draft.text,
            citations=tuple(draft.citations),
            abstained=False,
            model=self.spec,
            usage=self._meter.usage,
            notes=(note,) if left_out else (),
        )

    def _blocked(self, extractive: Answer) -> Answer:
        return replace(
            extractive,
            text=BLOCKED,
            citations=(),
            abstained=True,
            model=self.spec,
            usage=self._meter.usage,
            notes=(f"The guardrail of {self.spec} intervened.",),
        )

    def _fallback(self, extractive: Answer, note: str) -> Answer:
        return replace(extractive, notes=(note, *extractive.notes), usage=self._meter.usage)


def _read_on(reply: Reply) -> None:
    for _ in zip(range(_LAST_PIECES), reply, strict=False):
        pass

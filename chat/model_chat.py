"""A chat model that keeps its time limit, counts what it takes, and fails in words.

A `ChatModel` is safe to share between threads: what a call took belongs to the call.
"""

import logging
import random
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from chat import model_prices
from chat.model_deadline import Deadline, OutOfTime, within
from chat.model_errors import ModelError, from_exception, timed_out
from chat.model_spec import Opened
from chat.model_text import Stop, stop_of, tokens_of, without_thoughts
from chat.model_usage import CallUsage, Ledger, Meter, refuse_over_budget
from chat.settings import Settings

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from pydantic import BaseModel

Form = TypeVar("Form", bound="BaseModel")
_STREAM_TRIES = 3
_CHARACTERS_PER_TOKEN = 4
"""Of English text, roughly; used only where a provider could not send its own count."""
_log = logging.getLogger(__name__)


class Reply:
    """A streamed answer. Iterate for its text; `usage` and `stop` are final when it has ended."""

    def __init__(self, pieces: Callable[["Reply"], Iterator[str]]) -> None:
        self.text = ""
        """The text so far."""
        self.usage = CallUsage()
        self.stop: Stop = ""
        self._pieces = pieces(self)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        piece = next(self._pieces)
        self.text += piece
        return piece

    def close(self) -> None:
        """Stop listening: the provider is told at its next piece."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


class ChatModel:
    """One model. Every failure of a call is a `ModelError`."""

    def __init__(
        self, spec: str, opened: Opened, settings: Settings, ledger: Ledger | None = None
    ) -> None:
        self.spec = spec
        self.paid = opened.paid
        self.caches_prompts = opened.caches
        self._opened = opened
        self._seconds = settings.model_timeout
        self._budget = settings.daily_budget_usd
        self._ledger = ledger

    def stream(
        self,
        messages: "Sequence[BaseMessage]",
        purpose: str = "answer",
        meter: Meter | None = None,
        seconds: float | None = None,
    ) -> Reply:
        """The answer as it is written. The call begins when the first piece is asked for.

        Args:
            messages: what is sent; system messages first, from the most to the least lasting,
                since each is marked for the provider's prompt cache.
            purpose: what the call is for, in the ledger.
            meter: where the call is added to those of the same answer.
            seconds: a time limit below that of the settings.
        """
        limit = min(self._seconds, seconds or self._seconds)
        return Reply(lambda reply: self._stream(reply, messages, purpose, meter, limit))

    def invoke(
        self,
        messages: "Sequence[BaseMessage]",
        purpose: str = "answer",
        meter: Meter | None = None,
    ) -> str:
        """The whole answer; arguments as for `stream`."""
        reply = self.stream(messages, purpose, meter)
        for _ in reply:
            pass
        return reply.text

    def structured(
        self,
        schema: type[Form],
        messages: "Sequence[BaseMessage]",
        purpose: str = "grade",
        meter: Meter | None = None,
    ) -> Form:
        """An answer that fills in `schema`; arguments as for `stream`."""
        call = _Call(self, messages, purpose, meter)

        def produce(_: Deadline) -> Iterator[Any]:
            form = self._opened.chat.with_structured_output(schema, include_raw=True)
            yield form.invoke(self._prepared(messages))

        with call:
            (result,) = within(self._seconds, produce)
            call.count(result["raw"])
            parsed = result["parsed"]
            if not isinstance(parsed, schema):
                cause = result["parsing_error"]
                raise ModelError(
                    "other",
                    f"{self.spec} did not fill in the form it was given. "
                    "Try again, or choose a larger model.",
                ) from cause
        return parsed

    def _stream(
        self,
        reply: Reply,
        messages: "Sequence[BaseMessage]",
        purpose: str,
        meter: Meter | None,
        seconds: float,
    ) -> Iterator[str]:
        call = _Call(self, messages, purpose, meter)
        stop: Stop = ""

        def texts() -> Generator[str, None, None]:
            nonlocal stop
            produced = within(seconds, lambda deadline: self._chunks(messages, deadline))
            with closing(produced) as chunks:
                for chunk in chunks:
                    call.count(chunk)
                    stop = stop_of(chunk.response_metadata) or stop
                    yield chunk.text

        try:
            with call, closing(texts()) as pieces:
                for text in without_thoughts(pieces):
                    if text:
                        call.note_text(text)
                        yield text
                reply.stop = stop
                self._refuse_half_answers(stop, call)
        finally:
            reply.usage = call.usage

    def _chunks(self, messages: "Sequence[BaseMessage]", deadline: Deadline) -> Iterator[Any]:
        """The provider's chunks; a stream that breaks before its first text is tried again."""
        prepared = self._prepared(messages)
        for attempt in range(_STREAM_TRIES):
            begun = False
            try:
                for chunk in self._opened.chat.stream(prepared):
                    begun = begun or bool(chunk.text)
                    yield chunk
                return
            except Exception as error:
                last = attempt + 1 == _STREAM_TRIES
                if begun or last or not _broke_in_the_stream(error):
                    raise
                _log.info("%s broke off before its first word; trying again", self.spec)
            deadline.pause(random.uniform(0.2, 0.8) * 2**attempt)
            deadline.check()

    def _refuse_half_answers(self, stop: Stop, call: "_Call") -> None:
        if not stop:
            raise self._broke_off()
        if not call.has_text and stop != "guardrail":
            raise ModelError(
                "other",
                f"{self.spec} gave an empty answer. "
                "Try again, raise GUIDE_MAX_TOKENS, or choose another model.",
            )

    def _prepared(self, messages: "Sequence[BaseMessage]") -> "list[BaseMessage]":
        if not self._opened.caches:
            return list(messages)
        from chat.model_bedrock import with_cache_points

        return with_cache_points(messages)

    def _told(self, error: BaseException, has_text: bool) -> ModelError:
        if isinstance(error, OutOfTime):
            return timed_out(self.spec, self._seconds)
        told = from_exception(error, self.spec, self._seconds, self._opened.region)
        return self._broke_off() if told.kind == "connection" and has_text else told

    def _broke_off(self) -> ModelError:
        return ModelError("connection", f"{self.spec} broke off in mid-answer. Try again.")

    def _check_budget(self) -> None:
        if not self.paid or self._ledger is None:
            return
        priced = model_prices.known(self._opened.price_id) is not None
        refuse_over_budget(self.spec, priced, self._budget, self._ledger)

    def _priced(self, usage: CallUsage) -> CallUsage:
        dollars = model_prices.cost(self._opened.price_id, usage) if self.paid else 0.0
        return replace(usage, cost_usd=dollars)


class _Call:
    """One call: budget before it, and its usage recorded however it ends."""

    def __init__(
        self,
        model: ChatModel,
        messages: "Sequence[BaseMessage]",
        purpose: str,
        meter: Meter | None,
    ) -> None:
        self.usage = CallUsage()
        self._model = model
        self._sent = sum(len(message.text) for message in messages)
        self._received = 0
        self._purpose = purpose
        self._meter = meter
        self._started = 0.0
        self._counts: dict[str, int] = {}
        self._first: float | None = None

    def __enter__(self) -> "_Call":
        self._model._check_budget()
        self._started = time.perf_counter()
        return self

    def count(self, message: "BaseMessage") -> None:
        """Take over token counts; providers send them in one chunk or spread over several."""
        for name, tokens in tokens_of(message).items():
            self._counts[name] = max(self._counts.get(name, 0), tokens)

    @property
    def has_text(self) -> bool:
        """Whether the reader has seen something of the answer."""
        return self._received > 0

    def note_text(self, text: str) -> None:
        """Note a piece of the answer, and the time of the first."""
        if not self.has_text:
            self._first = time.perf_counter() - self._started
        self._received += len(text)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        seconds = time.perf_counter() - self._started
        told = self._model._told(error, self.has_text) if isinstance(error, Exception) else None
        outcome = told.kind if told else "stopped" if error else ""
        if not self._counts and (self.has_text or outcome in {"timeout", "stopped"}):
            # A provider bills an answer that broke off, but counts come with the last event.
            self._counts = {
                "input_tokens": self._sent // _CHARACTERS_PER_TOKEN,
                "output_tokens": self._received // _CHARACTERS_PER_TOKEN,
            }
        counted = CallUsage(**self._counts, seconds=seconds, first_text_seconds=self._first)
        self.usage = self._model._priced(counted)
        if self._meter is not None:
            self._meter.add(self.usage)
        self._record(outcome)
        if told is not None and told is not error:
            raise told from None

    def _record(self, outcome: str) -> None:
        ledger = self._model._ledger
        if ledger is None:
            return
        try:
            ledger.log_call(
                self._model.spec, self._purpose, self.usage, self.usage.seconds, outcome
            )
        except Exception:
            # An answer that was paid for is shown even when it can't be counted.
            _log.warning("A model call could not be recorded.", exc_info=True)


def _broke_in_the_stream(error: BaseException) -> bool:
    """A stream that was open and broke; what came before it, the clients have retried already."""
    if isinstance(error, ConnectionError):
        return "Incomplete" in str(error)
    if type(error).__name__ == "EventStreamError":
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        return "validation" not in str(code).lower()
    return any(cls.__module__.startswith("urllib3.") for cls in type(error).__mro__)

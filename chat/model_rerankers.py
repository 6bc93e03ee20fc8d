"""GUIDE_RERANKER -> a reranker: texts in the order in which they answer a question, best first.

A reranker is a luxury: whatever goes wrong with it, the texts come back in the order in
which they were given, with one sentence that says what happened.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from chat import model_prices
from chat.model_errors import ModelError
from chat.model_usage import CallUsage, Ledger, refuse_over_budget
from chat.settings import Settings
from ingest.errors import GuideError

_SLOW = 2.0
"""Seconds; a failure that kept the reader waiting so long is not met again at once."""
_REST = 30.0
"""Seconds for which it is not met again."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reranking:
    """What one call gave and took."""

    order: tuple[int, ...]
    """Places of the texts, best first; 0, 1, 2 .. when the reranker failed."""
    seconds: float = 0.0
    cost_usd: float | None = 0.0
    """None where the price table has no price."""
    note: str = ""
    """Why the order is the given one; "" when all went well."""


class Scorer(Protocol):
    """What reads a question with each text; `chat/model_rerank_*.py` hold them."""

    spec: str
    price_id: str
    """The model's id in the price table; "" when a call costs nothing."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers, on any scale; -inf where nothing is known.

        Raises:
            ModelError: the texts can't be scored; one sentence says why.
        """
        ...


class Reranker:
    """One reranker. Safe to share between threads, and never raises."""

    def __init__(
        self,
        scorer: Scorer,
        budget: float | None = None,
        ledger: Ledger | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.spec = scorer.spec
        self._scorer = scorer
        self._budget = budget
        self._ledger = ledger if scorer.price_id else None
        self._price = model_prices.rerank_price(scorer.price_id) if scorer.price_id else 0.0
        self._clock = clock
        self._rest = (-math.inf, "")
        """Until when no call is made, and what to say meanwhile; replaced as a whole."""

    def order(self, question: str, texts: Sequence[str]) -> Reranking:
        """The places of the texts, those that answer the question best first."""
        given = tuple(range(len(texts)))
        started = self._clock()
        until, note = self._rest
        if not texts or started < until:
            return Reranking(given, note=note if texts else "")
        try:
            if self._ledger is not None:
                refuse_over_budget(self.spec, self._price is not None, self._budget, self._ledger)
        except GuideError as error:
            return Reranking(given, note=self._told(error))
        order, outcome, note = given, "", ""
        try:
            scores = self._scorer.scores(question, texts)
            order = tuple(sorted(given, key=lambda place: (-scores[place], place)))
        except ModelError as error:
            outcome, note = error.kind, self._told(error)
        seconds = self._clock() - started
        if note and seconds >= _SLOW:
            self._rest = (started + seconds + _REST, note)
        # A call that was given up may still be billed.
        cost = self._price if outcome in {"", "timeout"} else 0.0
        self._record(CallUsage(cost_usd=cost, seconds=seconds), outcome)
        return Reranking(order, seconds, cost, note)

    def _told(self, error: GuideError) -> str:
        note = f"{self.spec} failed, so the passages keep the built-in order: {error}"
        _log.warning(note)
        return note

    def _record(self, usage: CallUsage, outcome: str) -> None:
        if self._ledger is None:
            return
        try:
            self._ledger.log_call(self.spec, "rerank", usage, usage.seconds, outcome)
        except Exception:
            _log.warning("A call of %s could not be recorded.", self.spec, exc_info=True)


def open_reranker(settings: Settings, ledger: Ledger | None = None) -> Reranker | None:
    """The reranker of GUIDE_RERANKER, None when it is not set. Open it once and keep it.

    Args:
        settings: the reranker, and limits, places and credentials.
        ledger: where paid calls are counted; the history database of `settings.data` by default.

    Raises:
        ModelError: the folder of a local model is missing, or holds no cross-encoder.
        HistoryError: paid calls can't be counted.
    """
    if settings.reranker is None:
        return None
    provider, _, name = settings.reranker.partition(":")
    if provider == "cross-encoder":
        from chat.model_rerank_local import CrossEncoderScorer

        return Reranker(CrossEncoderScorer(settings.reranker, name))
    from chat.model_rerank_bedrock import BedrockScorer

    if ledger is None:
        from chat.history import History

        ledger = History(settings.data)
    scorer = BedrockScorer(settings.reranker, name, settings)
    return Reranker(scorer, settings.daily_budget_usd, ledger)

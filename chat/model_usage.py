"""What model calls took: tokens, estimated cost and time; kept by call, never for the process."""

import threading
from dataclasses import dataclass
from typing import Protocol

from chat.answer import Usage
from chat.model_errors import ModelError


@dataclass(frozen=True)
class CallUsage(Usage):
    """What one call took. `input_tokens` counts the whole prompt, the cached part included."""

    seconds: float = 0.0
    first_text_seconds: float | None = None
    """Until the first text; None when none came."""


class Ledger(Protocol):
    """Where calls are counted and the day's spending is known; `chat.history.History` is one."""

    def spent_today(self) -> float:
        """Estimated US dollars spent in the current day."""
        ...

    def log_call(
        self, model: str, purpose: str, usage: Usage, seconds: float, error: str = ""
    ) -> None:
        """Count one call, also one that failed."""
        ...


class Meter:
    """Adds up the calls of one answer. Pass a new one for each answer; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[CallUsage] = []

    def add(self, usage: CallUsage) -> None:
        """Count a call."""
        with self._lock:
            self._calls.append(usage)

    @property
    def calls(self) -> tuple[CallUsage, ...]:
        """The calls in the order in which they ended."""
        with self._lock:
            return tuple(self._calls)

    @property
    def usage(self) -> CallUsage:
        """The sum of all calls; the cost is None when one of them has no price."""
        calls = self.calls
        costs = [call.cost_usd for call in calls]
        return CallUsage(
            input_tokens=sum(call.input_tokens for call in calls),
            output_tokens=sum(call.output_tokens for call in calls),
            cache_read_tokens=sum(call.cache_read_tokens for call in calls),
            cache_write_tokens=sum(call.cache_write_tokens for call in calls),
            cost_usd=_sum(costs) if calls else None,
            seconds=sum(call.seconds for call in calls),
            first_text_seconds=calls[-1].first_text_seconds if calls else None,
        )


def refuse_over_budget(spec: str, priced: bool, budget: float | None, ledger: Ledger) -> None:
    """Refuse a paid call when the day's budget is spent, or can't be kept.

    Raises:
        ModelError: of the kind `budget`.
    """
    if budget is None:
        return
    if not priced:
        raise ModelError(
            "budget",
            f"{spec} has no known price, so the daily budget can't be kept. "
            "Choose a model with a price, or unset GUIDE_DAILY_BUDGET_USD.",
        )
    if ledger.spent_today() >= budget:
        raise ModelError(
            "budget",
            f"Today's budget of ${budget:.2f} is used up (GUIDE_DAILY_BUDGET_USD). "
            "It starts anew at midnight UTC.",
        )


def _sum(costs: list[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None

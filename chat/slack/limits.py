"""How much a person and a workspace may ask in a minute, told kindly when it is too much."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_WINDOW = 60.0
_KEPT = 10_000
"""People remembered; above that, those without a recent question are forgotten."""
IN_PROGRESS = 3
"""Questions of one person that are worked on at a time, so that others get their turn."""


@dataclass(frozen=True)
class Refusal:
    """Why a question has to wait."""

    sentence: str
    told: bool
    """Whether the person was told in this minute already: then nothing more is said."""


class Limits:
    """Counts what people ask in this process. Safe to share between threads."""

    def __init__(
        self, person: int, workspace: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Limits in questions a minute."""
        self._person, self._workspace, self._clock = person, workspace, clock
        self._lock = threading.Lock()
        self._asked: dict[str, deque[float]] = {}
        self._busy: dict[str, int] = {}
        self._told: dict[str, float] = {}

    def admit(self, team: str, owner: str) -> Refusal | None:
        """Count a question; a refusal when it is one too many. Admitted ones end with `done`."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            mine = self._recent(owner, now)
            everybody = self._recent(team, now)
            if self._busy.get(owner, 0) >= IN_PROGRESS:
                reason = f"I am still working on your last {IN_PROGRESS} questions."
            elif len(mine) >= self._person:
                several = "s" * (self._person > 1)
                reason = f"You can ask {self._person} question{several} a minute. "
                reason += _again(mine, now)
            elif len(everybody) >= self._workspace:
                reason = f"Your workspace is asking a lot just now. {_again(everybody, now)}"
            else:
                mine.append(now)
                everybody.append(now)
                self._busy[owner] = self._busy.get(owner, 0) + 1
                return None
            told = now - self._told.get(owner, -_WINDOW) < _WINDOW
            if not told:
                self._told[owner] = now
            return Refusal(reason, told)

    def done(self, owner: str) -> None:
        """An admitted question is answered."""
        with self._lock:
            left = self._busy.get(owner, 0) - 1
            if left > 0:
                self._busy[owner] = left
            else:
                self._busy.pop(owner, None)

    def _recent(self, name: str, now: float) -> deque[float]:
        times = self._asked.setdefault(name, deque())
        while times and now - times[0] >= _WINDOW:
            times.popleft()
        return times

    def _forget(self, now: float) -> None:
        if len(self._asked) + len(self._told) > _KEPT:
            for name in list(self._asked):
                if not self._recent(name, now):
                    del self._asked[name]
            self._told = {o: at for o, at in self._told.items() if now - at < _WINDOW}


def _again(times: "deque[float]", now: float) -> str:
    wait = max(1, round(_WINDOW - (now - times[0])))
    return f"Please ask again in {wait} second{'s' * (wait > 1)}."

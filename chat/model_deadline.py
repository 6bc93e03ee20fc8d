"""A time limit over a whole call: connecting, waiting, retries and every piece of a stream.

The call runs in its own thread and hands its pieces over; the caller stops waiting when the
time is up, whatever the provider's client is blocked in. The thread notices at its next
piece, or before its next retry, and ends: nothing is sent for an answer that no one awaits.
"""

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

Piece = TypeVar("Piece")


class OutOfTime(Exception):
    """The time limit is over, or the caller has gone."""


class Deadline:
    """A point in time that can also be brought forward to now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._cancelled = threading.Event()

    @property
    def left(self) -> float:
        """Seconds left, 0 when it is over."""
        return 0.0 if self._cancelled.is_set() else max(0.0, self._end - time.monotonic())

    def cancel(self) -> None:
        """Make it over: the caller has gone."""
        self._cancelled.set()

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than the time that is left."""
        self._cancelled.wait(min(seconds, self.left))

    def check(self) -> None:
        """Raise `OutOfTime` when it is over."""
        if self.left <= 0:
            raise OutOfTime


_current: contextvars.ContextVar[Deadline | None] = contextvars.ContextVar("deadline", default=None)


def current() -> Deadline | None:
    """The limit of the call that runs in this context."""
    return _current.get()


def refuse_when_over(*_: Any, **__: Any) -> None:
    """A hook for HTTP clients, called before each request: no retry after the time is up."""
    deadline = current()
    if deadline is not None:
        deadline.check()


def within(
    seconds: float, produce: Callable[[Deadline], Iterator[Piece]]
) -> Generator[Piece, None, None]:
    """The pieces of `produce`, for at most `seconds` from now.

    Raises:
        OutOfTime: the time is up.
        Exception: whatever `produce` raised.
    """
    deadline = Deadline(seconds)
    handed: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def run() -> None:
        _current.set(deadline)
        pieces = produce(deadline)
        try:
            for piece in pieces:
                deadline.check()
                handed.put(("piece", piece))
            handed.put(("end", None))
        except BaseException as error:
            handed.put(("error", error))
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="model call", daemon=True).start()
    try:
        while True:
            try:
                kind, value = handed.get(timeout=max(deadline.left, 0.001))
            except queue.Empty:
                raise OutOfTime from None
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        deadline.cancel()

import threading
from collections.abc import Iterator

import pytest

from chat.model_deadline import Deadline, OutOfTime, current, refuse_when_over, within


def test_pieces_come_through_in_order() -> None:
    assert list(within(5, lambda deadline: iter(range(100)))) == list(range(100))


def test_a_failure_comes_through_after_the_pieces_before_it() -> None:
    def fail(_: Deadline) -> Iterator[int]:
        yield 1
        raise KeyError("gone")

    pieces = within(5, fail)
    assert next(pieces) == 1
    with pytest.raises(KeyError, match="gone"):
        next(pieces)


def test_a_producer_that_blocks_is_not_waited_for() -> None:
    release = threading.Event()

    def block(_: Deadline) -> Iterator[int]:
        release.wait(30)
        yield 1

    with pytest.raises(OutOfTime):
        list(within(0.05, block))
    release.set()


def test_a_producer_that_goes_on_for_ever_is_stopped() -> None:
    ended = threading.Event()

    def count(_: Deadline) -> Iterator[int]:
        try:
            number = 0
            while True:
                yield (number := number + 1)
        finally:
            ended.set()

    with pytest.raises(OutOfTime):
        for _ in within(0.1, count):
            pass
    assert ended.wait(10)


def test_a_listener_who_leaves_brings_the_end_forward() -> None:
    seen: list[Deadline] = []
    go_on = threading.Event()
    refused = threading.Event()

    def produce(deadline: Deadline) -> Iterator[int]:
        seen.append(deadline)
        yield 1
        go_on.wait(10)
        try:
            refuse_when_over()
        except OutOfTime:
            refused.set()

    pieces = within(100, produce)
    next(pieces)
    assert seen[0].left > 50
    pieces.close()
    go_on.set()
    assert seen[0].left == 0
    assert refused.wait(10)


def test_the_limit_is_known_inside_the_call_and_nowhere_else() -> None:
    inside = list(within(5, lambda deadline: iter([current() is deadline])))
    assert inside == [True]
    assert current() is None
    refuse_when_over()


def test_a_pause_ends_with_the_time() -> None:
    deadline = Deadline(0.02)
    deadline.pause(60)
    assert deadline.left == 0
    with pytest.raises(OutOfTime):
        deadline.check()

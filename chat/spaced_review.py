"""When a question should come again: the FSRS scheduler, fed by grades.

Answers to interview questions take minutes, so reviews are a day apart at the least: the
scheduler's learning steps of one and ten minutes would ask again what was just explained.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fsrs import Scheduler

Rating = Literal["again", "hard", "good", "easy"]
RETENTION = 0.9
"""The chance to still know the answer at which a question comes due."""


@dataclass(frozen=True)
class Review:
    """The state of one question's spaced review."""

    due: float
    """Seconds since 1970."""
    card: str
    """The scheduler's own state, as JSON."""


def rating_of(score: float, helped: bool = False) -> Rating:
    """What a score of 0 to 10 says about how well the answer was known.

    Args:
        score: the grade's score.
        helped: a follow-up question pointed to what was missing; that is never "easy".
    """
    if score < 4:
        return "again"
    if score < 6.5:
        return "hard"
    return "good" if score < 9 or helped else "easy"


def reviewed(card: str, rating: Rating, now: float) -> Review:
    """The state after an attempt at the time `now`; `card` is "" before the first."""
    from fsrs import Card
    from fsrs import Rating as Level

    moment = datetime.fromtimestamp(now, UTC)
    before = Card.from_json(card) if card else Card(card_id=0, due=moment)
    after, _ = _scheduler().review_card(before, Level[rating.capitalize()], moment)
    return Review(after.due.timestamp(), after.to_json())


def chance_to_know(card: str, now: float) -> float:
    """The chance (0..1) that what was last known is still known; 0 without a review."""
    if not card:
        return 0.0
    from fsrs import Card

    moment = datetime.fromtimestamp(now, UTC)
    return float(_scheduler().get_card_retrievability(Card.from_json(card), moment))


def _scheduler() -> "Scheduler":
    from fsrs import Scheduler

    # Without fuzz the same attempts give the same plan, which can be explained and tested.
    return Scheduler(
        desired_retention=RETENTION, learning_steps=(), relearning_steps=(), enable_fuzzing=False
    )

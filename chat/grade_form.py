"""The form that a model fills in when it judges an answer.

Fields are in the order in which a model should think: the words of the answer first, then
what they are worth. There is no field for a score; one that a model adds is dropped.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator


def _lowered(value: Any) -> Any:
    return value.strip().strip(".").lower() if isinstance(value, str) else value


def _text(value: Any) -> Any:
    return "" if value is None else str(value) if isinstance(value, int) else value


class _Row(BaseModel):
    id: Annotated[str, BeforeValidator(_text)]
    quote: Annotated[str, BeforeValidator(_text)]

    @property
    def number(self) -> int:
        """The number in the id (`P3` -> 3); 0 when it has none."""
        found = re.search(r"\d{1,3}", self.id)
        return int(found[0]) if found else 0


class PointJudgement(_Row):
    """The verdict on one key point."""

    verdict: Annotated[Literal["covered", "partial", "missing", "wrong"], BeforeValidator(_lowered)]


class MistakeJudgement(_Row):
    """A common mistake that the answer makes."""


class Judgements(BaseModel):
    """The verdicts on all key points of the rubric, and the mistakes that the answer makes."""

    points: list[PointJudgement]
    mistakes: list[MistakeJudgement]

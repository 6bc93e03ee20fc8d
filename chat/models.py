"""A model string -> a LangChain chat model; which models can be used now."""

from dataclasses import dataclass

from chat.answer import EXTRACTIVE
from chat.settings import Settings


@dataclass(frozen=True)
class Availability:
    """Whether a model string can be used now, and if not, why."""

    spec: str
    usable: bool
    reason: str = ""


def available(settings: Settings) -> list[Availability]:
    """The models to offer; the extractive answerer needs nothing and is always usable."""
    return [Availability(EXTRACTIVE, True)]

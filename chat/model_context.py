"""The long-context arm: the whole guide in the prompt, to compare with what retrieval finds.

The guide comes before the question, so that a provider's prompt cache serves it to every
further question on the same index.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chat.answer import EXTRACTIVE
from chat.generative import prompt, shown
from chat.models import context_window
from ingest.errors import GuideError
from ingest.index import Index
from ingest.passages import Passage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_CHARACTERS_PER_TOKEN = 3.3
"""Of a guide full of tables, numbers and ids; plain English has four."""
_SHORTEST_KEY = 6


class ContextError(GuideError):
    """The whole guide can't be shown to this model."""


def keyed(passages: Sequence[Passage]) -> dict[str, Passage]:
    """Opaque id -> passage, as short as they stay different; questions alone answer nothing."""
    telling = [passage for passage in passages if passage.kind != "question"]
    for length in range(_SHORTEST_KEY, 17, 2):
        found = {"k" + passage.id[:length]: passage for passage in telling}
        if len(found) == len(telling):
            break
    return found


def whole_guide(question: str, passages: Mapping[str, Passage]) -> "list[BaseMessage]":
    """The prompt: rules, all passages fenced as data, and last the question."""
    from langchain_core.messages import HumanMessage, SystemMessage

    guide = {"type": "text", "text": guide_text(passages)}
    asked = {"type": "text", "text": "Question: " + question.replace("<", "‹").replace(">", "›")}
    return [SystemMessage(prompt("answer")), HumanMessage([guide, asked])]


def guide_text(passages: Mapping[str, Passage]) -> str:
    """All passages as the prompt shows them; the same for every question."""
    return "\n".join(["Passages:", *(shown(key, passage) for key, passage in passages.items())])


def refuse_too_small(spec: str, index: Index, max_tokens: int) -> None:
    """Refuse a model that can't read the whole guide.

    Raises:
        ContextError: no model is set, or its window is too small.
        ModelError: the string names no model.
    """
    if spec == EXTRACTIVE:
        raise ContextError(
            "--context all needs a language model. Name one with --model, or leave it out."
        )
    window = context_window(spec)
    text = len(guide_text(keyed(index.passages))) + len(prompt("answer"))
    needed = int(text / _CHARACTERS_PER_TOKEN) + max_tokens
    if needed > window:
        raise ContextError(
            f"{spec} takes {window:,} tokens, and the whole guide has about {needed:,}. "
            "Leave --context all out, or choose a model with a larger window."
        )

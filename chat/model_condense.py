"""A model rewrites a follow-up so that it stands alone; code checks that it adds nothing.

The rewrite is searched for and answered in the question's place. One with a name, a number
or a subject of its own would answer something that nobody asked, so it is thrown away.
"""

import logging
import re
import secrets
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from chat.answer import Turn
from chat.generative import prompt
from chat.model_chat import ChatModel
from chat.model_errors import ModelError
from chat.model_usage import Meter
from chat.query import names_in
from ingest.quantities import quantities_of
from ingest.terms import STOPWORDS, terms_of

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

SECONDS = 12.0
"""The person still waits for the answer itself; the rules rewrite in no time."""
_TURNS = 6
_LONGEST_TURN = 700
_LONGEST = 400
_log = logging.getLogger(__name__)
_LABEL = re.compile(
    r"^\W*(?:(?:the )?(?:stand-?alone|rewritten|rephrased)? ?question(?: is)?) *[:>]\s*", re.I
)
_OPENERS = frozenset(
    "compare define describe design discuss explain list name outline recommend summarize".split()
)


def condensed(
    question: str, history: Sequence[Turn], model: ChatModel, meter: Meter | None = None
) -> str | None:
    """The question as one that stands alone; None when the model gives no usable rewrite."""
    reply = model.stream(messages(question, history), "condense", meter, SECONDS)
    try:
        with closing(reply):
            for _ in reply:
                if len(reply.text) > 2 * _LONGEST:
                    return None
    except ModelError as error:
        _log.info("The question was not rewritten by %s: %s", model.spec, error)
        return None
    if reply.stop == "guardrail":
        return None
    rewrite = _LABEL.sub("", reply.text.strip()).strip(" \"'“”`")
    return rewrite if adds_nothing(rewrite, question, history) else None


def messages(question: str, history: Sequence[Turn]) -> "list[BaseMessage]":
    """The prompt: rules, then the last turns and the question, fenced as data."""
    from langchain_core.messages import HumanMessage, SystemMessage

    token = secrets.token_hex(4)  # what is inside can't know it, and so can't close the fence
    parts = [f"==== conversation {token} ===="]
    for turn in history[-_TURNS:]:
        parts.append(f"{turn.role}: {' '.join(turn.content[:_LONGEST_TURN].split())}")
    parts += [f"==== question {token} ====", " ".join(question.split()), f"==== end {token} ===="]
    return [SystemMessage(prompt("condense")), HumanMessage("\n".join(parts))]


def adds_nothing(rewrite: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a rewrite is one line about what the conversation holds, with nothing new."""
    if not rewrite or "\n" in rewrite or len(rewrite) > max(_LONGEST, len(question) + 200):
        return False
    said = " ".join([question, *(turn.content for turn in history)])
    known, terms = set(terms_of(said)), terms_of(rewrite)
    if not terms or sum(term in known for term in terms) < len(terms) / 2:
        return False
    numbers = quantities_of(said)
    if not all(any(n.same(other) for other in numbers) for n in quantities_of(rewrite)):
        return False
    return all(set(terms_of(name)) <= known for name in _names(rewrite))


def _names(text: str) -> list[str]:
    """Names, and whatever is written like one: capitals inside, digits, a capital at the start."""
    words = re.findall(r"[\w./+-]*\w", text)
    marked = [word for word in words if re.search(r"\d|\w[A-Z]", word)]
    first = words[0].lower() if words and words[0][:1].isupper() else ""
    opens = [words[0]] if first and first not in STOPWORDS | _OPENERS else []
    return [*names_in(text), *marked, *opens]

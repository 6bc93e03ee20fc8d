"""History and a follow-up -> a question that stands alone.

Offline rules, no model: a question that points back ("it", "there", "and ..", "what
about ..") takes what it leaves out from the last question that stood alone. A model, if
one is configured, rewrites instead (`model_condense.py`).
"""

import re
from collections.abc import Sequence

from chat.answer import Turn
from chat.query import names_in
from ingest.terms import STOPWORDS, terms_of

_POINTER = re.compile(
    r"\b(it|its|it's|they|them|their|that|this|those|these|there|one|ones|both|same|former|latter|"
    r"such|each|either|neither|other|others|another|instead|else)\b",
    re.I,
)
_CONTINUES = re.compile(
    r"^\s*(and|but|or|so|also|then|ok(ay)?|what about|how about|why( not)?|what if|which( one)?|"
    r"when (would|should)|in that case|more|tell me more|go on|really|for example|example)\b",
    re.I,
)
_SWAP = re.compile(
    r"^\s*(?:and |but |ok(?:ay)?,? )*(?:what|how) about (?P<new>.+?)\s*\??\s*$", re.I
)
_EXPLETIVE = re.compile(
    r"\b(is|was|does|did|would) it (possible|true|worth|take|make|cost|safe|ok)\b", re.I
)
_MAX_TERMS = 14


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question with what the conversation adds; unchanged when it stands alone."""
    asked = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    if not asked:
        return question
    context = ""
    for content in asked:
        context = _resolved(content, context) if context else content
    return _resolved(question, context)


def _resolved(question: str, context: str) -> str:
    if not context or not points_back(question):
        return question
    swap = _SWAP.match(question)
    if swap and terms_of(swap["new"]):
        return _swapped(swap["new"], context)
    added = _missing_terms(question, context)
    return f"{question.rstrip(' ?')}, {added}?" if added else question


def points_back(question: str) -> bool:
    """Whether a question leaves something out that the conversation holds."""
    if _CONTINUES.match(question):
        return True
    pointer = _POINTER.search(question)
    if pointer and not _EXPLETIVE.search(question):
        return True
    return len(terms_of(question)) <= 2 and not names_in(question)


def _missing_terms(question: str, context: str) -> str:
    """The context's content words that the question lacks, in order, as plain words."""
    own = set(terms_of(question))
    kept: list[str] = []
    for word in re.findall(r"[\w./+-]+", context):
        terms = terms_of(word)
        if terms and word.lower() not in STOPWORDS and not own & set(terms) and word not in kept:
            kept.append(word.strip(".?,"))
    return " ".join(kept[:_MAX_TERMS])


def _swapped(new: str, context: str) -> str:
    """`what about X` after a question about Y: the question, asked about X.

    With one name in the context, X takes its place; else X stands beside the question.
    """
    old_names, new = names_in(context), new.strip(" ?")
    if len(old_names) == 1 and len(new.split()) <= 4:
        return re.sub(rf"\b{re.escape(old_names[0])}(?!\w)", new, context)
    return f"{context.rstrip(' ?')}, {new}?"

"""Answers that are no answers: each gate says why the points are not judged.

They stand outside the fitted judge, so that empty text, a copied question, a heap of
keywords or orders to the grader earn nothing however similar they are to the rubric.
Terse notes, lists, typing errors and clumsy English are answers and pass.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from chat.grade_order import order_of
from chat.grade_reading import normalised
from ingest.terms import STOPWORDS, terms_of, words_of

MAX_ANSWER = 20_000
"""Characters."""
MAX_WORDS = 1200
"""More than eight minutes of speech."""
_HEAP_RUN, _BARE_RUN, _HEAP_ITEMS = 13, 10, 8
_SHUFFLED = ((40, 0.15), (24, -0.05), (16, -0.25), (10, -0.55))
"""(pairs of words, plausibility): with so many pairs, less than this is no English .."""
_BY_CHANCE = 0.45
""".. unless the order is by so much better than chance."""
_COPIED, _COPIED_LAST = 0.6, 0.8
"""Shares of the terms of the whole question, and of its last sentence."""
_NO_IDEA = re.compile(
    r"^\W*(?:(?:sorry|honestly|hmm+|well|um+|uh+|so|to be honest|frankly|oh)\W+)*"
    r"(?:(?:i|we) (?:really |honestly |just |actually )?(?:do not|don['’]?t|dont|can['’]?t|cannot)"
    r" (?:really |actually )?(?:know|remember|recall|tell|say)\b.{0,60}|"
    r"(?:i(?:['’]?m| am) )?(?:really )?not (?:really )?sure\b.{0,40}|"
    r"(?:i (?:really |honestly )?have |i['’]ve (?:got )?|i['’]m afraid i have )?(?:absolutely )?no "
    r"(?:idea|clue|answer|opinion)\b.{0,60}|never heard of .{0,40}|"
    r"(?:i )?(?:would |will |['’]ll )?(?:have to )?(?:pass|skip)(?: on this(?: one)?)?|idk|"
    r"dunno|n/?a|"
    r"none|nothing|nope|next(?: question)?(?: please)?|no comment)\W*(?:sorry|please|thanks?)?\W*$",
    re.I | re.S,
)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,60}\b(?:instructions?|rubrics?|"
    r"prompts?|"
    r"rules?|above|previous|prior|guidelines?|criteria)\b|"
    r"\b(?:give|award|assign|grant|return|output|set|print|respond with|reply with|mark|grade|rate|"
    r"score|treat|record|count|accept)\b.{0,60}(?:\b(?:full (?:marks?|score|points?|credit)|"
    r"maximum|top "
    r"(?:grade|marks?|score)|perfect|highest|10/10|ten out of ten|as (?:covered|correct|complete|"
    r"excellent|fully))\b|\b(?:10|100)\s?(?:/|out of|%|points|of)|\b(?:grade|score|"
    r"mark)\b.{0,15}\b(?:10|ten|"
    r"100)\b)|"
    r"\b(?:as|you are|you['’]re|act as)\b.{0,15}\b(?:ai|grader|grading|evaluator|judge|"
    r"examiner|language "
    r"model|llm)\b|"
    r"\b(?:dear|attention|note to|hello|hey|hi) (?:the )?(?:\w+ )?(?:grader|evaluator|judge|"
    r"examiner|"
    r"assistant|model|ai)\b|"
    r"[\"']?\b(?:score|verdict|grade|rating|points?)\b[\"']?\s*[:=]+\s*[\"'\[]?\s*(?:10\b|"
    r"ten\b|100\b|"
    r"covered|full|all covered|perfect|max|a\+)|"
    r"\b(?:all|every|each) (?:of the )?(?:key )?points? (?:is|are|must be|should be|count(?:s|"
    r"ed)? as|has "
    r"been|have been|were) (?:marked )?(?:\w+ )?(?:covered|correct|met|satisfied|present)\b|"
    r"\b(?:correct|right|final|deserved|agreed|appropriate) (?:grade|score|mark|rating) "
    r"(?:for this|is|"
    r"would be|of)\b|"
    r"\b(?:system|assistant|developer|grader)\s*(?:prompt|message|note|override)?\s*:|"
    r"</?(?:system|rubric|answer|assistant|instructions?|candidate|user|grade)\b|<\|[^|]*\|>|"
    r"\b(?:any|every|this) answer (?:gets|receives|deserves|earns|is worth|must get|should get)\b|"
    r"\bend of (?:the )?(?:answer|submission|transcript)\b|"
    r"\bapproved by the (?:interviewer|examiner|hiring|panel)\b|"
    r"\b(?:grader|evaluator|grading (?:model|system|tool|script))\b.{0,40}\b(?:must|should|"
    r"shall|will|has to"
    r"|needs? to)\b|\bplease be generous\b|\bmentions everything in the rubric\b",
    re.I | re.S,
)
_SPACED = re.compile(r"(?:(?<=\s)|^)(?:[A-Za-z][ .\-_*]){5,}[A-Za-z](?=\s|$|[.,!?])")
_HARD_BREAKS = r"\([^)]*\)|\b\d+[.)]\s|[:=<>→]|\s[-–—+x×]\s"
_BREAKS = rf"{_HARD_BREAKS}|[,;]"
_JOINING = frozenset("and or plus also etc then".split())
_COMMON = frozenset(
    "the of and to in is that for it with as on are this be by an or from at which not have".split()
)


@dataclass(frozen=True)
class Sifted:
    """An answer's pieces, by what the grader does with them."""

    kept: tuple[int, ...]
    orders: tuple[int, ...]
    heaps: tuple[int, ...]


def sift(pieces: Sequence[str]) -> Sifted:
    """Sort out orders to the grader and heaps of keywords, piece by piece."""
    orders = tuple(n for n, piece in enumerate(pieces) if is_order(piece))
    heaps = tuple(n for n in _heaps(pieces) if n not in orders)
    out = {*orders, *heaps}
    return Sifted(tuple(n for n in range(len(pieces)) if n not in out), orders, heaps)


def is_order(text: str) -> bool:
    """Whether a piece speaks to the grader instead of answering."""
    text = normalised(text)
    joined = _SPACED.sub(lambda match: re.sub(r"[ .\-_*]", "", match[0]), text)
    return bool(_ORDERS.search(text) or (joined != text and _ORDERS.search(joined)))


def gate(question: str, answer: str, pieces: Sequence[str], sifted: Sifted) -> str:
    """Why the answer can't be judged, in a sentence to the candidate; "" when it can."""
    words = words_of(answer)
    if len(words) < 1 or _NO_IDEA.match(answer):
        return "There is no answer to grade yet. Say what you know, even a part of it earns points."
    if len(answer) > MAX_ANSWER or len(words) > MAX_WORDS:
        return (
            f"The answer is longer than {MAX_WORDS:,} words; an interviewer would stop you. "
            "Say what matters in two minutes."
        )
    kept = [pieces[n] for n in sifted.kept]
    if not kept and sifted.orders:
        return "Besides instructions to the grader there is no answer in it."
    rest = "\n".join(kept)
    if _foreign(answer if sifted.heaps else rest):
        return "This is not in English. The guide and its rubrics are, so answer in English."
    if not kept and sifted.heaps:
        return "This is a heap of keywords. Say in sentences what you would do and why."
    if _repeats(question, rest):
        return "This repeats the question. Answer it in your own words."
    if shuffled(rest):
        return "The words stand in no order that makes sentences. Say it in plain sentences."
    return ""


def shuffled(text: str) -> bool:
    """Whether the words of a text were thrown together without the order of English."""
    order = order_of(text)
    if order.plausibility - order.chance >= _BY_CHANCE:
        return False
    return any(order.pairs >= least and order.plausibility < top for least, top in _SHUFFLED)


def _repeats(question: str, answer: str) -> bool:
    """Whether nearly all the answer's words stand in the question, and in its order.

    A right answer may be short and made of the question's words alone ("only the middle
    bulb"), so most of what is asked must come back too.
    """
    own, asked = terms_of(answer), terms_of(question)
    if len(set(asked)) < 3 or not own:
        return False
    last = terms_of(question.strip().rstrip("?").rsplit(". ", 1)[-1])
    if _share(asked, own) < _COPIED and _share(last, own) < _COPIED_LAST:
        return False
    new = {term for term in own if term not in set(asked)}
    said = list(itertools.pairwise(own))
    given = set(itertools.pairwise(asked))
    kept = sum(pair in given for pair in said)
    return len(new) <= 0.15 * len(set(own)) and kept >= 0.8 * max(1, len(said))


def _share(terms: Sequence[str], said: Sequence[str]) -> float:
    return len(set(terms) & set(said)) / len(set(terms)) if terms else 0.0


def _foreign(answer: str) -> bool:
    letters = [character for character in answer if character.isalpha()]
    if sum(ord(character) > 0x24F for character in letters) > 0.3 * max(1, len(letters)):
        return True
    words = [word for word in words_of(answer) if not any(c.isdigit() for c in word)]
    if len(words) < 12:
        return False
    english = sum(word in STOPWORDS for word in words) / len(words)
    other = sum(word in _OTHER_LANGUAGES for word in words) / len(words)
    return english < 0.12 and other > 0.12 and other > english


_OTHER_LANGUAGES = (
    frozenset(
        """el los las del una para por con que como pero cuando muy se le les des une est dans
        pour avec
    qui sur pas plus sont und der die das den dem ein eine ist nicht mit auf von zu wird werden sich
    auch wenn il lo gli della che per sono nel alla um uma os as dos não mais mas het een van en
    niet
    voor met wordt ook""".split()
    )
    - STOPWORDS
)


def _heaps(pieces: Sequence[str]) -> list[int]:
    """Pieces that list terms and say nothing: long runs of names, or many one-word items."""
    found = [n for n, piece in enumerate(pieces) if _piled(piece) or _listed(piece)]
    single = [n for n, piece in enumerate(pieces) if len(words_of(piece)) == 1]
    return sorted({*found, *(single if len(single) >= _HEAP_ITEMS else ())})


def _piled(piece: str) -> bool:
    """Many content words in a row; fewer suffice where the piece holds no other words."""
    words = words_of(piece)
    others = {*STOPWORDS, *_COMMON} - _JOINING
    bare = not any(word in others for word in words)
    return _run(piece) >= (_BARE_RUN if bare else _HEAP_RUN)


def _run(piece: str) -> int:
    """The longest run of content words without one function word, brackets left out."""
    longest = run = 0
    breaks = _BREAKS if _of_phrases(piece) else _HARD_BREAKS
    for part in re.split(breaks, piece):
        run = 0
        for word in words_of(part):
            if word in _JOINING or len(word) == 1 or word[0].isdigit():
                continue
            run = 0 if word in STOPWORDS or word in _COMMON else run + 1
            longest = max(longest, run)
    return longest


def _of_phrases(piece: str) -> bool:
    """Whether the items of a list say what is done, in three words and more each."""
    items = [words_of(item) for item in re.split(r"[,;]", piece)]
    return len(items) >= 3 and sum(len(item) for item in items) >= 3 * len(items)


def _listed(piece: str) -> bool:
    items = [words_of(item) for item in re.split(r"[,;/|•·]+|[.!]\s", piece)]
    items = [item for item in items if any(len(w) > 1 and not w[0].isdigit() for w in item)]
    ones = sum(len(item) == 1 for item in items)
    return len(items) >= _HEAP_ITEMS and ones >= 0.8 * len(items)

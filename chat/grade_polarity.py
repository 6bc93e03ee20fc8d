"""Does a sentence of an answer say the opposite of what the guide says?

Only sentences that repeat a true one nearly word for word are looked at: there a turned
negation, an opposite, another number or swapped names are strong evidence. In freer
words they are not (people negate for many reasons), so nothing is said there.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from chat.grade_reading import Word, words_in
from ingest.quantities import Quantity, quantities_of
from ingest.terms import terms_of

_NEGATION = re.compile(
    r"\b(?:not|no|never|cannot|cant|dont|doesnt|isnt|arent|wont|shouldnt|without|neither|nor|none|"
    r"unable|impossible|nothing|nobody)\b|\b\w+n['’]t\b",
    re.I,
)
_DENIED_HERE = re.compile(
    r"^\W*(?:it is|it's|that is|that's)? ?(?:not (?:true|so|correct|right)|untrue|false|wrong|"
    r"a (?:\w+ )?(?:myth|misconception|mistake|fallacy|lie|legend)|incorrect) (?:that|to "
    r"(?:say|think|"
    r"believe|claim))\b|"
    r"\b(?:people|some|many|others|everyone|they|colleagues)\b.{0,30}\b(?:say|claim|think|believe)"
    r".{0,30}\b(?:wrong|false|untrue|not (?:so|true|right|correct)|mistaken|a myth|nonsense)\b|"
    r"\b(?:i|we) (?:do not|don't|would not|wouldn't|cannot|can't) (?:believe|think|agree|"
    r"accept|say)"
    r" (?:that|with)\b|\bcontrary to what\b|\bthe opposite of the following\b|"
    r"\b(?:is|are) (?:simply |just |plainly )?(?:false|untrue|a myth|nonsense)\W*$",
    re.I,
)
_DENIED_BEFORE = re.compile(
    r"\b(?:on second thought|i take (?:that|it|this) back|scratch that|the opposite (?:is "
    r"true|holds|is"
    r" the case|is right)|(?:that|this|it) (?:is|was) (?:wrong|false|not (?:so|true|right|"
    r"correct))|"
    r"it is not so|one must not do it|quite the opposite|just the opposite|the reverse is true|"
    r"actually,? (?:that|this) is (?:not|wrong))\b",
    re.I,
)
OPPOSITES = tuple(
    tuple(pair.split("/"))
    for pair in """stateful/stateless synchronous/asynchronous synchronously/asynchronously
    public/private increase/decrease increases/decreases increased/decreased raise/lower
    raises/lowers higher/lower highest/lowest high/low more/less more/fewer most/least most/fewest
    before/after enable/disable enabled/disabled enables/disables allow/deny allows/denies
    allowed/denied allow/block minimum/maximum min/max faster/slower fast/slow fastest/slowest
    cheaper/dearer cheap/expensive cheaper/pricier cheapest/dearest inbound/outbound
    ingress/egress strong/eventual strongly/eventually always/never mutable/immutable
    vertical/horizontal vertically/horizontally ordered/unordered push/pull pushes/pulls
    read/write reads/writes reader/writer above/below over/under larger/smaller large/small
    longer/shorter long/short long/brief hot/cold steady/spiky predictable/spiky rarely/often
    rare/frequent rare/common static/dynamic encrypted/unencrypted inside/outside start/stop
    add/remove adds/removes up/down early/late earlier/later near/far open/closed open/close
    single/multiple internal/external local/remote regional/global
    global/regional zonal/regional primary/replica primary/secondary active/passive
    active/standby liveness/readiness reserved/provisioned on-demand/provisioned spot/on-demand
    hard/soft manual/automatic manually/automatically required/optional mandatory/optional
    mutable/fixed permanent/temporary success/failure succeed/fail succeeds/fails
    client/server producer/consumer producers/consumers sender/receiver source/target
    forward/backward begin/end upper/lower left/right accept/reject accepts/rejects
    safe/unsafe managed/self-managed shared/dedicated cached/uncached cacheable/uncacheable
    thick/thin wide/narrow even/odd sync/async linear/exponential constant/variable
    attach/detach hit/miss
    warm/cold full/empty light/heavy little/much better/worse best/worst gain/lose
    positive/negative old/new young/old older/newer""".split()
)
_OPPOSITE = frozenset(tuple(pair) for pair in OPPOSITES) | frozenset(
    (pair[1], pair[0]) for pair in OPPOSITES
)
_NEAR_TRUTH, _NEAR_SPOKEN = 0.72, 0.55
"""Share of the true sentence's words, and of the piece's, that both have."""
_NEAR_DENIED, _NEAR_NAMED = (0.85, 0.8), (0.8, 0.7)
"""The same for a turned negation and for other names, which are weaker evidence."""


_UNCLEAR = "unclear"


@dataclass(frozen=True)
class Flip:
    """A sentence of the answer that turns a true one round."""

    reason: str
    truth: str
    strength: float


@dataclass(frozen=True)
class Sentence:
    """A text with what the comparison needs."""

    text: str

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Content words."""
        return tuple(word for word in words_in(self.text) if word.weight)

    @cached_property
    def stems(self) -> dict[str, float]:
        """Stem -> weight."""
        return {word.stem: word.weight for word in self.words}

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each word occurs, lower case."""
        return Counter(word.text for word in words_in(self.text))

    @cached_property
    def numbers(self) -> list[Quantity]:
        """The quantities, articles left out."""
        return [q for q in quantities_of(self.text) if q.dimension or q.number != 1]

    @cached_property
    def negated(self) -> bool:
        """Whether it is negated an odd number of times."""
        return bool(negations(self.text))


def negations(text: str) -> int:
    """1 when a text is negated an odd number of times."""
    return len(_NEGATION.findall(text)) % 2


def denied(pieces: Sequence[str]) -> dict[int, str]:
    """Numbers of the pieces that the answer itself declares false, and why."""
    found: dict[int, str] = {}
    for number, text in enumerate(pieces):
        if _DENIED_HERE.search(text):
            found[number] = "said to be untrue"
        elif number and _DENIED_BEFORE.search(text) and len(text.split()) < 60:
            found[number] = "taken back"
            found[number - 1] = "taken back"
        elif _DENIED_BEFORE.search(text):
            found[number] = "taken back"
    return found


def flip(piece: Sentence, truths: Iterable[Sentence]) -> Flip | None:
    """The true sentence that `piece` turns round, if there is one; none when one agrees."""
    best: Flip | None = None
    for truth in truths:
        near = _near(piece, truth)
        if near is None:
            continue
        reason = _difference(piece, truth, near)
        if reason == _UNCLEAR:
            continue
        if not reason:
            return None  # the same thing is said rightly
        if best is None or sum(near) > best.strength:
            best = Flip(reason, truth.text, sum(near))
    return best


def _near(piece: Sentence, truth: Sentence) -> tuple[float, float] | None:
    """Shares of the truth's and the piece's words in common; None when not enough."""
    mine, true = piece.stems, truth.stems
    common = mine.keys() & true.keys()
    if len(common) < 3 or not mine or not true:
        return None
    replaced = _replaced(piece, truth)
    held = sum(true[s] for s in common)
    of_truth = held / (held + sum(w for s, w in true.items() if s not in common | replaced))
    of_piece = held / (held + sum(w for s, w in mine.items() if s not in common | replaced))
    if of_truth < _NEAR_TRUTH or of_piece < _NEAR_SPOKEN:
        return None
    return of_truth, of_piece


def _replaced(piece: Sentence, truth: Sentence) -> frozenset[str]:
    """Stems that only one side has and that are an opposite or a number: no other words."""
    found: set[str] = set()
    for one, other in _opposed(piece, truth):
        found |= {*terms_of(one), *terms_of(other)}
    for side in (piece, truth):
        found |= {word.stem for word in side.words if word.text[:1].isdigit()}
    return frozenset(found)


def _opposed(piece: Sentence, truth: Sentence) -> list[tuple[str, str]]:
    # Counted, so that "stateless .. stateless" for "stateful .. stateless" is seen.
    only, lost = piece.counts - truth.counts, truth.counts - piece.counts
    return [
        (a, b)
        for a in only
        for b in lost
        if (a, b) in _OPPOSITE or a in _prefixed(b) or b in _prefixed(a)
    ]


@lru_cache(maxsize=1 << 14)
def _prefixed(word: str) -> frozenset[str]:
    return frozenset(f"{p}{word}" for p in ("un", "in", "im", "non", "non-", "dis", "ir", "a"))


def _difference(piece: Sentence, truth: Sentence, near: tuple[float, float]) -> str:
    opposed = _opposed(piece, truth)
    if piece.negated != truth.negated and not opposed:
        return "the guide says the opposite" if _at_least(near, _NEAR_DENIED) else _UNCLEAR
    if opposed and piece.negated == truth.negated:
        return f'the guide says "{opposed[0][1]}", not "{opposed[0][0]}"'
    number = _other_number(piece, truth)
    if number:
        return number
    if not (_swapped(piece, truth) or _exchanged(piece, truth)):
        return ""
    return "the names are swapped" if _at_least(near, _NEAR_NAMED) else _UNCLEAR


def _exchanged(piece: Sentence, truth: Sentence) -> bool:
    """Two opposites that are both said, each of what the other is true of."""
    for one, other in OPPOSITES:
        if not all(word in text.counts for word in (one, other) for text in (piece, truth)):
            continue
        mine, yours = _before(piece, one), _before(piece, other)
        true_one, true_other = _before(truth, one), _before(truth, other)
        if len(mine & true_other) > len(mine & true_one) and (
            len(yours & true_one) > len(yours & true_other)
        ):
            return True
    return False


def _before(sentence: Sentence, word: str) -> set[str]:
    """Stems of the three content words before the first `word`."""
    place = next((n for n, w in enumerate(sentence.words) if w.text == word), 0)
    return {w.stem for w in sentence.words[max(0, place - 3) : place]} - {word}


def _at_least(near: tuple[float, float], limits: tuple[float, float]) -> bool:
    return near[0] >= limits[0] and near[1] >= limits[1]


def _other_number(piece: Sentence, truth: Sentence) -> str:
    """A number of the truth that is told otherwise, for the same kind of thing."""
    lost = [q for q in truth.numbers if not any(q.same(s) for s in piece.numbers)]
    said = [q for q in piece.numbers if not any(q.same(t) for t in truth.numbers)]
    for wanted in lost:
        for told in said:
            if wanted.dimension == told.dimension or "" in (wanted.dimension, told.dimension):
                return f"the number is another: the guide has {wanted.number:g}"
    changed_unit = [q for q in lost if any(_unit_only(q, s) for s in piece.numbers)]
    return "the unit is another" if changed_unit else ""


def _unit_only(one: Quantity, other: Quantity) -> bool:
    return abs(one.number - other.number) < 1e-9 and one.dimension != other.dimension


def _swapped(piece: Sentence, truth: Sentence) -> bool:
    """Two words that stand in the other order, or one name in the place of another."""
    mine = [word.stem for word in piece.words]
    true = [word.stem for word in truth.words]
    names_said = _names(piece.text) - _names(truth.text)
    names_lost = _names(truth.text) - _names(piece.text)
    if len(names_said) == 1 == len(names_lost):
        return not (set(terms_of(truth.text)) >= set(terms_of(next(iter(names_said)))))
    if sorted(set(mine)) != sorted(set(true)) or len(set(mine)) < 4:
        return False
    for number, one in enumerate(dict.fromkeys(true)):
        for other in list(dict.fromkeys(true))[number + 1 :]:
            turned = [{one: other, other: one}.get(stem, stem) for stem in mine]
            if turned == true:
                return True
    return False


def _names(text: str) -> set[str]:
    return {
        match.group()
        for match in re.finditer(
            r"\b[A-Z][A-Za-z0-9]*[A-Z0-9]\w*\b|(?<=[a-z,] )[A-Z][a-z]{2,}\b", text
        )
    }

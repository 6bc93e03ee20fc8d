"""Edits of an answer for the attacks: some change what it says, some only how it says it.

Each takes a text and returns another, with no random state: what looks random is ranked
by a hash of a seed, so that every run makes the same attacks.
"""

import hashlib
import re
from collections.abc import Sequence

from ingest.terms import STOPWORDS, words_of

Pairs = Sequence[tuple[str, str]]

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|must|should|will|would|may|might|does|do|did|needs? to)\b"
    r"(?! not\b)(?!n't)",
    re.I,
)
_REFUSALS = (
    (re.compile(r"\bcannot\b|\bcan't\b", re.I), "can"),
    (re.compile(r"\b(is|are|was|were|does|do|did|should|would|could|wo|ca)n't\b", re.I), r"\1"),
    (re.compile(r"\bnot\b\s*", re.I), ""),
    (re.compile(r"\bnever\b", re.I), "always"),
    (re.compile(r"\bwithout\b", re.I), "with"),
)
_IMPERATIVES = frozenset(
    """add allow alarm alert answer apply ask assume attach authenticate automate avoid batch block
    bound build buy cache calculate cap change check choose classify collect combine compare
    compress compute configure confirm connect consider copy count create cut decide define delete
    deploy design disable drain emit enable encrypt enforce estimate evaluate expire explain export
    filter find fix freeze give grant group handle have hold identify increase index invalidate
    isolate keep kill limit list load lock log look lower make map mark measure mind minimise
    minimize monitor move name note offload open partition patch pay pick pin place plan point
    prefer prevent propagate protect provision publish pull push put queue raise rate read record
    reduce release remove repair replace replicate report request require reserve restore restrict
    retry return review rotate route run scale scan search select send separate serve set shard
    share shift show size skip split spread start state stop store stream subscribe switch tag
    take tell test throttle trace track treat turn update use validate verify version warm watch
    write""".split()
)
_NUMBER = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\w]*\d)")
_NUMBER_WORDS = {
    "two": "nine", "three": "twelve", "four": "eleven", "five": "two", "six": "two",
    "seven": "three", "eight": "three", "nine": "four", "ten": "three",
}  # fmt: skip
_FILLERS = frozenset(
    """also actually basically really just quite very simply therefore then so the a an that
    which would i we my our of course usually normally""".split()
)


def rank(*parts: object) -> int:
    """A number that is the same in every run and on every machine."""
    return int(hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:12], 16)


def shuffled(items: Sequence[str], seed: str) -> list[str]:
    """The items in an order decided by the seed alone."""
    order = sorted(range(len(items)), key=lambda i: rank(seed, i, items[i]))
    return [items[i] for i in order]


def split_sentences(text: str) -> list[str]:
    """Rough sentences: at full stops, semicolons and line ends."""
    return [piece.strip() for piece in _SENTENCE.split(text) if piece and piece.strip()]


def keywords(text: str) -> list[str]:
    """The words of `text` that carry its meaning, each once, in order, lower case."""
    return list(dict.fromkeys(word for word in words_of(text) if word not in STOPWORDS))


def lowered(sentence: str) -> str:
    """The sentence for the middle of another: first letter small (names keep theirs), no stop."""
    first = sentence.split(" ", 1)[0]
    keep = re.match(r"I\b", first) or (len(first) > 1 and not first[1:].rstrip(",").islower())
    text = sentence if keep else sentence[:1].lower() + sentence[1:]
    return text.rstrip(". ;")


def negated(sentence: str) -> str | None:
    """The sentence with its main claim denied (or its denial lifted); None when unsure."""
    for pattern, instead in _REFUSALS:
        changed, count = pattern.subn(instead, sentence, count=1)
        if count:
            return changed
    first = re.match(r"[A-Za-z]+", sentence)
    if first and first.group().lower() in _IMPERATIVES:
        return f"Do not {sentence[:1].lower()}{sentence[1:]}"
    found = _AUXILIARY.search(sentence)
    if found:
        word = found.group()
        denied = f"{word} not" if " " not in word else "must not"
        return sentence[: found.start()] + denied + sentence[found.end() :]
    return None


def swapped(
    text: str, pairs: Pairs, after: re.Pattern[str] | None = None
) -> tuple[str, list[tuple[int, int]]]:
    """Each term of a pair replaced by the other, and the spans of `text` that changed.

    With `after`, only where the text before the term ends in a match of it.
    """
    other: dict[str, str] = {}
    for one, two in pairs:
        other.setdefault(one.lower(), two)
        other.setdefault(two.lower(), one)
    if not other:
        return text, []
    longest = sorted(other, key=len, reverse=True)
    names = "|".join(map(re.escape, longest))
    pattern = re.compile(rf"(?<![\w-])({names})(?![\w-])", re.I)
    spans: list[tuple[int, int]] = []

    def replace(match: re.Match[str]) -> str:
        if after is not None and not after.search(text[: match.start()]):
            return match.group()
        spans.append(match.span())
        word, instead = match.group(), other[match.group().lower()]
        return instead[:1].upper() + instead[1:] if word[:1].isupper() else instead

    changed = pattern.sub(replace, text)
    return changed, spans


def rescaled(text: str, factor: float) -> tuple[str, list[tuple[int, int]]]:
    """Every number multiplied, and the spans that changed; years and 0 stay as they are."""
    spans: list[tuple[int, int]] = []

    def replace(match: re.Match[str]) -> str:
        value = float(match[1].replace(",", ""))
        year = 1990 <= value <= 2035 and "," not in match[1]
        named = text[max(0, match.start() - 1) : match.start()] in {"-", "/", "'"}
        if value == 0 or year or named:
            return match.group()
        spans.append(match.span())
        new = value * factor
        whole = float(match[1].replace(",", "")).is_integer() and new >= 3
        new = round(new) if whole else float(f"{new:.3g}")
        return f"{new:,}" if "," in match[1] or new >= 10_000 else f"{new}"

    def word(match: re.Match[str]) -> str:
        spans.append(match.span())
        return _NUMBER_WORDS[match.group().lower()]

    changed = _NUMBER.sub(replace, text)
    if factor != 1:
        names = re.compile(rf"\b({'|'.join(_NUMBER_WORDS)})\b(?=\s+[a-z])", re.I)
        for match in names.finditer(text):
            spans.append(match.span())
        changed = names.sub(lambda m: _NUMBER_WORDS[m.group().lower()], changed)
    return changed, spans


def with_typos(text: str, seed: str, every: int) -> str:
    """About one in `every` longer plain word misspelt; names, numbers and codes stay."""

    def spoil(match: re.Match[str]) -> str:
        word = match.group()
        roll = rank(seed, match.start(), word)
        if roll % every or not word[1:].islower():
            return word
        at = 1 + roll // every % (len(word) - 3)
        kind = roll // every // 97 % 3
        if kind == 0:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return word[:at] + word[at + 1 :] if kind == 1 else word[:at] + word[at] + word[at:]

    return re.sub(r"(?<![\w-])[A-Za-z]{5,}(?![\w-])", spoil, text)


def without_fillers(text: str) -> str:
    """The text as a note taker would shorten it: articles and filler words gone."""
    lines = []
    for line in text.splitlines():
        words = [w for w in line.split(" ") if w.strip(",").lower() not in _FILLERS]
        joined = " ".join(words)
        lines.append(joined[:1].upper() + joined[1:])
    return "\n".join(lines)


def reworded(text: str, pairs: Pairs) -> str:
    """Each first term of a pair replaced by the second, whole words, case kept."""
    for one, two in pairs:
        text = re.sub(rf"(?<![\w-]){re.escape(one)}(?![\w-])", two, text)
        capital = two[:1].upper() + two[1:]
        text = re.sub(rf"(?<![\w-]){re.escape(one[:1].upper() + one[1:])}(?![\w-])", capital, text)
    return text


def as_statement(question: str) -> str:
    """The question's words as if they were an answer: nothing is added."""
    text = re.sub(r"\s+", " ", question).strip().rstrip("?.! ")
    for pattern, instead in (
        (
            r"^(walk me through|explain|describe|tell me|discuss|compare|sketch)\s+",
            "I can explain ",
        ),
        (r"^(design|build|plan|write|review|name|give|set up)\b", r"I would \1"),
        (r"\bhow (do|would|can|could|should) (you|I|we)\b", r"you \1"),
        (r"\bwhat (do|would|can|should) you (do|check|look at)\b", r"there are things you \1 \2"),
        (r"\b(what|which|where|when|why|how) (is|are|does|do|did|can|would|should)\b", r"it \2"),
        (r"^(should|would|can|could|does|do|is|are|will) (\w+)\b", r"\2 \1"),
        (r"\b(what|which|where|when|why|how)\b", "that"),
    ):
        text = re.sub(pattern, instead, text, flags=re.I)
    text = re.sub(r"[.:,]?\s*\bthat$", "", text.replace("?", "."))
    return text[:1].upper() + text[1:] + "."

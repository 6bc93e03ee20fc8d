"""Hostile and fair answers to interview questions, filled in from templates.

A grader must give nothing to the worthless, take points for changed meaning, and not mind
another form. The templates stand in `golden/attacks.toml`; a third of each family's is
held out (`split` "test"). Which question meets which template is decided by hashes.
"""

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from eval.attack_edits import as_statement, keywords, lowered, rank, shuffled, split_sentences
from eval.attack_meaning import changed, notes
from eval.attack_text import disguised, fair_form, pasted_thousands
from ingest.questions import InterviewQuestion

TEMPLATES = Path(__file__).parent / "golden" / "attacks.toml"
EACH = 24
"""Answers of each family in each split, where the bank gives so many."""
GOOD_SCORE = 8.0
"""A labelled answer with at least this score may be the base of an attack."""

Kind = Literal["worthless", "changed", "fair", "good"]
_INSTRUCTIONS = ("instructions_plain", "instructions_json", "instructions_delimiters")
KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        (
            "nothing", "question_copied", "off_topic", "filler", "keyword_heap", "shuffled",
            "keywords_glued", "other_topic", *_INSTRUCTIONS, "instructions_hidden", "trigger",
            "thousands",
        ),
        "worthless",
    ),
    **dict.fromkeys(
        ("negated", "antonyms", "roles", "numbers", "contradicted", "wrong_addition"), "changed"
    ),
    **dict.fromkeys(
        (
            "instructions_beside", "padding", "typing_errors", "synonyms", "order", "form",
            "contractions", "spelling",
        ),
        "fair",
    ),
    **dict.fromkeys(("model_answer", "own_words", "labelled"), "good"),
}  # fmt: skip


@dataclass(frozen=True)
class Attack:
    """One answer, and what a fair grader must do with it."""

    family: str
    template: str
    split: Literal["dev", "test"]
    question_id: str
    question: str
    answer: str
    base: str
    """The unchanged answer, to compare with; "" when there is none."""
    kind: Kind


@dataclass(frozen=True)
class _Base:
    question: InterviewQuestion
    text: str


Labelled = Sequence[tuple[str, str, float]]
Maker = Callable[["_Kit", str, Any, _Base], "tuple[str, str] | None"]
"""(kit, seed, template, base) -> (answer, base it is compared with), None: does not fit."""


def attacks(
    bank: Sequence[InterviewQuestion], good: Labelled = (), each: int = EACH
) -> list[Attack]:
    """All attacks on the questions of `bank`; the same list in every run.

    `good` are labelled answers (question id, answer, score 0..10); those with a high score
    serve as bases too, and all of them must pass the gates.
    """
    kit = _Kit(bank, good)
    found = []
    for family, table in kit.templates.items():
        for split in ("dev", "test"):
            wanted = math.ceil(each / len(table[split]))
            for number, template in enumerate(table[split]):
                seed = f"{family} {split} {number + 1}"
                name = template if isinstance(template, str) and template.strip() else seed
                for question, answer, base in _filled(kit, family, seed, template, wanted):
                    kind = KINDS[family]
                    found.append(
                        Attack(family, name, split, question.id, question.text, answer, base, kind)
                    )
    return found + list(_good(kit, each))


def _filled(
    kit: "_Kit", family: str, seed: str, template: Any, wanted: int
) -> Iterator[tuple[InterviewQuestion, str, str]]:
    maker = _MAKERS[family]
    used: set[str] = set()
    for base in kit.bases(seed):
        if len(used) == wanted:
            return
        if base.question.id in used:
            continue
        made = maker(kit, f"{seed} {base.question.id}", template, base)
        if made is not None:
            used.add(base.question.id)
            yield base.question, *made


def _good(kit: "_Kit", each: int) -> Iterator[Attack]:
    """Good answers as they are: no gate may close on them."""
    by_id = {question.id: question for question in kit.bank}
    ordered = sorted(kit.bank, key=lambda q: rank("good", q.id))
    rows = [("model_answer", q.id, q.model_answer) for q in ordered[: 4 * each]]
    rows += [
        ("own_words", q.id, "\n".join(notes(q))) for q in ordered[4 * each : 6 * each]
    ]  # other questions
    rows += [("labelled", id_, text) for id_, text, score in kit.good if score >= GOOD_SCORE]
    for family, id_, answer in rows:
        if id_ in by_id and answer.strip():
            split: Literal["dev", "test"] = "test" if rank("split", id_) % 3 == 0 else "dev"
            question = by_id[id_].text
            yield Attack(family, family, split, id_, question, answer, "", "good")


class _Kit:
    """The bank, the templates, and what fills their gaps."""

    def __init__(self, bank: Sequence[InterviewQuestion], good: Labelled) -> None:
        self.bank = bank
        self.good = good
        self.templates = tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))
        self._words = {q.id: set(keywords(q.text + " " + _points(q))) for q in bank}
        self._said = {q.id: set(keywords(q.model_answer)) for q in bank}

        by_id = {question.id: question for question in bank}
        self._pools = (
            [_Base(q, q.model_answer) for q in bank if q.model_answer.strip()],
            [_Base(q, "\n".join(notes(q))) for q in bank],
            [
                _Base(by_id[id_], text)
                for id_, text, score in good
                if score >= GOOD_SCORE and id_ in by_id
            ],
        )

    def bases(self, seed: str) -> Iterator[_Base]:
        """Good answers in the seed's order: model answers, notes and labelled ones in turn."""
        pools = [
            sorted(pool, key=lambda b: rank(seed, b.question.id, b.text)) for pool in self._pools
        ]
        for row in zip_longest(*pools):
            yield from (base for base in row if base is not None)

    def other(self, question: InterviewQuestion, seed: str) -> InterviewQuestion | None:
        """A question on another topic: no common service, hardly a common word."""
        mine = self._words[question.id]
        for other in sorted(self.bank, key=lambda q: rank(seed, q.id)):
            apart = other.source != question.source
            apart = apart and not set(other.services) & set(question.services)
            if apart and len(mine & self._said[other.id]) <= 0.12 * len(mine):
                return other
        return None

    def text(self, family: str, seed: str) -> str:
        """One of a family's own texts: off topic, filler, orders; of the split of `seed`."""
        texts = self.templates[family]["test" if " test " in seed else "dev"]
        chosen: str = texts[rank(seed, family) % len(texts)]
        return chosen

    def fill(self, template: str, base: _Base, seed: str) -> str | None:
        """The template with its gaps filled; None when the bank has nothing for one."""
        question = base.question
        gaps: dict[str, str | None] = {"question": question.text, "base": base.text}
        gaps["service"] = (question.services or ("AWS",))[0]
        gaps["wrong"] = _claims(question)
        gaps["half"] = _half(base.text)
        for family in ("off_topic", "filler"):
            if f"{{{family}}}" in template:
                text = self.text(family, seed)
                gaps[family] = text.replace("{service}", gaps["service"] or "AWS")
        if "{statement}" in template:
            gaps["statement"] = as_statement(question.text)
        if "{other" in template:
            other = self.other(question, seed)
            gaps["other"] = other.model_answer if other else None
            gaps["other_points"] = _points(other) if other else None
        words = shuffled(keywords(_points(question)), seed)
        template = re.sub(r"\{keywords([^}]*)\}", lambda m: m[1].join(words), template)
        if any(f"{{{name}}}" in template and not value for name, value in gaps.items()):
            return None
        return re.sub(r"\{(\w+)\}", lambda m: gaps.get(m[1]) or m.group(), template)


def _points(question: InterviewQuestion) -> str:
    return " ".join(point.text for point in question.points)


def _claims(question: InterviewQuestion) -> str:
    """What the rubric's mistakes claim, as sentences; "" with fewer than two of them."""
    claims = [mistake.claim.strip().rstrip(".") for mistake in question.mistakes]
    return " ".join(f"{claim}." for claim in claims) if len(claims) >= 2 else ""


def _half(text: str) -> str:
    sentences = split_sentences(text)
    return " ".join(sentences[: len(sentences) // 2])


def _worthless(kit: _Kit, seed: str, template: str, base: _Base) -> tuple[str, str] | None:
    text = kit.fill(template, base, seed)
    return None if text is None else (text, "")


def _order(kit: _Kit, seed: str, template: str, base: _Base) -> tuple[str, str] | None:
    """An order to the grader: alone, or after words that say nothing."""
    text = kit.fill(template, base, seed)
    before = kit.fill("{filler}\n", base, seed) if rank(seed) % 2 else ""
    return None if text is None else (f"{before}{text}", "")


def _hidden(kit: _Kit, seed: str, template: str, base: _Base) -> tuple[str, str] | None:
    order = kit.fill(kit.text("instructions_plain", seed), base, seed) or ""
    before = kit.fill("{filler}\n", base, seed) or ""
    return before + disguised(order, template), ""


def _shuffled(kit: _Kit, seed: str, template: str, base: _Base) -> tuple[str, str] | None:
    points = [point.text.rstrip(".").lower() for point in base.question.points]
    every = " ".join(points).split()
    if template == "each point":
        answer = ". ".join(" ".join(shuffled(point.split(), seed)) for point in points)
    elif template == "all points":
        answer = " ".join(shuffled(every, seed))
    elif template == "model answer":
        answer = " ".join(shuffled(base.question.model_answer.split(), seed))
    elif template == "reversed":
        answer = ". ".join(" ".join(reversed(point.split())) for point in points)
    elif template == "pairs":
        pairs = [" ".join(every[i : i + 2]) for i in range(0, len(every), 2)]
        answer = " ".join(shuffled(pairs, seed))
    else:
        answer = " ".join(sorted(every))
    return answer + ".", ""


def _thousands(kit: _Kit, seed: str, template: str, base: _Base) -> tuple[str, str] | None:
    family = {"off topic": "off_topic", "filler": "filler"}.get(template.split(",")[0])
    if family is None:
        others = [kit.other(base.question, f"{seed} {i}") for i in range(8)]
        texts = [q.model_answer for q in others if q is not None]
    else:
        texts = [text.replace("{service}", "AWS") for text in kit.templates[family]["dev"]]
    if not texts:
        return None
    return pasted_thousands(shuffled(texts, seed), int(re.findall(r"\d+", template)[0])), ""


def _beside(kit: _Kit, seed: str, template: str, base: _Base) -> tuple[str, str] | None:
    answer = base.text if rank(seed) % 2 else _half(base.text)
    return (template.replace("{answer}", answer), answer) if answer else None


def _padding(kit: _Kit, seed: str, template: str, base: _Base) -> tuple[str, str] | None:
    times = {"twice": 2, "three times": 3}.get(template)
    if times:
        return "\n\n".join([base.text] * times), base.text
    if template == "one point many times":
        one = lowered(base.question.points[rank(seed) % len(base.question.points)].text)
        one = f"{one[:1].upper()}{one[1:]}."
        return " ".join([one] * 12), one
    text = kit.fill(template, base, seed)
    return None if text is None else (text, base.text)


def _wrong(kit: _Kit, seed: str, template: str, base: _Base) -> tuple[str, str] | None:
    text = kit.fill(template, base, seed)
    return None if text is None else (text, base.text)


def _meaning(family: str) -> Maker:
    def make(kit: _Kit, seed: str, template: Any, base: _Base) -> tuple[str, str] | None:
        return changed(family, template, base.question, base.text)

    return make


def _form(family: str) -> Maker:
    def make(kit: _Kit, seed: str, template: Any, base: _Base) -> tuple[str, str] | None:
        text = fair_form(family, template, base.text, seed)
        return None if text == base.text else (text, base.text)

    return make


_MAKERS: dict[str, Maker] = {
    **dict.fromkeys(
        ("nothing", "question_copied", "off_topic", "filler", "keyword_heap", "keywords_glued",
         "other_topic", "trigger"),
        _worthless,
    ),
    **dict.fromkeys(_INSTRUCTIONS, _order),
    "instructions_hidden": _hidden,
    "instructions_beside": _beside,
    "shuffled": _shuffled,
    "thousands": _thousands,
    "padding": _padding,
    "wrong_addition": _wrong,
    **{f: _meaning(f) for f in ("negated", "antonyms", "roles", "numbers", "contradicted")},
    **{
        f: _form(f)
        for f in ("typing_errors", "synonyms", "order", "form", "contractions", "spelling")
    },
}  # fmt: skip

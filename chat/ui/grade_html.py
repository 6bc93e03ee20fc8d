"""A grade as safe HTML: the answer with each key point marked in it, and what is left.

Marks differ by colour, by underline and by sign, so that they can be told apart without
seeing colours. All words come from people, documents and models and are escaped here.
"""

import html
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

SIGNS = {"covered": "✓", "partial": "~", "wrong": "✗", "missing": "○"}
LEGEND = {"covered": "covered", "partial": "partly said", "wrong": "wrong"}
_FIRST = ("wrong", "covered", "partial")


@dataclass(frozen=True)
class Mark:
    """The words `text[start:end]` that decided the verdict on key point `number` (from 1)."""

    start: int
    end: int
    number: int
    verdict: str


def marks_in(
    turns: Sequence[str], points: Sequence[Mapping[str, Any]], claims: Sequence[str] = ()
) -> list[list[Mark]]:
    """The marks of each turn of the answer; a point is marked once, where its words are.

    Args:
        turns: the texts of the turns.
        points: graded points; their offsets are those of the turns joined by line breaks.
        claims: wrong claims; those said word for word are marked with the number 0.
    """
    found: list[list[Mark]] = [[] for _ in turns]
    begins = [sum(len(text) + 1 for text in turns[:place]) for place in range(len(turns))]
    for number, point in enumerate(points, 1):
        evidence = str(point.get("evidence") or "")
        if not evidence.strip() or point["verdict"] not in LEGEND:
            continue
        start, end = int(point.get("start", -1)), int(point.get("end", -1))
        exact = [
            (place, start - begin, end - begin)
            for place, (begin, text) in enumerate(zip(begins, turns, strict=True))
            if start >= begin and text[start - begin : end - begin] == evidence
        ]
        # Offsets that don't hold the words are worth nothing; the words are.
        for place, first, last in exact[:1] or _places(turns, re.escape(evidence)):
            found[place].append(Mark(first, last, number, point["verdict"]))
    for claim in claims:
        words = r"\s+".join(re.escape(word) for word in claim.split())
        for place, first, last in _places(turns, words):
            found[place].append(Mark(first, last, 0, "wrong"))
    return found


def _places(turns: Sequence[str], pattern: str) -> list[tuple[int, int, int]]:
    """(turn, start, end) of the first match; none of an empty pattern."""
    for place, text in enumerate(turns):
        match = re.search(pattern, text, re.I) if pattern else None
        if match:
            return [(place, match.start(), match.end())]
    return []


def marked_html(text: str, marks: Sequence[Mark]) -> str:
    """The text in paragraphs, with `<mark>` around marked words and a sign after each mark.

    Marks may overlap; a run of words is shown with the most telling verdict on it.
    """
    edges = sorted({0, len(text), *(m.start for m in marks), *(m.end for m in marks)})
    pieces = []
    for start, end in pairwise(edges):
        here = [m for m in marks if m.start <= start and end <= m.end]
        words = html.escape(text[start:end]).replace("\n", "<br>")
        if here and text[start:end].strip():
            verdict = min((m.verdict for m in here), key=_FIRST.index)
            words = f'<mark class="{verdict}">{words}</mark>'
        signs = (_sign(m.number, m.verdict) for m in marks if m.end == end)
        pieces.append(words + "".join(signs))
    return "".join(pieces)


def grade_html(
    grade: Mapping[str, Any],
    turns: Sequence[tuple[str, str]],
    mistakes: Sequence[tuple[str, str]],
    cited: Collection[str],
) -> str:
    """The whole grade.

    Args:
        grade: a Grade in its JSON form.
        turns: (heading, text) of the answer and of the answers to follow-up questions.
        mistakes: (claim, why it is wrong) of the mistakes that were made.
        cited: names ("point-1", "mistake-1") that get a button with `data-n`.
    """
    points = list(grade["points"])
    parts = [_head(grade, points), _feedback(grade)]
    parts.append(_wrong(points, mistakes, cited))
    marks = marks_in([text for _, text in turns], points, [claim for claim, _ in mistakes])
    used = {mark.verdict for turn in marks for mark in turn}
    for place, (heading, text) in enumerate(turns):
        parts.append(f"<h3>{html.escape(heading)}</h3>")
        if place == 0 and used:
            parts.append(_legend(used))
        said = marked_html(text, marks[place]) or "<em>nothing</em>"
        parts.append(f'<div class="said">{said}</div>')
    for verdict, heading in (
        ("missing", "Missing"),
        ("partial", "Partly said"),
        ("covered", "Covered"),
    ):
        parts.append(_points(points, verdict, heading, cited))
    return "".join(parts)


def _head(grade: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> str:
    score = float(grade["score"])
    low, high = [float(edge) for edge in grade.get("band") or (score, score)]
    covered = sum(point["verdict"] == "covered" for point in points)
    facts = [f"{covered} of {len(points)} key points covered"]
    if high > low:
        facts.append(f"likely between {low:g} and {high:g}")
    if grade.get("anchor"):
        facts.append(str(grade["anchor"]))
    bar = (
        f'<div class="bar" aria-hidden="true"><i class="band" style="left:{low * 10:.0f}%;'
        f'width:{max(high - low, 0) * 10:.0f}%"></i>'
        f'<i class="tick" style="left:{min(score, 10) * 10:.0f}%"></i></div>'
    )
    lines = "".join(f"<span>{html.escape(fact)}</span>" for fact in facts)
    return (
        f'<div class="head"><div class="score"><b>{score:g}</b> of 10</div>'
        f'<div class="facts">{lines}</div></div>{bar}'
    )


def _feedback(grade: Mapping[str, Any]) -> str:
    lines = [line for line in str(grade.get("feedback") or "").split("\n") if line.strip()]
    # The head says how many points there are.
    lines = [line for line in lines if " key points: " not in line[:24]]
    # What is wrong has a box of its own, with the way to the guide.
    lines = [line for line in lines if not line.startswith("Wrong: ")]
    parts = [f"<p>{_lead(line)}</p>" for line in lines]
    if grade.get("better"):
        better = html.escape(str(grade["better"]))
        parts.append(f"<p><b>You could say:</b> <q>{better}</q></p>")
    return f'<div class="feedback">{"".join(parts)}</div>' if parts else ""


def _lead(line: str) -> str:
    """A line of the feedback with its first words, up to a colon, in bold."""
    head, colon, rest = line.partition(": ")
    if colon and len(head) <= 32:
        return f"<b>{html.escape(head)}:</b> {html.escape(rest)}"
    return html.escape(line)


def _wrong(
    points: Sequence[Mapping[str, Any]],
    mistakes: Sequence[tuple[str, str]],
    cited: Collection[str],
) -> str:
    rows = []
    for number, point in enumerate(points, 1):
        if point["verdict"] != "wrong":
            continue
        said = html.escape(" ".join(str(point.get("evidence") or "").split()))
        quote = f"You said: <q>{said}</q> " if said else ""
        note = str(point.get("note") or "").rstrip(". ")
        note = f"{html.escape(note[:1].upper() + note[1:])}. " if note else ""
        rows.append(
            f"<li>{_sign(number, 'wrong')} {quote}{note}The guide: {html.escape(point['point'])}"
            f"{_button(f'point-{number}', cited)}</li>"
        )
    for number, (claim, why) in enumerate(mistakes, 1):
        reason = f" {html.escape(why[:1].upper() + why[1:])}" if why else ""
        rows.append(
            f'<li><span class="sign wrong">✗</span> <q>{html.escape(claim)}</q>{reason}'
            f"{_button(f'mistake-{number}', cited)}</li>"
        )
    if not rows:
        return ""
    return f'<section class="apart"><h3>Wrong</h3><ul>{"".join(rows)}</ul></section>'


def _points(
    points: Sequence[Mapping[str, Any]], verdict: str, heading: str, cited: Collection[str]
) -> str:
    rows = []
    for number, point in enumerate(points, 1):
        if point["verdict"] != verdict:
            continue
        extra = ' <small class="extra">counts half</small>' if point.get("weight") == "okay" else ""
        note = f" <small>{html.escape(str(point['note']))}</small>" if point.get("note") else ""
        button = "" if verdict == "covered" else _button(f"point-{number}", cited)
        rows.append(
            f"<li>{_sign(number, verdict)} {html.escape(point['point'])}{extra}{note}{button}</li>"
        )
    return f'<h3>{heading}</h3><ul class="points">{"".join(rows)}</ul>' if rows else ""


def _legend(used: Collection[str]) -> str:
    rows = "".join(
        f'<li><mark class="{verdict}">{words}</mark>'
        f'<span class="sign {verdict}">{SIGNS[verdict]}</span></li>'
        for verdict, words in LEGEND.items()
        if verdict in used
    )
    return f'<ul class="legend" aria-label="What the marks mean">{rows}</ul>'


def _sign(number: int, verdict: str) -> str:
    words = LEGEND.get(verdict, verdict)
    about = f"key point {number}: {words}" if number else words
    return (
        f'<span class="sign {verdict}" role="img" aria-label="{about}" title="{about}">'
        f"{SIGNS[verdict]}{number or ''}</span>"
    )


def _button(name: str, cited: Collection[str]) -> str:
    if name not in cited:
        return ""
    return f' <button type="button" class="cite" data-n="{html.escape(name)}">in the guide</button>'

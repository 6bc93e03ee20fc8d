"""What the candidate reads: short, specific, with the way on."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chat.citations import Citation, cite
from ingest.index import Index
from ingest.questions import KeyPoint, Mistake
from ingest.terms import STOPWORDS

if TYPE_CHECKING:
    from chat.grading import PointGrade, Rubric

ANCHORS = {
    0: "nothing that can be graded",
    3: "a beginning: one important point, most are missing",
    5: "half of what matters",
    7: "solid: the vital points, details are missing",
    10: "complete",
}
_BEGINNING = 3
_LITTLE = "little that counts yet"
_CITED = 4
_TOPICS = (
    (r"\$|\bcosts?\b|\bprices?\b|\bcheap|\bbill|\bpay",
     "What about the cost: what drives it here?"),
    (r"\balarm|\bmetric|\bmonitor|\balert|\blog(s|ging)?\b|\btrac(e|ing)|\bmeasure|\btest",
     "How would you notice in production that it goes wrong?"),
    (r"\bpermission|\bencrypt|\bIAM\b|\brole|\bsecret|\bpolic(y|ies)|\baccess|\btoken|\bKMS\b",
     "What would you do for security here?"),
    (r"\bidempot|\bduplicate|\bretr(y|ies)|\bfail|\bdead-letter|\bDLQ|\bpoison|\berror|\btimeout",
     "What happens when a step fails or runs twice?"),
    (r"\bzone|\bregion|\bfailover|\bbackup|\brestore|\breplica|\brecover|\bRTO|\bRPO|\bavailab",
     "What happens when a part of it, or a whole zone, is lost?"),
    (r"\bquota|\blimit|\bmaximum|\bat most|\bup to\b|\bthrottl|\bpartition|\bhot\b",
     "Which limits do you run into first, and how large are they?"),
    (r"\bscal|\bconcurren|\bthroughput|\bburst|\bpeak|\bcapacity|\bload\b",
     "How does it behave when the load grows tenfold?"),
    (r"\bcach|\blatency|\bfaster|\bslow|\bcold start|\bmilliseconds?|\bTTL",
     "Where does the time go, and what would make it faster?"),
    (r"\bconsisten|\border(ing|ed)?\b|\bstale|\btransaction|\batomic|\bconflict",
     "What can a reader see while a change is under way?"),
    (r"\bdeploy|\broll ?back|\brelease|\bversion|\bcanary|\bmigrat|\bschema",
     "How do you bring a change out without harm, and back again?"),
    (r"\bchoose|\binstead\b|\bwhen\b|\bfits?\b|\bprefer|\bcompare|\balternativ|\bunless\b",
     "When would you decide otherwise, and what is the alternative?"),
)  # fmt: skip


def anchor_of(score: float, something: bool = False) -> str:
    """The words of the highest anchor that the score reaches.

    Args:
        score: 0..10.
        something: whether any point counts, in part at least.
    """
    if score < _BEGINNING and (score > 0 or something):
        return _LITTLE
    return ANCHORS[max(level for level in ANCHORS if level <= score + 1e-9)]


def worst_first(points: Sequence["PointGrade"]) -> list["PointGrade"]:
    """The points that lost something, the most valuable first."""
    lost = {"wrong": 0, "missing": 1, "partial": 2}
    return sorted(
        (point for point in points if point.verdict in lost),
        key=lambda p: (p.weight != "vital", lost[p.verdict]),
    )


def feedback(
    points: Sequence["PointGrade"], mistakes: Sequence[Mistake], score: float, rest: Sequence[str]
) -> str:
    """A few lines: how many points, what was good, what was wrong, what lifts it most."""
    covered = [point for point in points if point.verdict == "covered"]
    partly = sum(point.verdict == "partial" for point in points)
    count = f"{len(covered)} of {len(points)} key points" + (
        f", {partly} in part" if partly else ""
    )
    lines = [f"{count}: {anchor_of(score, bool(covered or partly))}."]
    if covered:
        best = next((point for point in covered if point.weight == "vital"), covered[0])
        lines.append(f"Good: {best.point}")
    for mistake in mistakes[:2]:
        lines.append(f'Wrong: "{mistake.claim}" {mistake.why}'.rstrip())
    for claim in rest[: 2 - min(2, len(mistakes))]:
        lines.append(f"Wrong: {claim}")
    for point in worst_first(points)[:2]:
        word = {"wrong": "Correct this", "missing": "Missing", "partial": "Say more about"}
        lines.append(f"{word[point.verdict]}: {point.point}")
    lifts = worst_first(points)[:1]
    if lifts and score < 9.5:
        weights = sum(2.0 if point.weight == "vital" else 1.0 for point in points)
        gain = 10 * (2.0 if lifts[0].weight == "vital" else 1.0) / weights
        gain *= 0.5 if lifts[0].verdict == "partial" else 1.0
        if gain >= 0.5 and len(points) > 1:
            lines.append(f"That alone would lift it by about {gain:.1f}.")
    return "\n".join(lines)


def better_sentence(points: Sequence["PointGrade"], rubric: "Rubric") -> str:
    """A sentence that would have made the most valuable lost point, from the model answer."""
    lost = worst_first(points)
    if not lost:
        return ""
    point = lost[0]
    answer = rubric.source.model_answer if rubric.source else ""
    wanted = _words(point.point)
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(answer.split()))
    best = max(sentences, key=lambda s: len(_words(s) & wanted) / (len(wanted) or 1), default="")
    if len(_words(best) & wanted) >= 0.6 * len(wanted):
        return best
    return point.point


def follow_up(points: Sequence["PointGrade"], question: str) -> str:
    """A question that leads to the most valuable missed point without saying it."""
    lost = worst_first(points)
    if not lost:
        return ""
    for point in [*[p for p in lost if p.verdict != "wrong"], *lost]:
        for pattern, asked in _TOPICS:
            if re.search(pattern, point.point, re.I) and not re.search(pattern, question, re.I):
                return asked
    if lost[0].verdict == "partial" and lost[0].evidence:
        return "You touched on one thing only briefly. Why does it work that way, in detail?"
    return "What else would you consider before you call this done, and why?"


def citations(
    index: Index, rubric: "Rubric", points: Sequence["PointGrade"], made: Sequence[Mistake]
) -> tuple[Citation, ...]:
    """Where the guide says what was missed or got wrong, at most four places."""
    source = rubric.source
    if source is None:
        return ()
    order = {id(graded): key for key, graded in zip(rubric.points, points, strict=True)}
    wanted: list[KeyPoint | Mistake] = [*made, *(order[id(p)] for p in worst_first(points))]
    document = index.documents[source.source]
    passages = [p for p in index.passages if p.source == source.source]
    found: list[Citation] = []
    for entry in wanted[:_CITED]:
        for passage in passages:
            if passage.start <= entry.start < passage.end:
                end = min(entry.end, passage.end)
                found.append(cite(len(found) + 1, document, passage, entry.start, end))
                break
    return tuple(found)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in STOPWORDS}

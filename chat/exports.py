"""What a person takes along: attempts as Markdown or CSV, the question bank as an Anki deck.

Answers are other people's text to every program that opens these files: in Markdown nothing
in them is mark-up, in a spreadsheet nothing is a formula, in Anki nothing is HTML.
"""

import csv
import hashlib
import io
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.errors import GuideError
from ingest.questions import InterviewQuestion

DECK = "AWS interview guide"
COLUMNS = (
    "date",
    "owner",
    "topic",
    "question",
    "answer",
    "follow_ups",
    "score",
    "first_score",
    "points_covered",
    "points",
    "missed",
    "mistakes",
    "seconds",
    "judge",
    "rubric_version",
    "attempt",
)
_CARD = """\
<div class="q">{{Question}}</div><div class="about">{{About}}</div>"""
_BACK = """\
{{FrontSide}}<hr id="answer"><b>Key points</b>{{Key points}}
{{#Mistakes}}<b>Common mistakes</b>{{Mistakes}}{{/Mistakes}}
{{#Model answer}}<b>Model answer</b>{{Model answer}}{{/Model answer}}
<div class="about">{{Source}}</div>"""
_CSS = """\
.card { font-family: sans-serif; font-size: 18px; text-align: left; max-width: 42em; margin: auto; }
.q { font-size: 21px; font-weight: 600; }
.about { color: #777; font-size: 14px; margin-top: 8px; }"""
_FIELDS = ("Question", "About", "Key points", "Mistakes", "Model answer", "Source")


def export(path: Path, attempts: Sequence[Mapping[str, Any]], bank: Sequence[Any]) -> int:
    """Write `attempts` or `bank` to a file, by its ending: .md, .csv or .apkg.

    Returns how many attempts or questions it holds.

    Raises:
        GuideError: another ending, nothing to write, or the file can't be written.
    """
    kind = path.suffix.lower()
    if kind not in {".md", ".csv", ".apkg"}:
        raise GuideError(
            f"{path} has no ending that says what to write. Use .md or .csv for the attempts, "
            ".apkg for the questions as an Anki deck."
        )
    rows: Sequence[Any] = bank if kind == ".apkg" else attempts
    if not rows:
        raise GuideError(
            "There are no questions to export. Run: python -m ingest"
            if kind == ".apkg"
            else "There are no attempts to export yet. Run: python -m chat practice"
        )
    if kind == ".md":
        content = attempts_markdown(rows).encode()
    else:
        content = attempts_csv(rows) if kind == ".csv" else anki_deck(rows)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise GuideError(f"{path} can't be written ({error.strerror}).") from None
    return len(rows)


def attempts_markdown(attempts: Sequence[Mapping[str, Any]]) -> str:
    """Attempts (rows of `History.attempts`) as a readable page, newest first."""
    lines = ["# Practice", "", f"{_count(len(attempts), 'attempt')}, newest first.", ""]
    for attempt in reversed(attempts):
        grade = attempt["grade"]
        lines += [f"## {literal(' '.join(attempt['question_text'].split()))}", ""]
        about = [attempt["topic"], _date(attempt["created"]), f"{attempt['score']:g} of 10"]
        if attempt["seconds"] >= 1:
            about.append(_duration(attempt["seconds"]))
        if attempt["first_score"] not in (None, attempt["score"]):
            about.append(f"{attempt['first_score']:g} before the follow-up")
        lines += [literal(" · ".join(about)), "", _quoted(attempt["answer"]), ""]
        for turn in attempt["follow_ups"]:
            lines += [f"**{literal(turn['question'])}**", "", _quoted(turn["answer"]), ""]
        for point in grade.get("points", []):
            box = "x" if point["verdict"] == "covered" else " "
            lines.append(f"- [{box}] {literal(point['point'])} ({point['verdict']})")
        lines += [f"- Mistake: {literal(mistake)}" for mistake in grade.get("mistakes", [])]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def attempts_csv(attempts: Sequence[Mapping[str, Any]]) -> bytes:
    """Attempts as CSV, oldest first: UTF-8 with a byte order mark, which Excel needs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for attempt in attempts:
        grade = attempt["grade"]
        points = grade.get("points", [])
        missed = [p["point"] for p in points if p["verdict"] != "covered"]
        turns = [f"{turn['question']}\n{turn['answer']}" for turn in attempt["follow_ups"]]
        values = (
            _date(attempt["created"]),
            attempt["owner"],
            attempt["topic"],
            attempt["question_text"],
            attempt["answer"],
            "\n\n".join(turns),
            attempt["score"],
            attempt["first_score"],
            len(points) - len(missed),
            len(points),
            "\n".join(missed),
            "\n".join(grade.get("mistakes", [])),
            round(attempt["seconds"]),
            grade.get("model", ""),
            attempt["rubric_version"],
            attempt["id"],
        )
        writer.writerow([cell(value) if isinstance(value, str) else value for value in values])
    return "\ufeff".encode() + out.getvalue().encode("utf-8", "replace")


def cell(text: str) -> str:
    """A text as a spreadsheet cell that is never a formula, and holds no control characters."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    # Full-width signs count too: some programs read them as the plain ones.
    return "'" + text if re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\n]", text) else text


def anki_deck(questions: Iterable[InterviewQuestion], timestamp: float | None = None) -> bytes:
    """The question bank as an Anki package: one deck a lesson.

    Cards keep their identity from export to export, so that importing again updates the
    cards and keeps what Anki knows about them.

    Args:
        questions: what the deck holds.
        timestamp: of the notes, seconds since 1970; the present when None.
    """
    import genanki

    fields = [{"name": name} for name in _FIELDS]
    template = {"name": "Card", "qfmt": _CARD, "afmt": _BACK}
    model = genanki.Model(_number(f"{DECK} model"), DECK, fields, [template], _CSS)
    decks: dict[str, Any] = {}
    for question in questions:
        # "::" would open a deck below the lesson's.
        name = f"{DECK}::{question.topic.replace('::', ': ')}"
        if name not in decks:
            decks[name] = genanki.Deck(_number(name), name)
        note = genanki.Note(
            model,
            _fields_of(question),
            tags=_tags(question),
            guid=genanki.guid_for(DECK, question.id),
        )
        decks[name].add_note(note)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deck.apkg"
        genanki.Package(list(decks.values())).write_to_file(path, timestamp)
        return path.read_bytes()


def literal(text: str) -> str:
    """A text as Markdown that shows exactly its characters."""
    return re.sub(r"([\\`*_{}\[\]<>|#~$!&])", r"\\\1", text)


def _quoted(text: str) -> str:
    lines = []
    if not text.strip():
        return "> (no answer)"
    for line in text.strip().split("\n"):
        words = literal(line.expandtabs(4).rstrip())
        indent = len(words) - len(words.lstrip(" "))
        # Deep indents would be code; dashes or equals signs alone would be a heading.
        words = "\u00a0" * indent + words.lstrip(" ")
        if re.fullmatch(r"[-=+]+", words):
            words = "\\" + words
        lines.append(f"> {words}".rstrip() + ("  " if words else ""))
    return "\n".join(lines)


def _fields_of(question: InterviewQuestion) -> list[str]:
    about = " · ".join(part for part in (question.topic, question.level, question.kind) if part)
    source = " > ".join([question.source, *question.trail[1:-1]])
    return [
        _html(question.text),
        _html(about),
        _listed(point.text for point in question.points),
        _listed(mistake.text for mistake in question.mistakes),
        _rendered(question.model_answer),
        _html(source),
    ]


def _listed(texts: Iterable[str]) -> str:
    items = "".join(f"<li>{_html(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def _html(text: str) -> str:
    import html

    return _inert(html.escape(text))


def _rendered(markdown: str) -> str:
    """Markdown as HTML; HTML within it is shown, not obeyed, and pictures are left out."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return _inert(reader.render(markdown))


def _inert(html: str) -> str:
    """No `[sound:..]` and no `[latex]`, which Anki looks for in every field."""
    return html.replace("[", "&#91;")


def _tags(question: InterviewQuestion) -> list[str]:
    named = [("level", question.level), ("kind", question.kind)]
    named += [("service", name) for name in question.services]
    # A tag holds no blanks.
    return [f"{name}::" + re.sub(r"[^\w.-]+", "-", value) for name, value in named if value]


def _number(name: str) -> int:
    """An id that stays the same for a name, in the range that Anki uses."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % (1 << 30) + (1 << 30)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

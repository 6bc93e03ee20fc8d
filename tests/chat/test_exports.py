import csv
import html
import io
import re
import sqlite3
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from chat.exports import anki_deck, attempts_csv, attempts_markdown, cell, export
from chat.history import History
from ingest.documents import Document
from ingest.errors import GuideError
from ingest.questions import InterviewQuestion, questions_of
from tests.conftest import LESSONS

HOSTILE = """=HYPERLINK("http://evil.example","click")
<script>alert(1)</script> & &lt;b&gt; **not bold** [link](javascript:alert(1)) ![x](y)
# no heading
text
===
    no code
- [ ] `code` ~~struck~~ | cell | $x$
> quote"""


def attempt(answer: str = "A queue, with a DLQ.", **more: Any) -> dict[str, Any]:
    return {
        "id": "a1",
        "created": 1_800_000_000.0,
        "owner": "me",
        "question": "q1",
        "question_text": "Why *queues*?",
        "topic": "Queues",
        "rubric_version": "v1",
        "answer": answer,
        "score": 5.0,
        "first_score": 5.0,
        "seconds": 61.4,
        "follow_ups": [],
        "grade": {
            "points": [
                {"point": "Queues decouple.", "verdict": "covered", "weight": "vital"},
                {"point": "Use a DLQ <now>.", "verdict": "missing", "weight": "vital"},
            ],
            "mistakes": ["=1+1 - no"],
            "model": "extractive",
        },
        **more,
    }


@pytest.fixture
def bank() -> list[InterviewQuestion]:
    path = LESSONS / "queues.md"
    text = path.read_text(encoding="utf-8")
    return questions_of([Document("queues.md", text, "", {"services": ["sqs"]})])


def text_of(rendered: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", rendered)).replace("\u00a0", " ")


def test_an_answer_in_markdown_shows_its_own_characters_and_obeys_none() -> None:
    page = attempts_markdown([attempt(HOSTILE)])
    rendered = (
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(page)
    )
    assert not re.search(r"<(script|a|img|code|pre|s|strong|table)\b", rendered)
    assert re.findall(r"<h\d>", rendered) == ["<h1>", "<h2>"]
    shown = " ".join(text_of(rendered).split())
    for line in HOSTILE.split("\n"):
        assert " ".join(line.removeprefix("- ").split()) in shown


def test_markdown_tells_points_follow_ups_and_what_they_changed() -> None:
    turns = [{"question": "And then?", "answer": "An alarm."}]
    page = attempts_markdown([attempt(), attempt(follow_ups=turns, score=8.0)])
    assert page.startswith("# Practice\n\n2 attempts, newest first.")
    assert page.index("8 of 10") < page.index("5 of 10 ·")
    assert "5 before the follow-up" in page
    assert "**And then?**\n\n> An alarm." in page
    assert "- [x] Queues decouple. (covered)" in page
    assert "- [ ] Use a DLQ \\<now\\>. (missing)" in page
    assert "1 min 1 s" in page


def test_csv_comes_back_as_it_was_and_excel_reads_its_letters() -> None:
    answer = 'First line; "quoted", with commas\nsecond — line ü'
    data = attempts_csv([attempt(answer)])
    assert data.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert row["answer"] == answer
    assert (row["score"], row["points_covered"], row["points"]) == ("5.0", "1", "2")
    assert row["missed"] == "Use a DLQ <now>."
    assert row["mistakes"] == "'=1+1 - no"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\n=1", "\r=1", "\x00=1", "＝1", "- a list"],
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text).startswith("'")


def test_a_plain_text_stays_as_it_is_in_a_cell() -> None:
    assert cell("a = b\nnext") == "a = b\nnext"


def notes_of(data: bytes, folder: Path) -> list[tuple[str, str, str]]:
    """(guid, fields, tags) of the notes of an Anki package."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        package.extract("collection.anki2", folder)
    connection = sqlite3.connect(folder / "collection.anki2")
    rows = connection.execute("SELECT guid, flds, tags FROM notes").fetchall()
    assert connection.execute("SELECT COUNT(*) FROM cards").fetchone()[0] == len(rows)
    connection.close()
    return rows


def test_the_deck_has_question_points_model_answer_and_source(
    bank: list[InterviewQuestion], tmp_path: Path
) -> None:
    ((_, fields, tags),) = notes_of(anki_deck(bank), tmp_path)
    question, about, points, mistakes, answer, source = fields.split("\x1f")
    assert question == html.escape(bank[0].text)
    assert about == "Queues · senior · troubleshooting"
    assert points.count("<li>") == len(bank[0].points) and "redrive policy" in points
    assert "only delays" in mistakes
    assert answer.startswith("<p>I would give")
    assert source.startswith("queues.md")
    assert tags.split() == ["level::senior", "kind::troubleshooting", "service::sqs"]


def test_a_card_keeps_its_identity_when_its_rubric_changes(
    bank: list[InterviewQuestion], tmp_path: Path
) -> None:
    (before,) = notes_of(anki_deck(bank, 1_800_000_000), tmp_path)
    changed = [replace(bank[0], model_answer="Something else.")]
    (after,) = notes_of(anki_deck(changed, 1_800_009_999), tmp_path)
    assert before[0] == after[0] and before[1] != after[1]


def test_nothing_in_a_card_is_html_or_a_command_to_anki(
    bank: list[InterviewQuestion], tmp_path: Path
) -> None:
    hostile = (
        "<script>alert(1)</script> [sound:x.mp3] ![p](http://evil.example/x.png) [a](javascript:b)"
    )
    question = replace(bank[0], text=hostile, model_answer=hostile)
    ((_, fields, _),) = notes_of(anki_deck([question]), tmp_path)
    assert "<script" not in fields and "<img" not in fields and "[" not in fields
    assert "href=" not in fields.split("\x1f")[0] and 'href="javascript' not in fields


def test_the_ending_of_the_file_says_what_is_written(
    bank: list[InterviewQuestion], tmp_path: Path
) -> None:
    for name in ("a.md", "a.CSV", "a.apkg"):
        assert export(tmp_path / name, [attempt()], bank) == 1
        assert (tmp_path / name).stat().st_size > 100


@pytest.mark.parametrize(
    ("name", "told"),
    [("a.txt", "no ending that says"), ("a.md", "no attempts"), ("a.apkg", "no questions")],
)
def test_an_export_that_can_t_be_is_told_in_one_line(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(GuideError, match=told):
        export(tmp_path / name, [], [])


def test_a_folder_that_does_not_exist_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(GuideError, match="can't be written"):
        export(tmp_path / "nowhere" / "a.md", [attempt()], [])


def test_what_the_history_gives_can_be_exported(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add_attempt(attempt())
    rows = history.attempts("me")
    assert "Queues decouple" in attempts_markdown(rows)
    assert b"Queues decouple" not in attempts_csv(rows) and b"A queue, with" in attempts_csv(rows)

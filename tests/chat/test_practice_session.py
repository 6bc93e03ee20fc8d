"""Practice in the terminal, typed line by line, and as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from chat.__main__ import app as command_line
from chat.answering import Answerer
from chat.grading import Grade, Grader
from chat.history import History
from chat.practice import NoQuestionError, Practice
from chat.practice_session import OWNER, Session, run
from chat.settings import Settings
from chat.terminal import Left, Terminal
from ingest.errors import GuideError
from tests.conftest import ROOT

GOOD = [
    "I would attach a DLQ with a redrive policy, so poison messages move aside.",
    "",
    "An alarm tells me when the DLQ has messages, and the consumer is idempotent.",
    ".",
]
CTRL_C = "\x03"


class Typist:
    """Types lines, then Ctrl-D; keeps what was shown."""

    def __init__(self, lines: list[str], seconds_a_line: float = 0.0) -> None:
        self.prompts: list[str] = []
        self.shown = ""
        self._lines = iter(lines)
        self._now = 0.0
        self._pace = seconds_a_line
        self.terminal = Terminal(self.read, self.write, lambda: self._now)

    def read(self, prompt: str) -> str:
        self.prompts.append(prompt)
        self._now += self._pace
        line = next(self._lines, None)
        if line is None:
            raise EOFError
        if line == CTRL_C:
            raise KeyboardInterrupt
        return line

    def write(self, text: str) -> None:
        self.shown += text + "\n"

    @property
    def flat(self) -> str:
        return " ".join(self.shown.split())


@pytest.fixture
def practise(settings: Settings) -> Callable[..., Typist]:
    def practised(lines: list[str], pace: float = 0.0, **options: object) -> Typist:
        typist = Typist(lines, pace)
        assert run(settings, terminal=typist.terminal, **options) == 0  # type: ignore[arg-type]
        return typist

    return practised


@pytest.fixture
def history(settings: Settings) -> History:
    return History(settings.data)


def test_an_answer_of_several_paragraphs_is_graded_and_stored(
    practise: Callable[..., Typist], history: History
) -> None:
    typist = practise([*GOOD, "/quit"], topic="sqs")
    assert "New: you have tried 0 of 1 questions on Queues." in typist.flat
    assert "/10" in typist.shown and "1 question answered" in typist.flat
    (row,) = history.attempts(OWNER)
    assert row["answer"] == "\n".join(GOOD[:-1])
    assert row["score"] >= 6


def test_the_model_answer_is_shown_on_request_only(practise: Callable[..., Typist]) -> None:
    secret = "about five, so a poison message leaves the main queue"
    assert secret not in practise([*GOOD, "/quit"], topic="sqs").flat
    assert secret in practise([*GOOD, "?", "?", ".", "?", "/quit"], topic="sqs").flat


def test_looking_at_the_model_answer_first_is_no_attempt(
    practise: Callable[..., Typist], history: History
) -> None:
    typist = practise(["?"], topic="sqs")
    assert "about five" in typist.flat and history.attempts(OWNER) == []


def test_ctrl_d_ends_cleanly_and_grades_an_answer_that_has_begun(
    practise: Callable[..., Typist], history: History
) -> None:
    assert "answered" not in practise([]).flat
    practise(GOOD[:1], topic="sqs")
    assert [row["answer"] for row in history.attempts(OWNER)] == GOOD[:1]


def test_ctrl_c_keeps_what_was_written_and_it_is_offered_the_next_time(
    practise: Callable[..., Typist], history: History
) -> None:
    typist = practise([GOOD[0], CTRL_C], topic="sqs")
    assert "is kept" in typist.flat and history.attempts(OWNER) == []
    again = practise(["y", ""], topic="sqs")
    assert GOOD[0] in again.flat and "/10" in again.flat
    assert len(history.attempts(OWNER)) == 1 and history.drafts(OWNER) == {}


def test_a_kept_answer_can_be_dropped(practise: Callable[..., Typist], history: History) -> None:
    practise([GOOD[0], CTRL_C], topic="sqs")
    practise(["d"], topic="sqs")
    assert history.drafts(OWNER) == {} and history.attempts(OWNER) == []


def test_the_timer_shows_the_time_and_says_once_when_it_is_over(
    practise: Callable[..., Typist], history: History
) -> None:
    typist = practise([*GOOD, "/quit"], pace=50.0, topic="sqs", minutes=1.5)
    assert typist.prompts[:2] == ["[0:00 of 1:30] > ", "[0:50 of 1:30] > "]
    assert typist.shown.count("Time is up") == 1
    assert history.attempts(OWNER)[0]["seconds"] == 200.0


def test_without_a_timer_no_time_is_shown(practise: Callable[..., Typist]) -> None:
    assert practise(["/quit"]).prompts == ["> "]


def test_a_question_can_be_passed_over(practise: Callable[..., Typist], history: History) -> None:
    typist = practise(["/skip", "/skip", "/quit"])
    assert typist.prompts == ["> "] * 3
    assert history.attempts(OWNER) == []


def test_a_wrong_topic_is_told_before_anything_is_asked(settings: Settings) -> None:
    typist = Typist([])
    with pytest.raises(NoQuestionError, match="No question is about 'knitting'"):
        run(settings, "knitting", terminal=typist.terminal)
    assert typist.prompts == []


@pytest.fixture
def practice(answerer: Answerer, history: History) -> Practice:
    return Practice(answerer.settings, history, Grader(answerer.settings, answerer))


class Asking:
    """A grader that always has a follow-up question, and can fail."""

    def __init__(self, grader: Grader, fails_on: str = "") -> None:
        self.question_bank = grader.question_bank
        self._grader = grader
        self._fails_on = fails_on
        self.previous: list[Grade | None] = []

    def grade(self, question: str, answer: str, *args: object, **named: object) -> Grade:
        if self._fails_on and self._fails_on in answer:
            raise GuideError("The judge is away.")
        self.previous.append(named.get("previous"))  # type: ignore[arg-type]
        return replace(self._grader.grade(question, answer), follow_up="And what tells you?")


def test_a_follow_up_is_graded_with_what_was_said_before(
    practice: Practice, history: History
) -> None:
    grader = Asking(practice.grader)  # type: ignore[arg-type]
    practice.grader = grader
    typist = Typist([*GOOD, "The alarm on its depth.", ".", "q"])
    with pytest.raises(Left):
        Session(practice, typist.terminal).practise("sqs", None, None)
    first, second = grader.previous
    assert first is None and second is not None and second.answer == "\n".join(GOOD[:-1])
    (row,) = history.attempts(OWNER)
    assert row["follow_ups"] == [
        {"question": "And what tells you?", "answer": "The alarm on its depth."}
    ]
    assert "Both answers together" in typist.flat


def test_a_judge_that_is_away_costs_no_answer(practice: Practice, history: History) -> None:
    practice.grader = Asking(practice.grader, "DLQ")  # type: ignore[arg-type]
    typist = Typist([*GOOD, "/quit"])
    with pytest.raises(Left):
        Session(practice, typist.terminal).practise("sqs", None, None)
    assert "The judge is away. Your answer is kept" in typist.flat
    assert next(iter(history.drafts(OWNER).values()))[0] == "\n".join(GOOD[:-1])


def test_a_mock_interview_is_graded_at_its_end_only(
    practise: Callable[..., Typist], history: History
) -> None:
    typist = practise(["I don't know.", "."], mock=True, topic="sqs, queues")
    before, _, after = typist.flat.partition("Grading 1 of")
    assert "of 10" not in before and "key points" not in before
    assert "Question 1 of" in before and "Practise next" in after
    assert all(row["owner"] == OWNER for row in history.attempts(OWNER))


def test_a_mock_interview_that_was_left_goes_on(
    practise: Callable[..., Typist], history: History
) -> None:
    practise([CTRL_C], mock=True)
    typist = practise(["y", *GOOD, "", "", "", "", ""], mock=True)
    assert "An interview was left, 0 of" in typist.prompts[0]
    assert history.open_interview(OWNER) is None


def test_nothing_that_is_shown_moves_the_cursor() -> None:
    typist = Typist([])
    typist.terminal.say("a\x1b[2Jb\x07\x9b31m\nc")
    assert typist.shown == "a[2Jb31m\nc\n"


Command = Callable[..., Result]


@pytest.fixture
def command(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`python -m chat` in this process, outside of the project's folder."""
    monkeypatch.setenv("GUIDE_DATA", str(settings.data))
    monkeypatch.setenv("GUIDE_INDEX", str(settings.index))
    monkeypatch.chdir(tmp_path)
    return lambda *words, typed="": CliRunner().invoke(command_line, words, input=typed)


def test_the_command_practises_as_a_process_of_its_own(settings: Settings) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("GUIDE_")}
    env |= {"GUIDE_DATA": str(settings.data), "GUIDE_INDEX": str(settings.index)}
    env |= {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "chat", "practice", "sqs"],
        input="\n".join(GOOD), capture_output=True, text=True, env=env, cwd=settings.data.parent,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
    assert "1 question answered" in done.stdout


def test_the_command_exports_what_was_done(command: Command, tmp_path: Path) -> None:
    done = command("practice", "sqs", typed="\n".join(GOOD))
    assert done.exit_code == 0 and "1 question answered" in done.stdout
    for name, what in (("a.md", "1 attempt "), ("a.csv", "1 attempt "), ("a.apkg", "question")):
        out = command("export", str(tmp_path / name))
        assert out.exit_code == 0 and what in out.stdout and (tmp_path / name).is_file()


@pytest.mark.parametrize(
    "words",
    [
        ("practice", "knitting"),
        ("practice", "--level", "wizard"),
        ("export", "x.pdf"),
        ("export", "x.md"),
        ("export", "x.apkg", "--topic", "knitting"),
    ],
)
def test_the_command_tells_a_mistake_in_one_line(command: Command, words: tuple[str, ...]) -> None:
    done = command(*words)
    assert done.exit_code == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr

import multiprocessing
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from chat.grading import Grade, Grader, PointGrade
from chat.history import History
from chat.practice import MockInterview, NoQuestionError, Practice
from chat.settings import Settings
from chat.spaced_review import chance_to_know, rating_of, reviewed
from ingest.embedding import MiniLM
from ingest.errors import GuideError
from ingest.index import build
from ingest.questions import InterviewQuestion
from ingest.settings import IngestSettings
from tests.conftest import LESSONS

NOW = 1_800_000_000.0
DAY = 86400.0
ME = "me"


LESSON = """---
title: Function limits
series: services
order: 9
services: [lambda]
as_of: 2026-11
---

# Function limits

A Lambda function runs for at most 15 minutes.

## Interview questions

### Your nightly job needs forty minutes. Can it run in a Lambda function?
*Level: mid. Kind: concept.*

**Key points**
- A Lambda function runs for at most 15 minutes.
- Split the job with Step Functions, or run it on Fargate.

**Common mistakes**
- "Raise the timeout to an hour." - The maximum is 15 minutes.

**Model answer**

No: a function runs for at most 15 minutes. I would split the job into steps or run it on Fargate.

### How would you design retries for an asynchronous invocation?
*Level: senior. Kind: design.*

**Key points**
- Lambda retries an asynchronous invocation twice by default.
- An on-failure destination keeps the event after the last retry.
- The handler is idempotent, because an event may come twice.

**Common mistakes**
- "It retries for ever." - There are two retries by default.

**Model answer**

Two retries are the default. I would add an on-failure destination and make the handler idempotent.
"""


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    folder = tmp_path_factory.mktemp("practice")
    lesson = folder / "limits.md"
    lesson.write_text(LESSON, encoding="utf-8")
    index = folder / "index"
    build([LESSONS / "queues.md", lesson], IngestSettings(index=index), MiniLM.shared)
    return Grader(Settings(index=index, data=folder / "data"))


@pytest.fixture
def practice(grader: Grader, tmp_path: Path) -> Practice:
    return Practice(Settings(data=tmp_path), History(tmp_path), grader)


def graded(question: InterviewQuestion, score: float, missing: int = 0) -> Grade:
    """A grade of `question` with the first `missing` points missed."""
    points = tuple(
        PointGrade(
            point.text,
            "missing" if place < missing else "covered",
            "",
            weight="vital" if point.vital else "okay",
        )
        for place, point in enumerate(question.points)
    )
    return Grade(
        question.text, question.id, "my answer", score, points, (), "", (), "", "extractive",
        0.0, (score, score), rubric_version=question.version,
    )  # fmt: skip


def tell(practice: Practice, question: InterviewQuestion, score: float, when: float) -> str:
    return practice.record(ME, question, "my answer", graded(question, score), 60.0, now=when)


def test_every_question_is_asked_once_before_any_comes_again(practice: Practice) -> None:
    bank = practice.grader.question_bank()
    asked = []
    for turn in range(len(bank)):
        question, why = practice.next_question(ME, now=NOW + turn)
        assert why.startswith("New: you have tried")
        tell(practice, question, 9.5, NOW + turn)
        asked.append(question.id)
    assert sorted(asked) == sorted(question.id for question in bank)


def test_what_is_due_comes_before_what_is_new_and_the_weakest_of_it_first(
    practice: Practice,
) -> None:
    first, second, *_ = practice.grader.question_bank()
    tell(practice, first, 6.0, NOW)
    tell(practice, second, 2.0, NOW)
    question, why = practice.next_question(ME, now=NOW + 3 * DAY)
    assert question == second
    assert why == "Due for review: you scored 2 of 10 3 days ago."
    assert practice.next_question(ME, now=NOW + 3 * DAY, exclude={second.id})[0] == first


def test_when_nothing_is_due_or_new_the_lowest_score_comes_and_says_so(practice: Practice) -> None:
    bank = practice.grader.question_bank()
    for place, question in enumerate(bank):
        tell(practice, question, 7.0 + place, NOW)
    question, why = practice.next_question(ME, now=NOW + 60)
    assert question == bank[0]
    assert "Nothing is due" in why and "7 of 10 today" in why


def test_the_only_question_that_fits_is_asked_even_when_it_was_to_be_left_out(
    practice: Practice,
) -> None:
    only = practice.fitting("sqs")[0]
    assert practice.next_question(ME, "sqs", exclude={only.id})[0] == only


def test_one_person_s_attempts_do_not_move_another_s(practice: Practice) -> None:
    question = practice.next_question(ME, now=NOW)[0]
    tell(practice, question, 9.0, NOW)
    assert practice.next_question("slack:T1:U2", now=NOW)[0] == question
    assert practice.attempts("slack:T1:U2") == []


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"topic": "quantum knitting"}, "Topics are lessons and services"),
        ({"topic": "lambada"}, "Did you mean lambda"),
        ({"level": "wizard"}, "There is no level 'wizard'. Choose"),
        ({"kind": "poem"}, "There is no kind 'poem'. Choose"),
        ({"topic": "sqs", "kind": "concept"}, "There are: senior troubleshooting"),
    ],
)
def test_filters_that_nothing_fits_are_told_with_what_there_is(
    practice: Practice, filters: dict[str, str], told: str
) -> None:
    with pytest.raises(NoQuestionError, match=told):
        practice.next_question(ME, **filters)


def test_a_topic_is_a_lesson_a_file_or_a_service_in_any_case(practice: Practice) -> None:
    for name in ("Queues", "queues", "SQS", "queue"):
        assert {question.topic for question in practice.fitting(name)} == {"Queues"}


@pytest.mark.parametrize(
    ("score", "rating"),
    [(0, "again"), (3.9, "again"), (4, "hard"), (6.5, "good"), (8.9, "good"), (9, "easy")],
)
def test_the_score_sets_the_rating(score: float, rating: str) -> None:
    assert rating_of(score) == rating


def test_a_follow_up_is_never_easy() -> None:
    assert rating_of(10.0, helped=True) == "good"


def test_better_answers_come_back_later_and_reviews_grow_apart() -> None:
    dues = [reviewed("", rating, NOW).due for rating in ("again", "good", "easy")]
    assert NOW + 0.9 * DAY <= dues[0] < dues[1] < dues[2]
    once = reviewed("", "good", NOW)
    twice = reviewed(once.card, "good", once.due)
    assert twice.due - once.due > once.due - NOW
    assert chance_to_know(once.card, NOW) > chance_to_know(once.card, NOW + 30 * DAY) > 0


def test_a_follow_up_changes_its_attempt_and_counts_as_one_review(practice: Practice) -> None:
    question = practice.grader.question_bank()[0]
    attempt = tell(practice, question, 3.0, NOW)
    one_review = practice.history.cards(ME)[question.id]
    same = practice.record(
        ME, question, "my answer", graded(question, 8.0), 90.0, [("And then?", "An alarm.")], attempt
    )  # fmt: skip
    (row,) = practice.attempts(ME)
    assert same == attempt == row["id"]
    assert (row["score"], row["first_score"], row["created"]) == (8.0, 3.0, NOW)
    assert row["follow_ups"] == [{"question": "And then?", "answer": "An alarm."}]
    again = practice.history.cards(ME)[question.id]
    assert again == (reviewed("", "good", NOW).due, reviewed("", "good", NOW).card) != one_review


def test_a_late_follow_up_does_not_undo_a_newer_review(practice: Practice) -> None:
    question = practice.grader.question_bank()[0]
    old = tell(practice, question, 3.0, NOW)
    tell(practice, question, 9.5, NOW + DAY)
    newer = practice.history.cards(ME)[question.id]
    practice.record(ME, question, "a", graded(question, 5.0), 1.0, [("q", "a")], old)
    assert practice.history.cards(ME)[question.id] == newer


def test_an_answer_outlives_a_grading_that_fails(
    practice: Practice, grader: Grader, tmp_path: Path
) -> None:
    class Broken:
        question_bank = staticmethod(grader.question_bank)

        def grade(self, question: str, answer: str, *args: object, **named: object) -> Grade:
            raise GuideError("The judge is away.")

    question = grader.question_bank()[0]
    broken = Practice(practice.settings, practice.history, Broken())
    with pytest.raises(GuideError, match="away"):
        broken.submit(ME, question, "A dead-letter queue.", 42.0)
    again = Practice(practice.settings, History(tmp_path), grader)
    assert again.drafts(ME) == [(question, "A dead-letter queue.", 42.0)]
    assert again.draft(ME, question) == "A dead-letter queue."
    grade, attempt = again.submit(ME, question, "A dead-letter queue.", 42.0)
    assert again.drafts(ME) == []
    assert again.history.attempt(attempt)["score"] == grade.score  # type: ignore[index]


def _killed_while_grading(folder: Path, question: InterviewQuestion) -> None:
    class Killed:
        def question_bank(self) -> list[InterviewQuestion]:
            return [question]

        def grade(self, *args: object, **named: object) -> Grade:
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

    Practice(Settings(data=folder), History(folder), Killed()).submit(ME, question, "A DLQ.", 9.0)


def test_an_answer_outlives_a_process_that_is_killed_while_it_grades(
    practice: Practice, tmp_path: Path
) -> None:
    question = practice.grader.question_bank()[0]
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_killed_while_grading, args=(tmp_path, question))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert practice.drafts(ME) == [(question, "A DLQ.", 9.0)]


def test_a_follow_up_s_text_outlives_a_grading_that_fails(
    practice: Practice, grader: Grader
) -> None:
    question = grader.question_bank()[0]
    grade, attempt = practice.submit(ME, question, "A dead-letter queue with a redrive policy.")

    class Broken(Grader):
        def grade(self, *args: object, **named: object) -> Grade:  # type: ignore[override]
            raise GuideError("The judge is away.")

    broken = Practice(practice.settings, practice.history, Broken(practice.settings))
    previous = replace(grade, follow_up="And what tells you?")
    with pytest.raises(GuideError):
        broken.submit_follow_up(ME, question, attempt, previous, "An alarm on its depth.")
    (row,) = practice.attempts(ME)
    assert row["follow_ups"] == [
        {"question": "And what tells you?", "answer": "An alarm on its depth."}
    ]
    assert row["score"] == grade.score


def test_readiness_rises_with_answers_and_fades_with_time(practice: Practice) -> None:
    question = practice.fitting("Queues")[0]
    before = {row.topic: row for row in practice.readiness(ME, NOW)}
    assert before["Queues"].readiness == 0 and before["Queues"].mean is None
    tell(practice, question, 8.0, NOW)
    row = {row.topic: row for row in practice.readiness(ME, NOW)}["Queues"]
    assert (row.questions, row.tried, row.mean, row.due) == (before["Queues"].questions, 1, 8.0, 0)
    assert row.readiness == pytest.approx(0.8 / row.questions)
    later = {row.topic: row for row in practice.readiness(ME, NOW + 60 * DAY)}["Queues"]
    assert later.due == 1 and 0 < later.readiness < row.readiness


def test_the_weakest_points_are_those_the_last_attempt_missed(practice: Practice) -> None:
    question = next(q for q in practice.grader.question_bank() if len(q.points) >= 3)
    practice.record(ME, question, "a", graded(question, 2.0, missing=3), 1.0, now=NOW)
    practice.record(ME, question, "b", graded(question, 6.0, missing=2), 1.0, now=NOW + 1)
    weak = practice.weakest_points(ME)
    assert {point.point for point in weak} == {p.text for p in question.points[:2]}
    assert weak[0].question == question and (weak[0].missed, weak[0].tried) == (2, 2)
    assert len(practice.weakest_points(ME, 1)) == 1


def test_the_streak_counts_days_in_a_row_up_to_yesterday(practice: Practice) -> None:
    question = practice.grader.question_bank()[0]
    assert practice.streak(ME, NOW) == 0
    for days in (1, 2, 3, 5):
        tell(practice, question, 5.0, NOW - days * DAY)
    assert practice.streak(ME, NOW) == 3
    tell(practice, question, 5.0, NOW)
    assert practice.streak(ME, NOW) == 4
    assert practice.streak(ME, NOW + 2 * DAY) == 0


def test_attempts_from_many_threads_are_all_kept(practice: Practice) -> None:
    bank = practice.grader.question_bank()

    def work(start: int) -> None:
        for turn in range(5):
            tell(practice, bank[(start + turn) % len(bank)], 5.0, NOW + start * 100 + turn)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(practice.attempts(ME)) == 20


def test_an_interview_asks_different_lessons_and_grades_at_the_end(practice: Practice) -> None:
    interview = practice.start_interview(ME, count=3)
    assert len({question.topic for question in interview.questions[:2]}) == 2
    while (question := interview.current) is not None:
        good = question.model_answer if interview.position == 0 else ""
        interview.answer(good or "I don't know.", 30.0)
    assert practice.attempts(ME) == []
    steps: list[tuple[int, int]] = []
    summary = interview.finish(progress=lambda *step: steps.append(step))
    assert summary.strongest.question == interview.questions[0]
    assert summary.weakest.grade.score == 0
    assert summary.practise_next and summary.by_topic[0][1] >= summary.by_topic[-1][1]
    assert [a["id"] for a in practice.attempts(ME)] == [r.attempt for r in summary.results]
    assert steps[-1] == (len(interview.questions), len(interview.questions))
    assert summary.seconds == 30.0 * len(interview.questions)
    assert practice.resume_interview(ME) is None


def test_an_interview_on_a_topic_stays_with_it(practice: Practice) -> None:
    interview = practice.start_interview(ME, ["lambda"], count=5)
    assert [question.topic for question in interview.questions] == ["Function limits"] * 2


def test_an_interview_goes_on_after_a_restart_and_is_never_counted_twice(
    practice: Practice, tmp_path: Path
) -> None:
    interview = practice.start_interview(ME, count=2)
    interview.answer("A dead-letter queue with a redrive policy.", 10.0)
    again = Practice(practice.settings, History(tmp_path), practice.grader)
    resumed = again.resume_interview(ME)
    assert resumed is not None and resumed.position == 1
    assert resumed.questions == interview.questions
    resumed.finish(now=NOW)
    resumed.finish(now=NOW)
    assert len(again.attempts(ME)) == 2


def test_a_new_interview_replaces_an_open_one(practice: Practice) -> None:
    practice.start_interview(ME, count=1)
    second = practice.start_interview(ME, ["Queues"], count=1)
    resumed = MockInterview.resume(practice, ME)
    assert resumed is not None and resumed.id == second.id
    resumed.abandon()
    assert practice.resume_interview(ME) is None


def test_an_interview_takes_no_sixth_answer(practice: Practice) -> None:
    interview = practice.start_interview(ME, count=1)
    interview.answer("x")
    with pytest.raises(GuideError, match="are answered"):
        interview.answer("y")

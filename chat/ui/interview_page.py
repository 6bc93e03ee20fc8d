"""The mock interview: five questions over chosen topics, and no grade before the end."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from chat.mock_interview import QUESTIONS, MockInterview, MockResult, MockSummary, summary
from chat.ui import resources, sidebar, stored
from chat.ui.answer_box import Box, answer_box, forget, timer_minutes, timer_picker
from chat.ui.charts import shares
from chat.ui.grade_view import model_answer, show_attempt, show_question
from chat.ui.resources import OWNER
from chat.ui.text import label, minutes
from ingest.errors import GuideError

_ANY = "any"


def page() -> None:
    """Draw the page."""
    with st.sidebar:
        model = sidebar.model_picker()
        sidebar.index_state()
    st.title("Mock interview", anchor=False)
    try:
        resources.ready()
        interview = resources.practice().resume_interview(OWNER)
        if interview is not None:
            _questions(interview, model)
            return
        attempts = _attempts_of(str(st.query_params.get("i", "")))
        if attempts:
            _summary(attempts)
        else:
            _welcome()
    except GuideError as error:
        st.error(str(error))


def _welcome() -> None:
    st.write(
        f"{QUESTIONS} questions in a row, as in a real interview. There is no word on your "
        "answers until the end; then you see all grades and what to practise next. You can "
        "leave the page and go on later."
    )
    practice = resources.practice()
    topics = st.multiselect(
        "Topics",
        practice.topics(),
        key="interview-topics",
        placeholder="All topics; or choose some",
        persist_state="session",
    )
    columns = st.columns(3)
    with columns[0]:
        level = st.selectbox("Level", [_ANY, *practice.levels()], key="interview-level")
    with columns[1]:
        kind = st.selectbox("Kind", [_ANY, *practice.kinds()], key="interview-kind")
    with columns[2]:
        timer_picker()
    if st.button("Start the interview", type="primary"):
        try:
            practice.start_interview(
                OWNER,
                topics,
                None if level == _ANY else str(level),
                None if kind == _ANY else str(kind),
                QUESTIONS,
            )
        except GuideError as error:
            st.info(label(str(error)))
            return
        st.query_params.clear()
        st.rerun()


def _questions(interview: MockInterview, model: str) -> None:
    whole = len(interview.questions)
    question = interview.current
    if question is None:
        _finish(interview, model)
        return
    st.progress(interview.position / whole, text=f"Question {interview.position + 1} of {whole}")
    show_question(question)

    def take(text: str, seconds: float) -> None:
        interview.answer(text, seconds)
        resources.history().save_draft(OWNER, question.id, "")
        forget(question.id)
        st.rerun()

    last = interview.position + 1 == whole
    box = Box(
        question.id,
        "Your answer",
        "Finish and grade" if last else "Next question",
        "Leave it empty to pass.",
        timer_minutes(),
        may_be_empty=True,
    )
    answer_box(box, take)
    with st.expander("End it here"):
        st.caption("Questions that you did not reach count as passed.")
        columns = st.columns(2)
        if columns[0].button("Grade what I have", use_container_width=True):
            while not interview.done:
                interview.answer("")
            st.rerun()
        if columns[1].button("Throw it away", use_container_width=True):
            interview.abandon()
            st.rerun()


def _finish(interview: MockInterview, model: str) -> None:
    """Grade at once: a reload in the middle of it only begins again."""
    bar = st.progress(0.0, text="Grading ..")

    def progress(done: int, whole: int) -> None:
        bar.progress(done / whole, text=f"Graded {done} of {whole}")

    try:
        interview.finish(sidebar.other_model(model), progress)
    except GuideError as error:
        bar.empty()
        st.error(f"{error} Your answers are kept.")
        st.button("Grade again")
        if st.button("Throw the interview away", type="tertiary"):
            interview.abandon()
            st.rerun()
        return
    st.query_params["i"] = interview.id
    st.rerun()


def _attempts_of(interview: str) -> list[dict[str, Any]]:
    """The graded answers of an interview; they are stored under its id and their place."""
    found = []
    if interview:
        for place in range(50):
            attempt = resources.history().attempt(f"{interview}-{place}")
            if attempt is None or attempt["owner"] != OWNER:
                break
            found.append(attempt)
    return found


def _summary(attempts: Sequence[dict[str, Any]]) -> None:
    practice = resources.practice()
    known = [
        (attempt, question)
        for attempt in attempts
        if (question := stored.question_of(practice, attempt)) is not None
    ]
    results = [
        MockResult(question, attempt["answer"], stored.grade_of(attempt), attempt["id"])
        for attempt, question in known
    ]
    if not results:
        st.info("The guide no longer has these questions. Start a new interview.")
        _again()
        return
    made = summary(results, sum(attempt["seconds"] for attempt in attempts))
    columns = st.columns(3)
    columns[0].metric("Score", f"{made.score:g} of 10")
    answered = sum(bool(result.answer.strip()) for result in results)
    columns[1].metric("Answered", f"{answered} of {len(results)}")
    columns[2].metric("Time", minutes(made.seconds))
    _verdict(made)
    _chart(made)
    st.subheader("Your answers", anchor=False)
    for attempt, question in known:
        with st.expander(f"{attempt['score']:g} · {label(question.text)}"):
            show_attempt(attempt, question)
            model_answer(question, attempt["id"])
    _again()


def _verdict(made: MockSummary) -> None:
    if made.strongest.grade.score > made.weakest.grade.score:
        for name, result in (("Strongest", made.strongest), ("Weakest", made.weakest)):
            st.markdown(f"**{name}, {result.grade.score:g}:** {label(result.question.text)}")
    if made.practise_next:
        st.markdown("**Practise next:** " + label("; ".join(made.practise_next)))
    else:
        st.markdown("Nothing stood out as weak: take harder questions next.")


def _chart(made: MockSummary) -> None:
    if len(made.by_topic) > 1:
        rows = [(topic, score / 10) for topic, score in made.by_topic]
        st.altair_chart(shares(rows, "mean score"), alt="Mean score by topic")


def _again() -> None:
    if st.button("New interview", type="primary"):
        st.query_params.clear()
        st.rerun()

"""Practice: a question chosen for you, a written answer, its grade, and the follow-up.

The address says what is shown (`?q=` a question, `?a=` a graded attempt) and drafts are in the
history, so that a reload, a dropped connection or a failed grading loses nothing.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from chat.grading import Grade
from chat.ui import resources, sidebar, stored
from chat.ui.answer_box import Box, answer_box, forget, timer_minutes, timer_picker
from chat.ui.grade_view import model_answer, show_attempt, show_question
from chat.ui.resources import OWNER
from chat.ui.text import label
from ingest.errors import GuideError
from ingest.questions import InterviewQuestion

FOLLOW_UPS = 3
"""How many turns one question may take after the first answer."""
_ANY = "any"


def page() -> None:
    """Draw the page."""
    with st.sidebar:
        model = sidebar.model_picker()
        sidebar.index_state()
    try:
        resources.ready()
        attempt = resources.history().attempt(str(st.query_params.get("a", "")))
        asked = str(st.query_params.get("q", ""))
        if asked and (done := st.session_state.get(f"graded-{asked}")):
            # The answer was graded while another event redrew the page.
            st.query_params.from_dict({"a": done})
            attempt = resources.history().attempt(done)
        if attempt is not None and attempt["owner"] == OWNER:
            _graded(attempt, model)
        elif asked:
            _ask(resources.practice().question(asked), model)
        else:
            _welcome()
    except GuideError as error:
        st.error(str(error))
        if st.query_params.get("q"):
            st.button("Choose another question", on_click=st.query_params.clear)


def ask(question: InterviewQuestion, why: str) -> dict[str, str]:
    """Note why a question is asked; the address of the page that asks it."""
    st.session_state["why"] = (question.id, why)
    st.session_state.pop(f"graded-{question.id}", None)
    return {"q": question.id}


def filters(key: str = "practice") -> tuple[str | None, str | None, str | None]:
    """Pickers of topic, level, kind and timer; None is any."""
    practice = resources.practice()
    services = [f"service: {name}" for name in practice.services()]
    topic = st.selectbox(
        "Topic",
        [_ANY, *services, *practice.topics()],
        key=f"{key}-topic",
        persist_state="session",
    )
    columns = st.columns(3)
    with columns[0]:
        level = st.selectbox(
            "Level", [_ANY, *practice.levels()], key=f"{key}-level", persist_state="session"
        )
    with columns[1]:
        kind = st.selectbox(
            "Kind", [_ANY, *practice.kinds()], key=f"{key}-kind", persist_state="session"
        )
    with columns[2]:
        timer_picker()
    chosen = [None if value == _ANY else str(value) for value in (topic, level, kind)]
    about = chosen[0].removeprefix("service: ") if chosen[0] else None
    return about, chosen[1], chosen[2]


def _welcome() -> None:
    st.title("Practice", anchor=False)
    st.write(
        "You get one interview question and answer it in your own words. The grade shows which "
        "key points your answer makes, marked in your own text, and what is missing."
    )
    topic, level, kind = filters()
    if st.button("Ask me a question", type="primary"):
        _next(topic, level, kind)
    open_drafts = resources.practice().drafts(OWNER)
    if open_drafts:
        st.subheader("Answers you have not finished", anchor=False)
        for question, _, _ in open_drafts[:5]:
            if st.button(label(question.text), key=f"draft-{question.id}", type="tertiary"):
                st.query_params.from_dict(ask(question, "You began to answer this."))
                st.rerun()


def _next(topic: str | None, level: str | None, kind: str | None, exclude: str = "") -> None:
    """Go to the question to ask now; one line when no question fits."""
    try:
        question, why = resources.practice().next_question(
            OWNER, topic, level, kind, exclude=[exclude] if exclude else []
        )
    except GuideError as error:
        st.info(label(str(error)))
        return
    st.query_params.from_dict(ask(question, why))
    st.rerun()


def _why(question: InterviewQuestion) -> str:
    noted, why = st.session_state.get("why", ("", ""))
    if noted == question.id:
        return str(why)
    # After a reload the reason is gone, but not what is known of the question.
    last = resources.history().last_scores(OWNER).get(question.id)
    if last:
        return f"You scored {last[0]:g} of 10 the last time."
    return resources.practice().ranked(OWNER, [question])[0][1]


def _ask(question: InterviewQuestion, model: str) -> None:
    show_question(question, _why(question))

    def take(text: str, seconds: float) -> None:
        with st.spinner("Grading .."):
            _, attempt = resources.practice().submit(
                OWNER, question, text, seconds, sidebar.other_model(model)
            )
            st.session_state[f"graded-{question.id}"] = attempt
        forget(question.id)
        st.query_params.from_dict({"a": attempt})
        st.rerun()

    box = Box(
        question.id,
        "Your answer",
        "Grade my answer",
        "As you would say it in the interview. Ctrl+Enter grades it.",
        timer_minutes(),
    )
    answer_box(box, take)
    with st.expander("Another question"):
        topic, level, kind = filters()
        if st.button("Ask me another one"):
            _next(topic, level, kind, question.id)


def _graded(attempt: Mapping[str, Any], model: str) -> None:
    question = stored.question_of(resources.practice(), attempt)
    if question is None:
        st.subheader(label(attempt["question_text"]), anchor=False)
        st.caption("The guide no longer has this question.")
    else:
        show_question(question)
    if attempt["follow_ups"] and attempt["first_score"] is not None:
        st.caption(f"First answer {attempt['first_score']:g}, with the follow-up below.")
    show_attempt(attempt, question)
    if question is not None:
        model_answer(question, attempt["id"])
        _follow_up(attempt, question, model)
    st.divider()
    columns = st.columns([1, 1])
    topic, level, kind = _kept_filters()
    if columns[0].button("Next question", type="primary", use_container_width=True):
        _next(topic, level, kind, attempt["question"])
    if question is not None and columns[1].button("Try this again", use_container_width=True):
        st.query_params.from_dict(ask(question, "You wanted to try it again."))
        st.rerun()
    with st.expander("Choose topic, level and kind"):
        filters()


def _kept_filters() -> tuple[str | None, str | None, str | None]:
    names = ("practice-topic", "practice-level", "practice-kind")
    values = [str(st.session_state.get(name) or _ANY) for name in names]
    topic, level, kind = [None if value == _ANY else value for value in values]
    return (topic.removeprefix("service: ") if topic else None), level, kind


def _follow_up(attempt: Mapping[str, Any], question: InterviewQuestion, model: str) -> None:
    grade = attempt["grade"]
    asked = str(grade.get("follow_up") or "")
    if not asked or grade.get("gate") or len(attempt["follow_ups"]) >= FOLLOW_UPS:
        return
    draft = f"{attempt['id']}-{len(attempt['follow_ups']) + 1}"
    with st.container(border=True):
        st.markdown(f"**Follow-up.** {label(asked)}")

        def take(text: str, seconds: float) -> None:
            with st.spinner("Grading your answers together .."):
                grade = _graded_again(attempt, question, text, seconds, model)
            st.toast(f"Your answers together: {grade.score:g} of 10")
            resources.history().save_draft(OWNER, draft, "")
            forget(draft)
            st.rerun()

        answer_box(
            Box(draft, "Your answer to the follow-up", "Grade them together", height=120), take
        )


def _graded_again(
    attempt: Mapping[str, Any], question: InterviewQuestion, text: str, seconds: float, model: str
) -> Grade:
    # A turn whose grading failed before is in the history already and must not count twice.
    resources.history().save_follow_ups(attempt["id"], list(attempt["follow_ups"]))
    return resources.practice().submit_follow_up(
        OWNER,
        question,
        attempt["id"],
        stored.grade_of(attempt),
        text,
        seconds,
        sidebar.other_model(model),
    )

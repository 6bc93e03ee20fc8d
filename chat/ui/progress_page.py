"""Progress: readiness by topic, attempts over time, the weakest points, and all attempts."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from chat.progress import TopicReadiness, WeakPoint
from chat.ui import charts, downloads, pages, practice_page, resources, sidebar
from chat.ui.resources import OWNER
from chat.ui.text import day, label, short
from ingest.errors import GuideError

_TOPICS = 12
_PAGE = 10
_QUESTIONS = 5


def page() -> None:
    """Draw the page."""
    with st.sidebar:
        sidebar.model_picker()
        sidebar.index_state()
    st.title("Progress", anchor=False)
    try:
        practice = resources.ready()
        attempts = practice.attempts(OWNER)
        rows = practice.readiness(OWNER)
        if attempts:
            _figures(attempts, rows)
            _readiness(rows)
            st.subheader("Attempts over time", anchor=False)
            st.altair_chart(
                charts.attempts_over_time(attempts),
                alt="The score of each attempt over time, with the mean of each day",
            )
            _weakest(practice.weakest_points(OWNER, 16))
            _history(list(reversed(attempts)))
        else:
            st.info("Nothing to show yet. Answer one question, and your progress starts here.")
            if st.button("Go to practice", type="primary"):
                st.switch_page(pages.practice())
        downloads.show(bool(attempts))
    except GuideError as error:
        st.error(str(error))


def _figures(attempts: Sequence[Mapping[str, Any]], rows: Sequence[TopicReadiness]) -> None:
    tried, whole = sum(row.tried for row in rows), sum(row.questions for row in rows)
    last = {attempt["question"]: attempt["score"] for attempt in attempts}
    streak = resources.practice().streak(OWNER)
    figures = {
        "Streak": f"{streak} {'day' if streak == 1 else 'days'}",
        "Questions tried": f"{tried} of {whole}",
        "Mean of last scores": f"{sum(last.values()) / len(last):.1f}",
        "Due for review": f"{sum(row.due for row in rows)}",
    }
    with st.container(horizontal=True, gap="medium"):
        for name, value in figures.items():
            st.metric(name, value, width=150)


def _readiness(rows: Sequence[TopicReadiness]) -> None:
    st.subheader("Readiness by topic", anchor=False)
    st.caption(
        "The share of a topic's questions that you would answer well today: your last scores, "
        "less what is forgotten with time. A question not tried counts as nothing."
    )
    tried = sorted((row for row in rows if row.tried), key=lambda row: -row.readiness)
    shown = [(row.topic, row.readiness) for row in tried[:_TOPICS]]
    st.altair_chart(charts.shares(shown, "readiness"), alt="Readiness by topic, in percent")
    with st.expander(f"All {len(rows)} topics as a table"):
        st.dataframe(
            [
                {
                    "topic": row.topic,
                    "ready": f"{row.readiness:.0%}",
                    "tried": f"{row.tried} of {row.questions}",
                    "mean score": "-" if row.mean is None else f"{row.mean:.1f}",
                    "due": row.due,
                }
                for row in rows
            ],
            hide_index=True,
            width="stretch",
        )


def _weakest(points: Sequence[WeakPoint]) -> None:
    st.subheader("Weakest key points", anchor=False)
    if not points:
        st.write("None: your last attempts covered every key point.")
        return
    by_question: dict[str, list[WeakPoint]] = {}
    for weak in points:
        by_question.setdefault(weak.question.id, []).append(weak)
    for weak_ones in list(by_question.values())[:_QUESTIONS]:
        question = weak_ones[0].question
        with st.container(border=True, gap="small"):
            st.markdown(f"**{label(question.text)}**")
            lines = [f"- {label(weak.point)} *({_missed(weak)})*" for weak in weak_ones]
            st.markdown("\n".join(lines))
            if st.button("Practise this", key=f"weak-{question.id}"):
                where = practice_page.ask(question, "You missed key points of it before.")
                st.switch_page(pages.practice(), query_params=where)


def _missed(weak: WeakPoint) -> str:
    words = {"wrong": "wrong", "missing": "missed", "partial": "partly said"}.get(weak.verdict, "")
    return f"{words}, {weak.missed} of {weak.tried} times" if weak.tried > 1 else words


def _history(attempts: Sequence[Mapping[str, Any]]) -> None:
    st.subheader("All attempts", anchor=False)
    shown = int(st.session_state.get("attempts-shown", _PAGE))
    with st.container(gap="xsmall"):
        for attempt in attempts[:shown]:
            words = f"{attempt['score']:g} · {short(attempt['question_text'])}"
            words = f"{day(attempt['created'])} · {label(words)}"
            if st.button(words, key=f"attempt-{attempt['id']}", type="tertiary"):
                st.switch_page(pages.practice(), query_params={"a": attempt["id"]})
    if len(attempts) > shown and st.button(f"Show more of {len(attempts)}"):
        st.session_state["attempts-shown"] = shown + 3 * _PAGE
        st.rerun()

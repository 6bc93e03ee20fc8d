"""A graded attempt on the page: the grade, its sources, the model answer on request."""

import html
from collections.abc import Mapping
from typing import Any

import streamlit as st

from chat.passage_view import answer_html
from chat.ui import resources, stored
from chat.ui.answer_view import show_passage
from chat.ui.grade_html import grade_html
from chat.ui.text import label, minutes
from ingest.questions import InterviewQuestion

_CSS = """
:host, .grade { font-family: var(--st-font); color: var(--st-text-color); line-height: 1.6; }
.grade h3 { font-size: 1rem; font-weight: 600; margin: 1.1rem 0 .35rem; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1.2rem; }
.score { font-size: 1.15rem; }
.score b { font-size: 2.3rem; font-weight: 650; line-height: 1.2; }
.facts span:not(:last-child)::after { content: "·"; margin: 0 .45rem; }
.facts, small { opacity: .78; font-size: .9rem; }
.bar { position: relative; height: .5rem; border-radius: .25rem; margin: .3rem 0 .9rem;
  background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color); }
.bar i { position: absolute; top: 0; bottom: 0; border-radius: .25rem; }
.bar .band { background: #3b8fd1; opacity: .4; }
.bar .tick { width: 4px; margin-left: -2px; top: -.25rem; bottom: -.25rem;
  background: var(--st-text-color); }
.feedback p { margin: 0 0 .4rem; }
.said { border-left: 3px solid var(--st-border-color); padding: .1rem 0 .1rem .9rem;
  overflow-wrap: anywhere; }
mark { color: inherit; padding: .06rem .1rem; border-radius: .15rem; text-underline-offset: .22em;
  text-decoration-thickness: 2px; text-decoration-skip-ink: none; }
mark.covered { background: #3b8fd133; text-decoration: underline solid #3b8fd1 2px; }
mark.partial { background: #e69f0033; text-decoration: underline dashed #c98a00 2px; }
mark.wrong { background: #cc79a733; text-decoration: underline wavy #c2548f 1.5px; }
.sign { font-size: .72rem; font-weight: 650; white-space: nowrap; padding: .06rem .35rem;
  margin: 0 .2rem; border-radius: .6rem; border: 1px solid currentColor; }
.said .sign { vertical-align: super; line-height: 1; }
.sign.covered { border-color: #3b8fd1; } .sign.partial { border: 1px dashed #c98a00; }
.sign.wrong { border: 2px solid #c2548f; } .sign.missing { border: 1px dotted currentColor; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: 0;
  margin: 0 0 .5rem; font-size: .85rem; }
.points, .apart ul { list-style: none; padding: 0; margin: 0; }
.points li, .apart li { margin-bottom: .4rem; padding-left: 2.5rem; text-indent: -2.5rem; }
.points .sign, .apart .sign { display: inline-block; text-indent: 0; min-width: 1.9rem;
  text-align: center; margin: 0 .45rem 0 0; box-sizing: border-box; }
.apart { border: 2px solid #c2548f; border-radius: .5rem; padding: .1rem .9rem .5rem;
  margin-top: .9rem; }
.apart h3 { margin-top: .6rem; }
.cite { font: inherit; font-size: .78rem; line-height: 1.2; cursor: pointer; text-indent: 0;
  padding: .1rem .45rem; border-radius: .6rem; white-space: nowrap; background: transparent;
  border: 1px solid var(--st-border-color); color: inherit; opacity: .85; }
.cite:hover, .cite:focus-visible { border-color: var(--st-primary-color); opacity: 1;
  color: var(--st-primary-color); outline: 2px solid var(--st-primary-color); }
q { font-style: italic; }
"""
_JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".grade");
  root.innerHTML = data.html;
  root.querySelectorAll(".cite").forEach((button) => {
    button.onclick = () => setTriggerValue("cite", button.dataset.n);
  });
}
"""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "guide_grade", html='<div class="grade"></div>', css=_CSS, js=_JS
    )


def show_attempt(attempt: Mapping[str, Any], question: InterviewQuestion | None) -> None:
    """Render a stored attempt (a row of the history); `question` as the guide has it now."""
    grade = attempt["grade"]
    if grade.get("gate"):
        st.info(label(grade["gate"]), icon=":material/info:")
    index = resources.answerer().service().index
    cited = stored.cited_spans(index, question, attempt)
    body = grade_html(
        {**grade, "feedback": "" if grade.get("gate") else grade.get("feedback", "")},
        stored.turns_of(attempt),
        stored.mistakes_of(question, attempt),
        cited,
    )
    result = _component()(
        data={"html": body}, key=f"grade-{attempt['id']}", on_cite_change=lambda: None
    )
    if result.cite in cited:
        show_passage(cited[result.cite])
    _notes(grade)
    _reading(attempt, question)
    facts = [label(grade.get("model", "")), f"graded in {grade.get('seconds', 0):.2f} s"]
    if attempt["seconds"]:
        facts.append(f"you took {minutes(attempt['seconds'])}")
    if question and attempt["rubric_version"] not in {"", question.version}:
        facts.append("the rubric has changed since")
    st.caption(" · ".join(fact for fact in facts if fact))


def _notes(grade: Mapping[str, Any]) -> None:
    if grade.get("unsure"):
        st.warning("The graders disagree about this answer. Take the score with care.", icon="⚖️")
    for note in grade.get("notes", []):
        st.caption(f"⚠ {label(note)}")


def _reading(attempt: Mapping[str, Any], question: InterviewQuestion | None) -> None:
    citations = attempt["grade"].get("citations", [])
    if not citations:
        return
    with st.expander(f"Read in the guide ({len(citations)})"):
        for citation in citations:
            trail = " › ".join(citation["trail"]) or citation["source"]
            key = f"read-{attempt['id']}-{citation['n']}"
            if st.button(label(f"{citation['n']}. {trail}"), key=key, type="tertiary"):
                show_passage(stored.without_model_answer(citation, question))


def show_question(question: InterviewQuestion, why: str = "") -> None:
    """The question as a heading, with its lesson, level and kind, and why it is asked now."""
    st.subheader(label(question.text), anchor=False)
    facts = [question.topic, question.level, question.kind]
    st.caption(" · ".join(label(fact) for fact in facts if fact))
    if why:
        st.caption(f"*{label(why)}*")


def model_answer(question: InterviewQuestion, key: str) -> None:
    """A button that shows the model answer; nothing of it is on the page before."""
    if not question.model_answer.strip():
        return
    if st.toggle("Show the model answer", key=f"model-answer-{key}"):
        # answer_html escapes everything that could act.
        text = answer_html(question.model_answer, ())
        st.html(f'<div style="line-height:1.6">{text}</div>')


def escaped(text: str) -> str:
    """Text for st.html, with its line breaks."""
    return html.escape(text).replace("\n", "<br>")

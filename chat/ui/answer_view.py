"""An answer on the page: text with clickable markers, its sources, the passage dialog."""

from dataclasses import replace
from typing import Any

import streamlit as st

from chat.passage_view import answer_html, section_html
from chat.ui import resources
from chat.ui.text import label
from ingest.errors import GuideError

_CSS = """
:host, .answer { font-family: var(--st-font); color: var(--st-text-color); line-height: 1.6; }
.answer p { margin: 0 0 .6rem; }
.answer ul, .answer ol { margin: 0 0 .6rem; padding-left: 1.3rem; }
.answer li { margin-bottom: .35rem; }
.answer table { border-collapse: collapse; margin: .2rem 0 .8rem; width: 100%; }
.answer th, .answer td { border: 1px solid var(--st-border-color); padding: .4rem .6rem;
  text-align: left; vertical-align: top; }
.answer th { background: var(--st-secondary-background-color); }
.answer code { background: var(--st-secondary-background-color); padding: .1rem .3rem;
  border-radius: .25rem; }
.cite { font: inherit; font-size: .72rem; font-weight: 600; line-height: 1; cursor: pointer;
  vertical-align: super; margin: 0 .1rem; padding: .12rem .36rem; border-radius: .6rem;
  border: 1px solid var(--st-primary-color); color: var(--st-primary-color);
  background: transparent; }
.cite:hover, .cite:focus-visible { background: var(--st-primary-color); color: #fff; }
"""
_JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".answer");
  root.innerHTML = data.html;
  root.querySelectorAll(".cite").forEach((button) => {
    button.onclick = () => setTriggerValue("cite", Number(button.dataset.n));
  });
}
"""
_SECTION_CSS = """
.section { font-family: var(--st-font); color: var(--st-text-color); line-height: 1.55;
  max-height: 62vh; overflow-y: auto; padding-right: .5rem; overflow-wrap: anywhere; }
.section mark { background: #ffe58a; color: #1a1a1a; padding: .05rem .1rem; border-radius: .2rem; }
.section table { border-collapse: collapse; overflow-wrap: normal; }
.section th, .section td { border: 1px solid #8884; padding: .3rem .55rem; text-align: left; }
.section h1, .section h2, .section h3, .section h4 { font-size: 1.15rem; padding: .2rem 0;
  margin: .6rem 0 .3rem; }
.section ul, .section ol { padding-left: 1.4rem; }
.section pre { white-space: pre-wrap; background: #8881; padding: .6rem; border-radius: .4rem; }
.section pre.plain { font-family: inherit; background: none; padding: 0; }
"""
_SECTION_JS = """
export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".section");
  root.innerHTML = data.html;
  const mark = root.querySelector("mark");
  // Only the section scrolls: the words should stand in its upper third.
  const show = () => { if (mark) root.scrollTop = mark.offsetTop - root.offsetTop - 80; };
  requestAnimationFrame(show);
  setTimeout(show, 300);
}
"""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return st.components.v2.component(
        "guide_answer", html='<div class="answer"></div>', css=_CSS, js=_JS
    )


@st.cache_resource(show_spinner=False)
def _section() -> Any:
    return st.components.v2.component(
        "guide_section",
        html='<div class="section" tabindex="0"></div>',
        css=_SECTION_CSS,
        js=_SECTION_JS,
    )


def show_answer(answer: dict[str, Any], key: str) -> None:
    """Render a finished answer (its JSON form) with everything that belongs to it."""
    citations = {citation["n"]: citation for citation in answer["citations"]}
    html = answer_html(answer["answer"], citations)
    result = _component()(data={"html": html}, key=f"answer-{key}", on_cite_change=lambda: None)
    if result.cite in citations:
        show_passage(citations[result.cite])
    if citations:
        with st.expander(f"Sources ({len(citations)})"):
            for n, citation in citations.items():
                trail = " › ".join(citation["trail"]) or citation["source"]
                if st.button(f"[{n}] {label(trail)}", key=f"source-{key}-{n}", type="tertiary"):
                    show_passage(citation)
    for note in answer.get("notes", []):
        st.caption(f"⚠ {label(note)}")
    st.caption(_facts(answer))


def _facts(answer: dict[str, Any]) -> str:
    facts = [label(answer["model"]), f"{answer['seconds']:.2f} s"]
    usage = answer.get("usage") or {}
    if usage.get("input_tokens"):
        facts.append(f"{usage['input_tokens']:,} + {usage['output_tokens']:,} tokens")
    if usage.get("cache_read_tokens"):
        facts.append(f"{usage['cache_read_tokens']:,} from the prompt cache")
    if usage.get("cost_usd") is not None and usage.get("input_tokens"):
        facts.append(f"about {usage['cost_usd']:.4f} US dollars")
    return " · ".join(facts)


@st.dialog("In the guide", width="large")
def show_passage(citation: dict[str, Any]) -> None:
    """Open the cited section with the quoted words highlighted.

    A citation may say `until`, an offset before whose line the section must end.
    """
    st.caption(label(f"{citation['source']} › {' › '.join(citation['trail'])}"))
    try:
        document = resources.answerer().service().index.documents.get(citation["source"])
    except GuideError as error:
        st.error(str(error))
        return
    start, end = citation["start"], citation["end"]
    if document is None or document.text[start:end] != citation["quote"]:
        st.info("The guide has changed since this answer. It said:")
        st.text(citation["quote"])
        return
    until = citation.get("until", 0)
    if end <= until < len(document.text):
        kept = document.text[:until].rstrip().rpartition("\n")[0]
        document = replace(document, text=kept) if len(kept) >= end else document
    _section()(data={"html": section_html(document, start, end)}, key="section")

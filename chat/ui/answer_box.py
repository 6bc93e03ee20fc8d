"""The box to answer in: what is typed is kept while it is typed, with a timer if wanted."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from chat.ui import resources
from chat.ui.text import minutes
from ingest.errors import GuideError

LONGEST = 8000
_LIMITS = [0, 1, 2, 3, 5]
_KEEP_JS = """
export default function ({ data, setStateValue }) {
  let tries = 0;
  let area = null;
  const keep = () => {
    if (area.keeping) return;
    area.keeping = setTimeout(() => {
      area.keeping = null;
      if (area.isConnected) setStateValue("text", area.value);
    }, 1200);
  };
  const find = () => {
    area = document.querySelector(`.st-key-${data.key} textarea`);
    if (area) area.addEventListener("input", keep);
    else if (tries++ < 40) setTimeout(find, 100);
  };
  find();
  return () => { tries = 99; if (area) area.removeEventListener("input", keep); };
}
"""
_TIMER_CSS = """
.timer { font-family: var(--st-font); color: var(--st-text-color); font-size: .9rem;
  font-variant-numeric: tabular-nums; opacity: .85; }
.timer.over { font-weight: 650; opacity: 1; }
"""
_TIMER_JS = """
export default function ({ parentElement, data }) {
  const place = parentElement.querySelector(".timer");
  const started = Date.now() - data.elapsed * 1000;
  const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
  const show = () => {
    const spent = (Date.now() - started) / 1000;
    const left = data.limit - spent;
    place.classList.toggle("over", left < 0);
    place.textContent = left >= 0 ? `${clock(left)} left` : `Time is up (${clock(-left)} over)`;
  };
  show();
  const ticking = setInterval(show, 1000);
  return () => clearInterval(ticking);
}
"""


@st.cache_resource(show_spinner=False)
def _keeper() -> Any:
    return st.components.v2.component("guide_keeper", html="<span></span>", js=_KEEP_JS)


@st.cache_resource(show_spinner=False)
def _timer() -> Any:
    html = '<div class="timer" role="timer" aria-live="off"></div>'
    return st.components.v2.component("guide_timer", html=html, css=_TIMER_CSS, js=_TIMER_JS)


@dataclass(frozen=True)
class Box:
    """What one answer box is about."""

    draft: str
    """Under which name the draft is kept: a question's id."""
    heading: str
    submit: str
    placeholder: str = ""
    limit: float = 0.0
    """Minutes for the timer; 0 for none."""
    height: int = 220
    may_be_empty: bool = False


@st.fragment
def answer_box(box: Box, take: Callable[[str, float], None]) -> None:
    """Draw the box; on submit call `take(text, seconds)`, which changes the page.

    Reruns of the drafts' keeping stay in this fragment. When `take` raises a GuideError, its
    line stands below the box and the text stays.
    """
    try:
        _box(box, take)
    except GuideError as error:
        st.error(f"{error} Your answer is still here; try again.")


def _box(box: Box, take: Callable[[str, float], None]) -> None:
    history = resources.history()
    text, before = history.drafts(resources.OWNER).get(box.draft, ("", 0.0))
    started = st.session_state.setdefault(f"started-{box.draft}", time.time() - before)
    if box.limit:
        spent = time.time() - started
        _timer()(data={"elapsed": spent, "limit": box.limit * 60}, key=f"timer-{box.draft}")
    key = f"box-{box.draft}"
    if key not in st.session_state:
        st.session_state[key] = text
    with st.form(f"form-{box.draft}", border=False):
        typed = st.text_area(
            box.heading,
            key=key,
            height=box.height,
            max_chars=LONGEST,
            placeholder=box.placeholder,
            persist_state="session",
        )
        sent = st.form_submit_button(box.submit, type="primary")
    kept = _keeper()(data={"key": key}, key=f"keep-{box.draft}", on_text_change=lambda: None)
    seconds = time.time() - started
    if sent:
        words = str(typed or "")
        history.save_draft(resources.OWNER, box.draft, words, seconds)
        if not words.strip() and not box.may_be_empty:
            st.info("Write your answer first. A few sentences are enough.")
            return
        take(words, seconds)
        return
    live = kept.text
    if isinstance(live, str) and live != text and live != st.session_state.get(f"last-{key}"):
        st.session_state[f"last-{key}"] = live
        history.save_draft(resources.OWNER, box.draft, live[:LONGEST], seconds)


def forget(draft: str) -> None:
    """Drop what the session knows of a box, so that it starts empty the next time."""
    for name in (f"started-{draft}", f"box-{draft}", f"last-box-{draft}"):
        st.session_state.pop(name, None)


def timer_picker(key: str = "timer") -> None:
    """A picker of the time for an answer; the choice is kept over reloads."""

    def keep() -> None:
        resources.history().prefer(resources.OWNER, "timer", str(st.session_state[key]))

    st.selectbox(
        "Timer",
        _LIMITS,
        index=_LIMITS.index(timer_minutes()),
        key=key,
        format_func=lambda m: f"{minutes(m * 60)} min" if m else "no timer",
        on_change=keep,
        persist_state="session",
    )


def timer_minutes() -> int:
    """Minutes for an answer; 0 for no timer."""
    kept = resources.history().preference(resources.OWNER, "timer")
    return int(kept) if kept.isdigit() and int(kept) in _LIMITS else 0

"""What all pages and sessions share: loaded once a process, never at a rerun."""

import streamlit as st

from chat.answering import Answerer
from chat.grading import Grader
from chat.history import History
from chat.model_availability import Availability
from chat.practice import Practice
from chat.settings import Settings

OWNER = "web"
"""Whose attempts and ratings the web page keeps: it is bound to localhost, one person's."""


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The settings of the environment."""
    return Settings.load()


@st.cache_resource(show_spinner="Loading the guide ..")
def answerer() -> Answerer:
    """The answerer with its index and embedding model."""
    return Answerer(settings())


@st.cache_resource(show_spinner=False)
def history() -> History:
    """The history database."""
    return History(settings().data)


@st.cache_resource(show_spinner="Loading the guide ..")
def practice() -> Practice:
    """The practice loop with its grader, which shares the answerer's index and model."""
    return Practice(settings(), history(), Grader(settings(), answerer()))


def ready() -> Practice:
    """The practice loop with the interview questions read, which takes seconds the first time.

    Raises:
        GuideError: there is no usable index.
    """
    with st.spinner("Reading the interview questions .."):
        practice().topics()
    return practice()


@st.cache_resource(ttl=60, show_spinner=False)
def models() -> list[Availability]:
    """The models and whether they can be used; looking takes a second, so not at every rerun."""
    from chat.models import available

    return available(settings(), history())

"""What all pages and sessions share: loaded once a process, never at a rerun."""

import streamlit as st

from chat.answering import Answerer
from chat.history import History
from chat.settings import Settings


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


OWNER = "web"
"""Whose attempts and ratings the web page keeps: it is bound to localhost, one person's."""

"""The web app: its pages and what they have in common."""

import streamlit as st

from chat.ui import pages, resources
from ingest.errors import GuideError


def main() -> None:
    """Draw the page that the reader is on; a user's mistake is one line, never a trace."""
    st.set_page_config(page_title="AWS interview guide", page_icon="📘", layout="centered")
    try:
        resources.settings()
        st.navigation(pages.everything()).run()
    except GuideError as error:
        st.error(str(error))

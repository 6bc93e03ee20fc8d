"""Downloads: the attempts as Markdown and CSV, the question bank as an Anki deck."""

import streamlit as st

from chat.ui import resources
from chat.ui.resources import OWNER


def show(attempts: bool) -> None:
    """Draw the buttons; a file is made when its button is pressed, never at a rerun."""
    practice = resources.practice()

    def markdown() -> str:
        from chat.exports import attempts_markdown

        return attempts_markdown(practice.attempts(OWNER))

    def table() -> bytes:
        from chat.exports import attempts_csv

        return attempts_csv(practice.attempts(OWNER))

    def deck() -> bytes:
        from chat.exports import anki_deck

        return anki_deck(practice.grader.question_bank())

    st.subheader("Take it with you", anchor=False)
    with st.container(horizontal=True):
        if attempts:
            st.download_button(
                "Attempts, Markdown", markdown, "attempts.md", "text/markdown", on_click="ignore"
            )
            st.download_button(
                "Attempts, CSV", table, "attempts.csv", "text/csv", on_click="ignore"
            )
        st.download_button(
            "All questions, Anki deck",
            deck,
            "aws-interview-guide.apkg",
            "application/octet-stream",
            on_click="ignore",
        )

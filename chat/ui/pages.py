"""The pages of the web app, by name: for the navigation, and to go from one to another."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage


def chat() -> "StreamlitPage":
    """The chat over the guide; the first page."""
    import streamlit as st

    from chat.ui import chat_page

    return st.Page(
        chat_page.page, title="Chat", icon=":material/forum:", url_path="chat", default=True
    )


def practice() -> "StreamlitPage":
    """One question at a time; `?q=ID` asks one, `?a=ID` shows an attempt."""
    import streamlit as st

    from chat.ui import practice_page

    return st.Page(
        practice_page.page, title="Practice", icon=":material/edit_note:", url_path="practice"
    )


def interview() -> "StreamlitPage":
    """The mock interview; `?i=ID` shows the summary of one."""
    import streamlit as st

    from chat.ui import interview_page

    return st.Page(
        interview_page.page,
        title="Mock interview",
        icon=":material/record_voice_over:",
        url_path="interview",
    )


def progress() -> "StreamlitPage":
    """How far one is."""
    import streamlit as st

    from chat.ui import progress_page

    return st.Page(
        progress_page.page, title="Progress", icon=":material/monitoring:", url_path="progress"
    )


def usage() -> "StreamlitPage":
    """What models cost."""
    import streamlit as st

    from chat.ui import usage_page

    return st.Page(usage_page.page, title="Usage", icon=":material/payments:", url_path="usage")


def everything() -> list["StreamlitPage"]:
    """All pages in the order of the navigation."""
    return [chat(), practice(), interview(), progress(), usage()]

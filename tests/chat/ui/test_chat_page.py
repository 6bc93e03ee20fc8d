"""The web chat in a real browser, and without one through Streamlit's own test driver."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT


def ask(page: Any, question: str) -> None:
    page.get_by_placeholder("Ask the guide").fill(question)
    page.keyboard.press("Enter")


@pytest.mark.browser
def test_a_marker_opens_the_passage_with_the_quoted_words_marked(page: Any) -> None:
    ask(page, "What is the default visibility timeout?")
    page.locator(".cite").first.click()
    page.wait_for_selector(".section mark")
    assert "30 seconds" in page.locator(".section mark").first.inner_text()
    assert "becomes visible again" in page.locator(".section").inner_text()


@pytest.mark.browser
def test_the_conversation_is_kept_over_a_reload_and_a_follow_up_knows_it(page: Any) -> None:
    ask(page, "What is the visibility timeout of an SQS queue?")
    page.wait_for_selector(".cite")
    page.wait_for_url("**c=*")
    page.reload()
    page.wait_for_selector(".cite")
    assert page.get_by_text("What is the visibility timeout of an SQS queue?").count() >= 1
    ask(page, "and how long can it be at most?")
    page.wait_for_selector("text=12 hours")


@pytest.mark.browser
def test_an_example_asks_itself_and_a_hostile_question_stays_text(page: Any) -> None:
    page.get_by_role("button", name="What is the default visibility timeout in SQS?").click()
    page.wait_for_selector(".cite")
    ask(page, "<img src=x onerror=document.title='owned'> **bold** [a](javascript:alert(1))")
    page.wait_for_selector("text=onerror=document.title")
    assert page.title() != "owned"
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.browser
def test_ingest_again_reports_what_it_did(page: Any) -> None:
    page.get_by_role("button", name="Ingest again").click()
    page.wait_for_selector("text=Nothing had changed")


def test_a_missing_index_is_a_message_and_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv("GUIDE_INDEX", str(tmp_path / "none"))
    monkeypatch.setenv("GUIDE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(ROOT)
    st.cache_resource.clear()
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    assert any("make ingest" in warning.value for warning in app.warning)
    app.chat_input[0].set_value("What is a queue?").run()
    assert any("make ingest" in error.value for error in app.error)
    assert not app.exception
    st.cache_resource.clear()

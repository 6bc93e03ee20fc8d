"""Practice, the mock interview and progress in a real browser."""

from typing import Any

import pytest

QUESTION = "A consumer keeps failing"
ANSWER = (
    "I configure a dead-letter queue with a redrive policy and a maxReceiveCount.\n"
    "Raise the visibility timeout until it works.\n"
    "<img src=x onerror=document.title='owned'> **bold**"
)


def settled(tab: Any) -> None:
    """Wait until the page is drawn: before that, boxes of the old page are still there."""
    tab.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    tab.wait_for_function("document.querySelectorAll('[data-stale=true]').length === 0")


def asked(tab: Any, address: str) -> Any:
    """The answer box of the question."""
    tab.goto(f"{address}/practice")
    tab.get_by_role("button", name="Ask me a question").click()
    tab.wait_for_url("**q=*")
    settled(tab)
    return tab.get_by_label("Your answer", exact=True)


@pytest.mark.browser
def test_what_is_typed_and_not_sent_survives_a_reload(tab: Any, address: str) -> None:
    box = asked(tab, address)
    box.press_sequentially("A dead-letter queue takes")
    # The words are kept a moment after they were typed; the reload finds them or comes again.
    for _ in range(20):
        tab.wait_for_timeout(1500)
        tab.reload()
        box.wait_for()
        settled(tab)
        if box.input_value():
            break
        box.press_sequentially("A dead-letter queue takes")
    assert box.input_value() == "A dead-letter queue takes"
    box.fill("")
    tab.wait_for_timeout(2500)


@pytest.mark.browser
def test_a_graded_answer_is_marked_and_a_mistake_opens_its_passage(tab: Any, address: str) -> None:
    asked(tab, address).fill(ANSWER)
    tab.get_by_role("button", name="Grade my answer").click()
    covered = tab.locator(".said mark.covered")
    covered.first.wait_for()
    assert "redrive policy" in covered.first.inner_text()
    assert "onerror=document.title" in tab.locator(".said").inner_text()
    assert tab.title() != "owned" and tab.locator("img[src=x]").count() == 0
    tab.locator(".apart .cite").first.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".section mark")
    assert "only delays the next failure" in tab.locator(".section mark").first.inner_text()
    assert "poison message" not in tab.locator(".section").inner_text()
    tab.keyboard.press("Escape")
    tab.get_by_text("Show the model answer").click()
    tab.wait_for_selector("text=poison message")
    tab.reload()
    covered.first.wait_for()


@pytest.mark.browser
def test_a_mock_interview_on_a_phone_ends_with_a_summary_and_shows_no_grade_before(
    tab: Any, address: str
) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(f"{address}/interview")
    tab.get_by_role("button", name="Start the interview").click()
    tab.wait_for_selector("text=Question 1 of 1")
    settled(tab)
    assert tab.locator(".score").count() == 0
    tab.get_by_label("Your answer", exact=True).fill("I alarm on the depth of the DLQ.")
    tab.get_by_role("button", name="Finish and grade").click()
    tab.wait_for_url("**i=*")
    tab.wait_for_selector("text=Your answers")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_a_weak_point_of_the_progress_page_leads_to_its_question(tab: Any, address: str) -> None:
    asked(tab, address).fill("I alarm on the depth of the dead-letter queue.")
    tab.get_by_role("button", name="Grade my answer").click()
    tab.wait_for_url("**a=*")
    tab.goto(f"{address}/progress")
    tab.get_by_role("button", name="Practise this").first.click()
    tab.wait_for_url("**/practice?q=*")
    tab.get_by_label("Your answer", exact=True).wait_for()
    assert tab.get_by_text("You missed key points of it before").count() == 1

"""The states of the pages, without a browser."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chat.answer import Usage
from chat.history import FILE, History
from tests.conftest import ROOT

ANSWER = "I configure a DLQ with maxReceiveCount and alarm on its depth."
PAGES = ("practice_page", "interview_page", "progress_page", "usage_page")


@pytest.fixture(autouse=True)
def own_data(index_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import streamlit as st

    monkeypatch.setenv("GUIDE_INDEX", str(index_folder))
    monkeypatch.setenv("GUIDE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(ROOT)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def opened(name: str, **address: str) -> Any:
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_string(f"from chat.ui.{name} import page\npage()", default_timeout=120)
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def press(app: Any, words: str) -> Any:
    next(button for button in app.button if words in button.label).click()
    app.run()
    assert not app.exception
    return app


def shown(app: Any) -> str:
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.error, app.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def where(app: Any, name: str) -> str:
    """What the page's address says."""
    value = app.query_params[name]
    return str(value if isinstance(value, str) else value[0])


def asked() -> Any:
    app = press(opened("practice_page"), "Ask me a question")
    assert "A consumer keeps failing" in shown(app)
    return app


def graded() -> Any:
    app = asked()
    app.text_area[0].set_value(ANSWER)
    return press(app, "Grade my answer")


@pytest.mark.parametrize("name", PAGES)
def test_a_missing_index_is_one_line_that_says_what_to_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUIDE_INDEX", str(tmp_path / "none"))
    app = opened(name)
    assert any("make ingest" in warning.value for warning in app.warning)
    if name != "usage_page":
        assert any("make ingest" in error.value for error in app.error)
    assert any(button.label == "Ingest again" for button in app.button)


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_page_says_what_to_do(name: str) -> None:
    expected = {
        "practice_page": "You get one interview question",
        "interview_page": "questions in a row",
        "progress_page": "Answer one question",
        "usage_page": "No model was called yet",
    }
    assert expected[name] in shown(opened(name))


def test_a_question_is_asked_with_the_reason_and_its_grade_has_an_address() -> None:
    app = asked()
    assert "you have tried 0 of 1" in shown(app)
    app.text_area[0].set_value(ANSWER)
    press(app, "Grade my answer")
    assert app.query_params["a"] and "q" not in app.query_params
    assert any(button.label == "Next question" for button in app.button)


def test_the_model_answer_is_on_the_page_only_after_it_was_asked_for() -> None:
    app = graded()
    assert "poison message" not in str(app.main)
    app.toggle[0].set_value(True).run()
    assert "poison message" in str([element.proto for element in app.get("html")])


def test_an_empty_answer_is_not_graded_and_a_stored_draft_comes_back() -> None:
    app = press(asked(), "Grade my answer")
    assert "Write your answer first" in shown(app)
    question = where(app, "q")
    from chat.ui import resources

    resources.history().save_draft("web", question, "half an ans")
    assert opened("practice_page", q=question).text_area[0].value == "half an ans"
    assert any("A consumer" in button.label for button in opened("practice_page").button)


def test_a_failed_grading_keeps_the_answer_and_says_so_in_one_line(tmp_path: Path) -> None:
    app = asked()
    app.text_area[0].set_value(ANSWER)
    database = sqlite3.connect(tmp_path / "data" / FILE)
    database.execute("ALTER TABLE cards RENAME TO elsewhere")
    press(app, "Grade my answer")
    assert "Your answer is still here; try again." in shown(app)
    assert app.text_area[0].value == ANSWER
    database.execute("ALTER TABLE elsewhere RENAME TO cards")
    again = opened("practice_page", q=where(app, "q"))
    assert again.text_area[0].value == ANSWER
    assert press(again, "Grade my answer").query_params["a"]


def test_an_address_of_a_question_that_is_gone_is_one_line() -> None:
    assert "no longer has this question" in shown(opened("practice_page", q="gone"))


def test_a_stranger_s_attempt_is_not_shown() -> None:
    app = graded()
    from chat.ui import resources

    row = resources.history().attempt(where(app, "a"))
    assert row is not None
    resources.history().add_attempt({**row, "id": "theirs", "owner": "slack:T:U"})
    assert "You get one interview question" in shown(opened("practice_page", a="theirs"))


def test_a_follow_up_is_graded_together_with_the_first_answer() -> None:
    app = graded()
    from chat.ui import resources

    first = resources.history().attempt(where(app, "a"))
    assert first is not None
    app.text_area[0].set_value("The consumer is idempotent: at least once means duplicates.")
    press(app, "Grade them together")
    attempt = resources.history().attempt(where(app, "a"))
    assert attempt is not None
    assert [turn["question"] for turn in attempt["follow_ups"]] == [first["grade"]["follow_up"]]
    assert attempt["score"] > attempt["first_score"] == first["score"]
    assert len(resources.history().attempts("web")) == 1


def test_an_interview_gives_no_grade_before_its_end_and_goes_on_after_a_reload() -> None:
    app = press(opened("interview_page"), "Start the interview")
    assert "Question 1 of 1" in app.get("progress")[0].proto.text
    app = opened("interview_page")
    app.text_area[0].set_value(ANSWER)
    assert not app.metric
    press(app, "Finish and grade")
    assert app.metric[0].label == "Score" and app.metric[0].value.endswith("of 10")
    again = opened("interview_page", i=where(app, "i"))
    assert again.metric[0].value == app.metric[0].value


def test_a_skipped_question_counts_as_nothing() -> None:
    app = press(opened("interview_page"), "Start the interview")
    press(app, "Grade what I have")
    assert app.metric[0].value == "0 of 10"
    assert app.metric[1].value == "0 of 1"


def test_progress_shows_figures_points_and_attempts() -> None:
    graded()
    app = opened("progress_page")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Streak"] == "1 day" and figures["Questions tried"] == "1 of 1"
    labels = [button.label for button in app.button]
    assert "Practise this" in labels
    assert any("A consumer keeps failing" in label for label in labels)
    assert len(app.get("download_button")) == 3


def test_usage_sums_calls_and_says_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUIDE_DAILY_BUDGET_USD", "0.5")
    history = History(tmp_path / "data")
    for _ in range(3):
        history.log_call("m:priced", "answer", Usage(1000, 50, cost_usd=0.1), 1.0)
    history.log_call("m:free", "answer", Usage(10, 5), 1.0)
    app = opened("usage_page")
    assert [metric.value[:6] for metric in app.metric] == ["0.3000", "0.2000"]
    rows = app.dataframe[0].value
    assert list(rows["calls"]) == [1, 3]
    assert "4 calls" in shown(app) and "without a known price" in shown(app)


def test_a_spent_budget_says_what_happens_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUIDE_DAILY_BUDGET_USD", "0.1")
    History(tmp_path / "data").log_call("m:p", "answer", Usage(1, 1, cost_usd=0.2), 1.0)
    assert "Today's budget is spent" in shown(opened("usage_page"))

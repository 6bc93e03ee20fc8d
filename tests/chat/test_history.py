import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from chat.answer import Turn, Usage
from chat.answering import Answerer
from chat.history import FILE, History, HistoryError


def test_a_conversation_survives_a_restart(tmp_path: Path, answerer: Answerer) -> None:
    history = History(tmp_path)
    conversation = history.start_conversation("me")
    answer = answerer.ask("What is the visibility timeout?")
    history.add_message(conversation, Turn("user", answer.question))
    history.add_message(conversation, Turn("assistant", answer.text), answer)
    again = History(tmp_path)
    assert again.turns(conversation)[1] == Turn("assistant", answer.text)
    assert again.messages(conversation)[1]["answer"]["id"] == answer.id
    assert again.conversations("me") == [(conversation, answer.question)]
    assert again.answer(answer.id)["answer"] == answer.text  # type: ignore[index]


def _claim(folder: Path, out: "multiprocessing.Queue[int]") -> None:
    history = History(folder)
    out.put(sum(history.claim_event(f"event-{n}") for n in range(50)))


def test_an_event_is_claimed_once_by_all_processes_together(tmp_path: Path) -> None:
    History(tmp_path)
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.Queue[int] = context.Queue()
    processes = [context.Process(target=_claim, args=(tmp_path, out)) for _ in range(3)]
    for process in processes:
        process.start()
    assert sum(out.get(timeout=60) for _ in processes) == 50
    for process in processes:
        process.join()
    assert not History(tmp_path).claim_event("event-7")


def test_a_rating_can_be_changed(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.rate("answer", "me", 1)
    history.rate("answer", "me", -1, "wrong passage")
    with sqlite3.connect(history.path) as connection:
        rows = connection.execute("SELECT rating, comment FROM feedback").fetchall()
    assert rows == [(-1, "wrong passage")]


def test_model_calls_are_summed_by_day_and_model(tmp_path: Path) -> None:
    history = History(tmp_path)
    for cost in (0.25, 0.5):
        history.log_call("bedrock:x", "answer", Usage(10, 5, cost_usd=cost), 1.0)
    (row,) = history.usage_by_day()
    assert (row["calls"], row["input_tokens"], row["cost_usd"]) == (2, 20, 0.75)
    assert history.spent_today() == 0.75


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(HistoryError, match="can't be used"):
        History(tmp_path)

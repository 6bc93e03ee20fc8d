"""What happened, in SQLite: conversations, answers, feedback, attempts, model calls.

Write-ahead logging lets the web page and the Slack bot share the file; every write is
one transaction, so a crash loses nothing that was said to be stored.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from chat.answer import Answer, Turn, Usage
from chat.migrations import MIGRATIONS
from ingest.errors import GuideError

FILE = "history.sqlite3"


class HistoryError(GuideError):
    """The history database can't be opened or written."""


class History:
    """The history database in a folder. Safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Open or create the database.

        Raises:
            HistoryError: the folder can't be written, or the file is not a database.
        """
        self.path = folder / FILE
        self._local = threading.local()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._connect() as connection:
                _migrate(connection)
        except (OSError, sqlite3.Error) as error:
            raise HistoryError(
                f"The history in {self.path} can't be used ({error}). "
                "Check GUIDE_DATA, or move the file away to start a new one."
            ) from None

    @contextmanager
    def _connect(self, writing: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection of this thread, in a transaction that ends with the block."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
        connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _write(self, statement: str, values: tuple[Any, ...]) -> int:
        """Run one writing statement; the number of rows that it changed."""
        try:
            with self._connect() as connection:
                return connection.execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise HistoryError(f"The history in {self.path} can't be written ({error}).") from None

    def _read(self, statement: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        try:
            with self._connect(writing=False) as connection:
                return list(connection.execute(statement, values))
        except sqlite3.Error as error:
            raise HistoryError(f"The history in {self.path} can't be read ({error}).") from None

    # Conversations

    def start_conversation(self, owner: str = "", conversation: str | None = None) -> str:
        """Create a conversation (or find the named one) and return its id."""
        conversation = conversation or uuid4().hex
        self._write(
            "INSERT OR IGNORE INTO conversations (id, created, owner) VALUES (?, ?, ?)",
            (conversation, time.time(), owner),
        )
        return conversation

    def add_message(self, conversation: str, turn: Turn, answer: Answer | None = None) -> None:
        """Append a message; an assistant's message carries its answer."""
        body = json.dumps(answer.to_json(), ensure_ascii=False) if answer else None
        if answer:
            self.log_answer(answer)
            body = json.dumps({"id": answer.id, **json.loads(body or "{}")}, ensure_ascii=False)
        self._write(
            "INSERT INTO messages (conversation, created, role, content, answer) "
            "VALUES (?, ?, ?, ?, ?)",
            (conversation, time.time(), turn.role, turn.content, body),
        )

    def messages(self, conversation: str) -> list[dict[str, Any]]:
        """The messages of a conversation in order: role, content, answer (a dict or None)."""
        rows = self._read(
            "SELECT role, content, answer FROM messages WHERE conversation = ? ORDER BY id",
            (conversation,),
        )
        return [
            {
                "role": row["role"],
                "content": row["content"],
                "answer": json.loads(row["answer"]) if row["answer"] else None,
            }
            for row in rows
        ]

    def conversations(self, owner: str, count: int = 20) -> list[tuple[str, str]]:
        """A person's latest conversations as (id, first question), newest first."""
        rows = self._read(
            "SELECT c.id, (SELECT content FROM messages m WHERE m.conversation = c.id "
            "ORDER BY m.id LIMIT 1) AS title FROM conversations c WHERE owner = ? "
            "ORDER BY c.created DESC LIMIT ?",
            (owner, count),
        )
        return [(row["id"], row["title"] or "(empty)") for row in rows]

    def turns(self, conversation: str) -> list[Turn]:
        """The conversation as the answerer takes it."""
        return [Turn(m["role"], m["content"]) for m in self.messages(conversation)]

    # Answers, feedback, usage

    def log_answer(self, answer: Answer) -> None:
        """Keep an answer with all that it can be traced to."""
        usage = answer.usage
        self._write(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                answer.id,
                time.time(),
                answer.question,
                answer.model,
                answer.generation,
                answer.fingerprint,
                int(answer.abstained),
                answer.timings.get("total", 0.0),
                usage.input_tokens,
                usage.output_tokens,
                usage.cache_read_tokens,
                usage.cost_usd,
                json.dumps(answer.to_json(), ensure_ascii=False),
            ),
        )

    def answer(self, answer_id: str) -> dict[str, Any] | None:
        """A logged answer in its JSON form."""
        rows = self._read("SELECT body FROM answers WHERE id = ?", (answer_id,))
        return json.loads(rows[0]["body"]) if rows else None

    def rate(self, answer_id: str, owner: str, rating: int, comment: str = "") -> None:
        """Store or change a person's rating of an answer: 1 good, -1 bad."""
        self._write(
            "INSERT INTO feedback (answer, created, owner, rating, comment) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (answer, owner) DO UPDATE SET rating = excluded.rating, "
            "comment = excluded.comment, created = excluded.created",
            (answer_id, time.time(), owner, rating, comment),
        )

    def log_call(
        self, model: str, purpose: str, usage: Usage, seconds: float, error: str = ""
    ) -> None:
        """Count one call of a model, also one that failed."""
        self._write(
            "INSERT INTO model_calls (created, model, purpose, input_tokens, output_tokens, "
            "cache_read_tokens, cache_write_tokens, cost_usd, seconds, error) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                time.time(),
                model,
                purpose,
                usage.input_tokens,
                usage.output_tokens,
                usage.cache_read_tokens,
                usage.cache_write_tokens,
                usage.cost_usd,
                seconds,
                error,
            ),
        )

    def usage_by_day(self) -> list[dict[str, Any]]:
        """Calls, tokens and estimated cost by UTC day and model, newest first."""
        rows = self._read(
            "SELECT date(created, 'unixepoch') AS day, model, COUNT(*) AS calls, "
            "SUM(input_tokens) AS input_tokens, SUM(output_tokens) AS output_tokens, "
            "SUM(cache_read_tokens) AS cache_read_tokens, "
            "SUM(cache_write_tokens) AS cache_write_tokens, SUM(cost_usd) AS cost_usd, "
            "SUM(error != '') AS errors FROM model_calls GROUP BY day, model "
            "ORDER BY day DESC, model"
        )
        return [dict(row) for row in rows]

    def spent_today(self) -> float:
        """Estimated US dollars spent on models in the current UTC day."""
        rows = self._read(
            "SELECT COALESCE(SUM(cost_usd), 0) AS spent FROM model_calls "
            "WHERE date(created, 'unixepoch') = date('now')"
        )
        return float(rows[0]["spent"])

    # Practice

    def add_attempt(
        self, attempt: dict[str, Any], card: tuple[float, str] | None = None, before: str = ""
    ) -> None:
        """Store a graded attempt, and with it, all or nothing, what it changes.

        Args:
            attempt: id, owner, question, question_text, topic, rubric_version, answer, score,
                grade (a dict), seconds; `created`, `follow_ups` and `first_score` if known.
                An attempt of the same id is replaced. The draft of the question goes.
            card: (due, card) of the question's spaced review after the attempt.
            before: the card before the attempt, so that the attempt can be rated anew.
        """
        first = attempt.get("first_score")
        values = (
            attempt["id"],
            attempt.get("created", time.time()),
            attempt["owner"],
            attempt["question"],
            attempt["question_text"],
            attempt["topic"],
            attempt["rubric_version"],
            attempt["answer"],
            attempt["score"],
            json.dumps(attempt["grade"], ensure_ascii=False),
            attempt.get("seconds", 0.0),
            json.dumps(attempt.get("follow_ups", []), ensure_ascii=False),
            attempt["score"] if first is None else first,
            before,
        )
        key = (attempt["owner"], attempt["question"])
        try:
            with self._connect() as connection:
                connection.execute(
                    "INSERT OR REPLACE INTO attempts (id, created, owner, question, "
                    "question_text, topic, rubric_version, answer, score, grade, seconds, "
                    "follow_ups, first_score, card_before) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    values,
                )
                if card is not None:
                    connection.execute(
                        "INSERT OR REPLACE INTO cards (owner, question, due, card) "
                        "VALUES (?, ?, ?, ?)",
                        (*key, *card),
                    )
                connection.execute("DELETE FROM drafts WHERE owner = ? AND question = ?", key)
        except sqlite3.Error as error:
            raise HistoryError(f"The history in {self.path} can't be written ({error}).") from None

    def attempts(self, owner: str | None) -> list[dict[str, Any]]:
        """A person's attempts (everyone's when None), oldest first.

        `grade` is a dict, `follow_ups` a list of dicts.
        """
        rows = self._read(
            "SELECT * FROM attempts WHERE ?1 IS NULL OR owner = ?1 ORDER BY created, rowid",
            (owner,),
        )
        return [_attempt(row) for row in rows]

    def attempt(self, attempt_id: str) -> dict[str, Any] | None:
        """One attempt, in the form of `attempts`."""
        rows = self._read("SELECT * FROM attempts WHERE id = ?", (attempt_id,))
        return _attempt(rows[0]) if rows else None

    def last_scores(self, owner: str) -> dict[str, tuple[float, float, int]]:
        """question id -> (score of the last attempt, its time, number of attempts)."""
        rows = self._read(
            "SELECT question, score, MAX(created) AS last, COUNT(*) AS tries FROM attempts "
            "WHERE owner = ? GROUP BY question",
            (owner,),
        )
        return {row["question"]: (row["score"], row["last"], row["tries"]) for row in rows}

    def save_follow_ups(self, attempt_id: str, follow_ups: list[dict[str, str]]) -> None:
        """Store the follow-up turns of an attempt: `{"question", "answer"}` each."""
        self._write(
            "UPDATE attempts SET follow_ups = ? WHERE id = ?",
            (json.dumps(follow_ups, ensure_ascii=False), attempt_id),
        )

    def cards(self, owner: str) -> dict[str, tuple[float, str]]:
        """question id -> (due, card) of a person's spaced review."""
        rows = self._read("SELECT question, due, card FROM cards WHERE owner = ?", (owner,))
        return {row["question"]: (row["due"], row["card"]) for row in rows}

    def save_draft(self, owner: str, question: str, answer: str, seconds: float = 0.0) -> None:
        """Keep an answer that is not graded yet, in place of an earlier one; empty drops it."""
        if not answer.strip():
            self._write("DELETE FROM drafts WHERE owner = ? AND question = ?", (owner, question))
            return
        self._write(
            "INSERT OR REPLACE INTO drafts (owner, question, created, answer, seconds) "
            "VALUES (?, ?, ?, ?, ?)",
            (owner, question, time.time(), answer, seconds),
        )

    def drafts(self, owner: str) -> dict[str, tuple[str, float]]:
        """question id -> (answer, seconds) of the answers not graded yet, latest first."""
        rows = self._read(
            "SELECT question, answer, seconds FROM drafts WHERE owner = ? "
            "ORDER BY created DESC, rowid DESC",
            (owner,),
        )
        return {row["question"]: (row["answer"], row["seconds"]) for row in rows}

    def save_interview(
        self, interview: str, owner: str, body: dict[str, Any], closed: bool = False
    ) -> None:
        """Store the state of a mock interview: its questions and the answers so far."""
        now = time.time()
        self._write(
            "INSERT INTO interviews (id, owner, created, closed, body) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body, closed = excluded.closed",
            (interview, owner, now, now if closed else None, json.dumps(body)),
        )

    def open_interview(self, owner: str) -> tuple[str, dict[str, Any]] | None:
        """The (id, body) of a person's latest mock interview that was not finished."""
        rows = self._read(
            "SELECT id, body FROM interviews WHERE owner = ? AND closed IS NULL "
            "ORDER BY created DESC, rowid DESC LIMIT 1",
            (owner,),
        )
        return (rows[0]["id"], json.loads(rows[0]["body"])) if rows else None

    # Preferences

    def prefer(self, owner: str, name: str, value: str) -> None:
        """Store what a person prefers, in place of what they preferred before."""
        self._write(
            "INSERT OR REPLACE INTO preferences (owner, name, value) VALUES (?, ?, ?)",
            (owner, name, value),
        )

    def preference(self, owner: str, name: str) -> str:
        """What a person prefers; "" when they never said."""
        rows = self._read(
            "SELECT value FROM preferences WHERE owner = ? AND name = ?", (owner, name)
        )
        return str(rows[0]["value"]) if rows else ""

    # Events from outside

    def claim_event(self, event_id: str) -> bool:
        """True for the first caller of an event id, also across processes and restarts."""
        return (
            self._write(
                "INSERT OR IGNORE INTO handled_events (id, created) VALUES (?, ?)",
                (event_id, time.time()),
            )
            == 1
        )

    def forget_events(self, older_than_seconds: float = 7 * 86400) -> None:
        """Drop event ids that can't come back any more."""
        self._write(
            "DELETE FROM handled_events WHERE created < ?", (time.time() - older_than_seconds,)
        )


def _attempt(row: sqlite3.Row) -> dict[str, Any]:
    decoded = {name: json.loads(row[name]) for name in ("grade", "follow_ups")}
    return {**dict(row), **decoded}


def _migrate(connection: sqlite3.Connection) -> None:
    done = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(MIGRATIONS[done:], start=done + 1):
        for statement in script.split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")

"""What the commands of `python -m chat` do, apart from reading their arguments.

Each returns what to print (text, or a value for JSON) or an exit code.
"""

import sys
from pathlib import Path
from typing import Any

from chat.answer import Answer, Turn
from chat.answering import MAX_QUESTION, Answerer
from chat.batch import LineError, required_text, run_batch
from chat.settings import Settings

Result = str | int | dict[str, Any]


def ask(
    question: str | None,
    index: Path | None,
    model: str | None,
    batch: Path | None,
    out: Path | None,
    context: str,
    as_json: bool,
) -> Result:
    """Answer one question, or each line of a batch."""
    settings = Settings.load(index=index, model=model)
    answerer = Answerer(settings, whole_guide=context == "all")
    if batch is not None and out is not None:
        answerer.ready()  # a missing index is one message, not one a line
        return 1 if run_batch(batch, out, lambda row: _ask_row(answerer, row)) else 0
    assert question is not None
    answer = answerer.ask(question)
    return answer.to_json() if as_json else readable(answer)


def _ask_row(answerer: Answerer, row: dict[str, Any]) -> dict[str, Any]:
    question = required_text(row, "question", MAX_QUESTION)
    return answerer.ask(question, turns_of(row.get("history"))).to_json()


def turns_of(history: Any) -> list[Turn]:
    """The turns of a batch line.

    Raises:
        LineError: the history is not a list of `{"role", "content"}`.
    """
    if history is None:
        return []
    if not isinstance(history, list):
        raise LineError('"history" is not a list')
    turns = []
    for message in history:
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if role not in {"user", "assistant"} or not isinstance(content, str):
            raise LineError('"history" holds something else than {"role", "content"}')
        turns.append(Turn(role, content))
    return turns


def readable(answer: Answer) -> str:
    """An answer for the terminal: the text, then its sources."""
    from ingest.markdown import plain

    lines = ["\n".join(plain(line) or line for line in answer.text.split("\n"))]
    lines = [answer.text.replace("\\", "")] if "|" in answer.text else lines
    if answer.citations:
        lines.append("")
    for citation in answer.citations:
        quote = " ".join(citation.quote.split())
        lines.append(f"[{citation.n}] {citation.source} > {' > '.join(citation.trail[1:])}")
        lines.append(f'    "{quote[:200]}{".." if len(quote) > 200 else ""}"')
    lines += [f"Note: {note}" for note in answer.notes]
    return "\n".join(lines)


def grade(
    question: str | None,
    answer: str | None,
    index: Path | None,
    model: str | None,
    batch: Path | None,
    out: Path | None,
    as_json: bool,
) -> Result:
    """Grade one answer, or each line of a batch."""
    from chat.grading import Grader, grade_row, readable_grade

    settings = Settings.load(index=index, model=model)
    grader = Grader(settings)
    if batch is not None and out is not None:
        return 1 if run_batch(batch, out, lambda row: grade_row(grader, row)) else 0
    assert question is not None and answer is not None
    text = sys.stdin.read() if answer == "-" else answer
    result = grader.grade(question, text)
    return result.to_json() if as_json else readable_grade(result)


def practice(
    topic: str | None,
    level: str | None,
    kind: str | None,
    mock: bool,
    count: int,
    timer: float | None,
    index: Path | None,
    model: str | None,
) -> Result:
    """Practise in the terminal until the person stops."""
    from chat.practice_session import run

    settings = Settings.load(index=index, model=model)
    return run(settings, topic, level, kind, mock, count, timer)


def export(file: Path, owner: str | None, topic: str | None, index: Path | None) -> Result:
    """Write attempts or questions to a file, by its ending."""
    from chat.exports import export as write
    from chat.history import History
    from chat.selection import fitting
    from ingest.index import open_index
    from ingest.questions import questions_of

    settings = Settings.load(index=index)
    if file.suffix.lower() == ".apkg":
        documents = open_index(settings.index, settings.embedding).documents.values()
        count = write(file, [], fitting(questions_of(documents), topic))
        return f"{count} question{'s' * (count != 1)} written to {file}."
    count = write(file, History(settings.data).attempts(owner), [])
    return f"{count} attempt{'s' * (count != 1)} written to {file}."


def slack(transport: str, port: int, index: Path | None, model: str | None) -> Result:
    """Serve Slack until stopped; the exit code."""
    from chat.slack.app import run

    return run(Settings.load(index=index, model=model), transport, port)


def doctor(model: str | None, as_json: bool) -> Result:
    """Check what is configured."""
    from chat.model_doctor import report

    return report(Settings.load(model=model), as_json)

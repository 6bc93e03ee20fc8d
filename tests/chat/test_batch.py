import json
import subprocess
import sys
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from chat.__main__ import app as command_line
from tests.conftest import ROOT

LINES = [
    '{"id": "a", "question": "What is the visibility timeout?"}',
    "not json",
    '{"id": "b"}',
    '{"id": "c", "question": "  "}',
    "[1, 2]",
    '{"question": "no id"}',
    json.dumps({"id": "d", "question": "x" * 5000}),
    '{"id": "e", "question": "and the maximum?", "history": "no list"}',
    '{"id": "f", "question": "and the maximum?", "history": [{"role": "user", '
    '"content": "What is the visibility timeout of SQS?"}]}',
]


def chat(*arguments: str) -> Result:
    """`python -m chat` in this process."""
    return CliRunner().invoke(command_line, arguments)


def test_a_bad_line_becomes_an_error_in_its_place(index_folder: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(LINES) + "\n")
    files = ("--batch", str(source), "--out", str(target), "--index", str(index_folder))
    command = [sys.executable, "-m", "chat", "ask", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["id"] for row in rows] == ["a", None, "b", "c", None, None, "d", "e", "f"]
    assert ["error" in row for row in rows] == [False] + [True] * 7 + [False]
    assert "30 seconds" in rows[0]["answer"]
    assert "12 hours" in rows[-1]["answer"]
    assert len(rows[0]["passages"]) == 10 and rows[0]["citations"][0]["n"] == 1

    source.write_text(LINES[0] + "\n")
    assert chat("ask", *files).exit_code == 0


def test_wrong_usage_is_told_in_one_line() -> None:
    for arguments in (("ask",), ("ask", "q", "--batch", "x"), ("ask", "--batch", "x")):
        done = chat(*arguments)
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1


def test_a_missing_index_is_one_message(tmp_path: Path) -> None:
    done = chat("ask", "What is a queue?", "--index", str(tmp_path))
    assert done.exit_code == 1
    assert done.stderr.strip().endswith("Run: make ingest") and done.stderr.count("\n") == 1


def test_help_is_there_without_loading_a_model() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "chat", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    for heavy in ("torch", "chromadb", "transformers", "streamlit", "langchain_core", "slack_bolt"):
        assert f" {heavy}\n" not in done.stderr, heavy

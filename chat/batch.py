"""JSON Lines in, JSON Lines out: one result a line, in order, bad lines included.

Shared by `ask --batch` and `grade --batch`. The output grows line by line, so that an
interrupted run keeps what it has.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.errors import GuideError

MAX_LINE = 1_000_000
"""Characters of one input line."""


class BatchError(GuideError):
    """The input can't be read or the output can't be written."""


class LineError(GuideError):
    """One input line is not usable."""


def run_batch(
    source: Path, target: Path, handle: Callable[[dict[str, Any]], dict[str, Any]]
) -> int:
    """Write `handle(line)` for each line of `source`; the number of lines that failed.

    Raises:
        BatchError: a file can't be opened.
    """
    try:
        with source.open(encoding="utf-8", errors="replace") as stream:
            lines = [line for line in stream if line.strip()]
    except OSError as error:
        raise BatchError(f"{source} can't be read ({error.strerror}).") from None
    failed = 0
    try:
        with target.open("w", encoding="utf-8") as out:
            for number, line in enumerate(lines, start=1):
                result = _one(line, number, handle)
                failed += "error" in result
                out.write(json.dumps(result, ensure_ascii=False) + "\n")
                out.flush()
                _progress(number, len(lines))
    except OSError as error:
        raise BatchError(f"{target} can't be written ({error.strerror}).") from None
    return failed


def required_text(row: dict[str, Any], name: str, limit: int) -> str:
    """A non-empty string field.

    Raises:
        LineError: it is missing, not a string, empty or longer than `limit`.
    """
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise LineError(f'the line needs "{name}", a string that is not empty')
    if len(value) > limit:
        raise LineError(f'"{name}" has {len(value):,} characters; at most {limit:,} are taken')
    return value


def _one(
    line: str, number: int, handle: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    row_id: Any = None
    try:
        if len(line) > MAX_LINE:
            raise LineError(f"line {number} is longer than {MAX_LINE:,} characters")
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise LineError(f"line {number} is not JSON") from None
        if not isinstance(row, dict):
            raise LineError(f"line {number} is not a JSON object")
        row_id = row.get("id")
        if row_id is None:
            raise LineError(f'line {number} has no "id"')
        return {"id": row_id, **handle(row)}
    except GuideError as error:
        return {"id": row_id, "error": str(error)}


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{total}", end="\n" if done == total else "", file=sys.stderr)
    elif done == total or done % 50 == 0:
        print(f"{done}/{total}", file=sys.stderr)

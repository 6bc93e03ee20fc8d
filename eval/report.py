"""The figures as tables in the terminal."""

from typing import Any

from eval.gate import broken, changes


def print_tables(result: dict[str, Any]) -> None:
    """Print whatever parts `result` holds."""
    from rich.console import Console

    console = Console(width=150)
    if "index" in result:
        state = result["index"]
        console.print(
            f"{state['documents']} documents, {state['passages']} passages, {state['embedding']}; "
            f"{result['golden']} golden cases"
        )
    if "retrieval" in result:
        _retrieval(console, result["retrieval"])
    if "answers" in result:
        _rows(console, "Answers by split", result["answers"]["figures"])
        if "model" in result["answers"]:
            _rows(console, "Answers through a model", result["answers"]["model"])
        if "judge" in result["answers"]:
            _rows(console, "The answers in a model's opinion", result["answers"]["judge"])
        _rows(console, "Answers by kind", result["answers"]["kinds"])
    if "conversations" in result:
        figures = {k: v for k, v in result["conversations"].items() if isinstance(v, dict)}
        _rows(console, f"Follow-up turns ({result['conversations']['turns']})", figures)
    if "support" in result:
        _rows(console, "Support check by split", result["support"]["splits"])
    if "grading" in result:
        _grading(console, result["grading"])
    if "speed" in result:
        _rows(console, "Seconds", {"": result["speed"]})
    if "report" in result:
        console.print(f"Report: {result['report']}")
    for line in [*broken(result), *changes(result)]:
        console.print(line)
    if "fit" in result:
        console.print_json(data=result["fit"])


def _retrieval(console: Any, figures: dict[str, Any]) -> None:
    for split in next(iter(figures["systems"].values())):
        rows = {name: by_split[split] for name, by_split in figures["systems"].items()}
        _rows(console, f"Retrieval, split: {split}", rows)
    _rows(console, "Retrieval by kind (product)", figures["kinds"])
    for name, gain in figures["gain"].items():
        console.print(
            f"{name}: {gain['mean']:+.3f} over the plain baseline "
            f"(95 % interval {gain['low']:+.3f} to {gain['high']:+.3f})"
        )
    if "reranker" in figures:
        _reranker(console, figures["reranker"])
    if figures["missed"]:
        console.print(f"Not in the first 5: {', '.join(figures['missed'])}")


def _reranker(console: Any, figures: dict[str, Any]) -> None:
    for name, gain in figures["gain"].items():
        console.print(
            f"{name}: {gain['mean']:+.3f} by {figures['model']} over the built-in order "
            f"(95 % interval {gain['low']:+.3f} to {gain['high']:+.3f})"
        )
    console.print(
        f"{figures['model']}: {figures['calls']} calls, {figures['failed']} failed (those keep the "
        f"built-in order), median {figures['median seconds']:.3f} s"
    )


def _grading(console: Any, figures: dict[str, Any]) -> None:
    _rows(console, "Labelled answers to the guide's questions", figures["labelled"])
    if "key points alone" in figures:
        _rows(console, "The same with the key points alone", figures["key points alone"])
    _rows(console, "Hostile and fair answers", figures["attacks"]["splits"])
    _rows(console, "Share done right by family", _turned(figures["attacks"]["families"]))
    for name, people in figures.get("people", {}).items():
        title = f"{name}: {people['answers']} answers to {people['questions']} questions"
        _rows(console, title, people["rows"])
        gain = people["gain over cosine"]
        console.print(
            f"{name}: r {gain['mean']:+.3f} over the plain cosine "
            f"(95 % interval {gain['low']:+.3f} to {gain['high']:+.3f})"
        )


def _turned(table: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Columns as rows."""
    rows: dict[str, dict[str, Any]] = {}
    for column, values in table.items():
        for row, value in values.items():
            rows.setdefault(row, {})[column] = value
    return rows


def _rows(console: Any, title: str, rows: dict[str, dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("")
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    for name in names:
        table.add_column(name, justify="right")
    for label, row in rows.items():
        cells = [row.get(name) for name in names]
        table.add_row(label, *(_cell(cell) for cell in cells))
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)

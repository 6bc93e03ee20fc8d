"""One self-contained HTML page with the figures, plots, the worst cases and what changed."""

import html
import json
from pathlib import Path
from typing import Any

from eval.gate import broken, changes

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; color: #222; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
td, th { border: 1px solid #ccc; padding: .25rem .6rem; text-align: right; }
td:first-child, th:first-child { text-align: left; }
.bar { fill: #4a7ebb; } .case { border-left: 3px solid #c55; padding-left: .8rem; margin: 1rem 0; }
pre { white-space: pre-wrap; background: #f5f5f5; padding: .5rem; }
"""


def write(result: dict[str, Any], folder: Path) -> Path:
    """Write report.json and report.html into `folder`; the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    page = folder / "report.html"
    page.write_text(_page(result), encoding="utf-8")
    return page


def _page(result: dict[str, Any]) -> str:
    parts = ["<h1>Evaluation</h1>", _table("Index", {"": result["index"]})]
    failures = broken(result)
    parts.append(
        "<p>All floors are held.</p>" if not failures else _list("Broken floors", failures)
    )
    if "retrieval" in result:
        systems = result["retrieval"]["systems"]
        parts.append(_table("Retrieval", {name: rows["all"] for name, rows in systems.items()}))
        parts.append(_bars("MRR by system", {n: rows["all"]["mrr"] for n, rows in systems.items()}))
        parts.append(_table("Retrieval by kind", result["retrieval"]["kinds"]))
    if "answers" in result:
        parts.append(_table("Answers", result["answers"]["figures"]))
        kinds = result["answers"]["kinds"]
        parts.append(_table("Answers by kind", kinds))
        covered = {n: v["point coverage"] for n, v in kinds.items() if "point coverage" in v}
        parts.append(_bars("Point coverage by kind", covered))
    if "conversations" in result:
        rows = {n: v for n, v in result["conversations"].items() if isinstance(v, dict)}
        parts.append(_table("Follow-up turns", rows))
    parts.append(_list("Changed since the last committed run", changes(result) or ["nothing"]))
    for case in result.get("answers", {}).get("worst", []):
        parts.append(_case(case))
    body = "\n".join(parts)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Evaluation</title>"
        f"<style>{_STYLE}</style><body>{body}</body></html>"
    )


def _table(title: str, rows: dict[str, dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ["", *names])
    lines = []
    for label, row in rows.items():
        cells = "".join(f"<td>{html.escape(str(row.get(name, '')))}</td>" for name in names)
        lines.append(f"<tr><td>{html.escape(label)}</td>{cells}</tr>")
    return f"<h2>{html.escape(title)}</h2><table><tr>{head}</tr>{''.join(lines)}</table>"


def _bars(title: str, values: dict[str, float]) -> str:
    rows = []
    for number, (name, value) in enumerate(values.items()):
        y = number * 26
        rows.append(
            f'<text x="0" y="{y + 16}">{html.escape(name)}</text>'
            f'<rect class="bar" x="220" y="{y + 3}" width="{value * 400:.0f}" height="18"/>'
            f'<text x="{228 + value * 400:.0f}" y="{y + 16}">{value:.3f}</text>'
        )
    height = 26 * len(values) + 6
    return f'<h3>{html.escape(title)}</h3><svg width="720" height="{height}">{"".join(rows)}</svg>'


def _list(title: str, lines: list[str]) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<h2>{html.escape(title)}</h2><ul>{items}</ul>"


def _case(case: dict[str, Any]) -> str:
    return (
        f'<div class="case"><h3>{html.escape(case["id"])}: {html.escape(case["question"])}</h3>'
        f"<p>Expected: {html.escape('; '.join(case['expected']) or 'a refusal')}; "
        f"facts: {html.escape('; '.join(case['facts']))}</p>"
        f"<p>Retrieved: {html.escape('; '.join(case['retrieved']))}</p>"
        f"<pre>{html.escape(case['answer'])}</pre></div>"
    )

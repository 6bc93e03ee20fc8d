"""Are the figures above their floors, and which cases changed since the last committed run?"""

import json
import tomllib
from pathlib import Path
from typing import Any

from eval.retrieval import PRODUCT

THRESHOLDS = Path(__file__).with_name("thresholds.toml")
LAST_RUN = Path(__file__).with_name("last_run.json")
_CEILINGS = ("refusals", "words", "error")


def figures_of(result: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The gated figures of a run, by part."""
    figures: dict[str, dict[str, float]] = {}
    if "retrieval" in result:
        figures["retrieval"] = result["retrieval"]["systems"][PRODUCT]["all"]
        gain = result["retrieval"]["gain"]
        figures["gain"] = {name: values["mean"] for name, values in gain.items()}
    if "answers" in result:
        figures["answers"] = result["answers"]["figures"]["all"]
    if "conversations" in result:
        figures["conversations"] = result["conversations"]["with history"]
    if "grading" in result:
        grading = result["grading"]
        attacks = grading["attacks"]["splits"]["all"]
        figures["grading"] = {**grading["labelled"]["all"], **attacks}
    return figures


def broken(result: dict[str, Any], thresholds: Path = THRESHOLDS) -> list[str]:
    """One line for each floor that is not held."""
    floors = tomllib.loads(thresholds.read_text(encoding="utf-8"))
    lines = []
    for part, figures in figures_of(result).items():
        for name, limit in floors.get(part, {}).items():
            value = figures.get(name)
            ceiling = name.endswith(_CEILINGS)
            if value is None or (value > limit if ceiling else value < limit):
                word = "at most" if ceiling else "at least"
                lines.append(f"{part}: {name} is {value}, wanted {word} {limit}")
    return lines


def changes(result: dict[str, Any], last: Path = LAST_RUN) -> list[str]:
    """The golden cases whose outcome differs from the last committed run."""
    if not last.exists() or "answers" not in result:
        return []
    before = json.loads(last.read_text(encoding="utf-8")).get("cases", {})
    lines = []
    for case, now in result["answers"]["cases"].items():
        then = before.get(case)
        if then is None or then == now:
            continue
        lines.append(f"{case}: {_outcome(then)} -> {_outcome(now)}")
    return lines


def _outcome(values: dict[str, Any]) -> str:
    return "refused" if values["abstained"] else f"covers {values['covered']:.2f}"


def save(result: dict[str, Any], last: Path = LAST_RUN) -> None:
    """Write the figures and outcomes that the next run is compared with."""
    values = {"figures": figures_of(result), "cases": result["answers"]["cases"]}
    last.write_text(json.dumps(values, indent=0, sort_keys=True) + "\n", encoding="utf-8")

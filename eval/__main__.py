"""`python -m eval`: print the product's figures beside a plain baseline's."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.errors import GuideError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
PARTS = (
    "retrieval", "answers", "conversations", "support", "grading", "speed", "all", "gate",
    "gate-answers", "gate-grading", "fit", "fit-grading", "fit-entailment",
)  # fmt: skip


@app.command()
def main(
    part: Annotated[str, typer.Argument(help=" | ".join(PARTS))] = "all",
    index: Annotated[Path | None, typer.Option(help="Folder of the index.")] = None,
    golden: Annotated[Path | None, typer.Option(help="Golden questions (JSON Lines).")] = None,
    split: Annotated[str | None, typer.Option(help="Only cases of this split.")] = None,
    model: Annotated[str | None, typer.Option(help="Model string for answers.")] = None,
    context: Annotated[
        str, typer.Option(help="retrieved, or all: the whole guide in the prompt (with answers).")
    ] = "retrieved",
    judge: Annotated[
        str | None, typer.Option(help="Model string of a second opinion on the answers.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of answers graded by people (with grading).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.json and report.html.")
    ] = None,
    save: Annotated[
        bool, typer.Option(help="Keep the outcomes for the next comparison (with all, gate).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure retrieval, answers, conversations, the support check, grading and speed."""
    if part not in PARTS:
        print(f"{part} is none of {', '.join(PARTS)}.", file=sys.stderr)
        raise typer.Exit(2)
    if context not in {"retrieved", "all"} or (context == "all" and part != "answers"):
        print("--context is retrieved, or all with the part answers.", file=sys.stderr)
        raise typer.Exit(2)
    if part == "fit-grading" and data is None:
        print("fit-grading needs --data, the folder of answers graded by people.", file=sys.stderr)
        raise typer.Exit(2)
    try:
        from eval.suite import run

        whole = context == "all"
        result: dict[str, Any] = run(
            part, index, golden, split, model, out, save, whole, data, judge
        )
        if as_json:
            print(json.dumps(result, ensure_ascii=False))
        else:
            from eval.report import print_tables

            print_tables(result)
    except GuideError as error:
        print(str(error), file=sys.stderr)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app(prog_name="python -m eval")

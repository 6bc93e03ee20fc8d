"""`python -m chat`: ask, grade, practise, serve Slack, check the models."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ingest.errors import GuideError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

IndexOption = Annotated[
    Path | None, typer.Option("--index", help="Folder of the index.  [default: .index]")
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model", help="extractive, provider:model, or gguf:PATH.  [default: extractive]"
    ),
]
InOption = Annotated[Path | None, typer.Option("--batch", help="JSON Lines to read.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="JSON Lines to write.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def main() -> None:
    """A chat over an AWS interview-prep guide."""


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="What to ask the guide.")] = None,
    index: IndexOption = None,
    model: ModelOption = None,
    batch: InOption = None,
    out: OutOption = None,
    context: Annotated[
        str, typer.Option(help="retrieved, or all: the whole guide in the model's prompt.")
    ] = "retrieved",
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the guide, with citations."""
    _one_of(question, batch, out, "a question")
    if context not in {"retrieved", "all"}:
        _fail("--context is retrieved or all.", code=2)
    from chat import commands

    _run(lambda: commands.ask(question, index, model, batch, out, context, as_json))


@app.command()
def grade(
    question: Annotated[str | None, typer.Argument(help="The interview question.")] = None,
    answer: Annotated[
        str | None, typer.Argument(help="Your answer; - reads it from stdin.")
    ] = None,
    index: IndexOption = None,
    model: ModelOption = None,
    batch: InOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade an answer to an interview question."""
    _one_of(question, batch, out, "a question and an answer")
    if batch is None and answer is None:
        _fail("Give the answer too, or - to read it from stdin.", code=2)
    from chat import commands

    _run(lambda: commands.grade(question, answer, index, model, batch, out, as_json))


@app.command()
def practice(
    topic: Annotated[
        str | None,
        typer.Argument(help="A lesson or a service; with --mock several, with commas."),
    ] = None,
    level: Annotated[str | None, typer.Option(help="mid, senior or staff.")] = None,
    kind: Annotated[str | None, typer.Option(help="concept, design, troubleshooting, ..")] = None,
    mock: Annotated[
        bool, typer.Option("--mock", help="A mock interview, graded at its end.")
    ] = False,
    count: Annotated[int, typer.Option(min=1, max=20, help="Questions of the mock interview.")] = 5,
    timer: Annotated[
        float | None,
        typer.Option(min=0, metavar="MINUTES", help="Show the time; 0 sets no limit."),
    ] = None,
    index: IndexOption = None,
    model: ModelOption = None,
) -> None:
    """Practise in the terminal: a question, your answer, its grade, the follow-up."""
    from chat import commands

    _run(lambda: commands.practice(topic, level, kind, mock, count, timer, index, model))


@app.command()
def export(
    file: Annotated[
        Path,
        typer.Argument(help="attempts.md or .csv; an .apkg gets the questions, for Anki."),
    ],
    owner: Annotated[
        str | None, typer.Option(help="Only attempts of terminal, web, ..; everyone's by default.")
    ] = None,
    topic: Annotated[
        str | None, typer.Option(help="Only the questions of a lesson or service (.apkg).")
    ] = None,
    index: IndexOption = None,
) -> None:
    """Write your attempts, or the interview questions as an Anki deck, to a file."""
    from chat import commands

    _run(lambda: commands.export(file, owner, topic, index))


@app.command()
def slack(
    transport: Annotated[str, typer.Option(help="socket or http.")] = "socket",
    port: Annotated[int, typer.Option(help="Port of the http transport.")] = 3000,
    index: IndexOption = None,
    model: ModelOption = None,
) -> None:
    """Serve the guide in Slack."""
    if transport not in {"socket", "http"}:
        _fail("--transport is socket or http.", code=2)
    from chat import commands

    _run(lambda: commands.slack(transport, port, index, model))


@app.command()
def doctor(model: ModelOption = None, as_json: JsonOption = False) -> None:
    """Check the index, each configured model provider and the reranker."""
    from chat import commands

    _run(lambda: commands.doctor(model, as_json))


def _one_of(question: str | None, batch: Path | None, out: Path | None, what: str) -> None:
    if (question is None) == (batch is None):
        _fail(f"Give {what}, or --batch IN.jsonl --out OUT.jsonl.", code=2)
    if (batch is None) != (out is None):
        _fail("--batch and --out go together.", code=2)


def _run(command: Callable[[], Any]) -> None:
    try:
        result = command()
    except GuideError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Interrupted.", code=130)
    except BrokenPipeError:
        raise typer.Exit(0) from None
    if isinstance(result, (dict, list)):
        print(json.dumps(result, ensure_ascii=False))
    elif isinstance(result, str):
        print(result)
    elif isinstance(result, int) and result:
        raise typer.Exit(result)


def _fail(message: str, code: int = 1) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(code)


if __name__ == "__main__":
    app(prog_name="python -m chat")

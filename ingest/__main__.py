"""`python -m ingest`: bring the index in line with the documents."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.errors import GuideError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders of documents.  [default: corpus]")
    ] = None,
    index: Annotated[
        Path | None, typer.Option(help="Folder of the index.  [default: .index]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Read documents and build the index that the chat answers from.

    `python -m ingest check [PATH]` validates the form of a guide instead.
    """
    try:
        if paths and str(paths[0]) == "check" and not Path("check").exists():
            raise typer.Exit(_check(paths[1:], as_json))
        _ingest(paths, index, as_json)
    except GuideError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Interrupted. The old index still serves; run the same command to go on.", code=130)
    except OSError as error:
        _fail(f"Could not write the index ({error.strerror or error}). The old one still serves.")


def _ingest(paths: list[Path] | None, index: Path | None, as_json: bool) -> None:
    from ingest.embedding import open_embedder
    from ingest.index import build
    from ingest.progress import ProgressBar
    from ingest.settings import IngestSettings

    settings = IngestSettings.load(index=index)
    with ProgressBar() as progress:
        report = build(
            paths or [settings.corpus],
            settings,
            lambda: open_embedder(
                settings.embedding,
                settings.bedrock_region,
                settings.bedrock_endpoint_url,
                settings.bedrock_profile,
            ),
            progress,
        )
    values = dataclasses.asdict(report)
    print(json.dumps(values, ensure_ascii=False) if as_json else _summary(values))


def _summary(values: dict[str, Any]) -> str:
    state = "built" if values["changed"] else "already up to date"
    lines = [
        f"Index {state} in {values['seconds']:.1f} s ({values['generation']}): "
        f"{values['documents']} documents, {values['passages']} passages "
        f"({values['embedded']} embedded, {values['reused']} reused), "
        f"{values['removed']} documents removed, {len(values['skipped'])} skipped."
    ]
    lines += [f"  skipped {source}: {reason}" for source, reason in values["skipped"].items()]
    return "\n".join(lines)


def _check(paths: list[Path], as_json: bool) -> int:
    from ingest.check import check

    findings = check(paths or [Path("corpus")])
    if as_json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            print(finding)
        print(f"{len(findings)} findings." if findings else "The guide is in form.")
    return 1 if findings else 0


def _fail(message: str, code: int = 1) -> None:
    print(message, file=sys.stderr)
    raise typer.Exit(code)


if __name__ == "__main__":
    app(prog_name="python -m ingest")

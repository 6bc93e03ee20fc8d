"""Which parts to run over which golden sets, and what they return together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chat.answering import Answerer
from chat.settings import Settings
from eval import answers, gate, golden, retrieval
from eval.golden import Case


def run(
    part: str,
    index: Path | None = None,
    golden_file: Path | None = None,
    split: str | None = None,
    model: str | None = None,
    out: Path | None = None,
    save_last_run: bool = False,
    whole_guide: bool = False,
) -> dict[str, Any]:
    """Run one part, or all; the figures by part.

    `whole_guide`: answers come from the whole guide in the model's prompt, without retrieval.

    Raises:
        GuideError: no index, a golden file out of form, missing data.
    """
    answerer = Answerer(Settings.load(index=index, model=model), whole_guide=whole_guide)
    answerer.ready()
    manifest = answerer.service().index.manifest
    cases = _chosen(golden.load(golden_file or golden.QUESTIONS), split)
    result: dict[str, Any] = {
        "index": {
            "documents": len(manifest.documents),
            "passages": manifest.passages,
            "embedding": manifest.embedding,
        },
        "golden": len(cases),
    }
    if part == "fit":
        from eval.fit import fit

        return {**result, "fit": fit(answerer, [c for c in cases if c.split == "dev"])}
    if part in {"retrieval", "all"}:
        service = answerer.service()
        result["retrieval"] = retrieval.evaluate(
            service.index, service.retriever.embedder, [c for c in cases if not c.history]
        )
    if part in {"answers", "all"}:
        result["answers"] = answers.evaluate(answerer, cases, model)
    if part in {"conversations", "all"} and golden_file is None:
        turns = _chosen(golden.load(golden.CONVERSATIONS), split)
        result["conversations"] = answers.evaluate_conversations(answerer, turns)
    if part == "conversations" and golden_file is not None:
        result["conversations"] = answers.evaluate_conversations(answerer, cases)
    if part in {"support", "all"} and golden_file is None:
        from eval.support import evaluate as evaluate_support

        result["support"] = evaluate_support()
    if part in {"speed", "all"}:
        from eval.speed import evaluate as evaluate_speed

        result["speed"] = evaluate_speed(answerer, [c.question for c in cases if not c.history])
    if out is not None:
        from eval import html_report

        result["report"] = str(html_report.write(result, out))
    if part == "all" and golden_file is None and save_last_run:
        gate.save(result)
    return result


def _chosen(cases: Sequence[Case], split: str | None) -> list[Case]:
    return [case for case in cases if split is None or case.split == split]

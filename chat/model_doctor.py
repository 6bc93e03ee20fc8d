"""`python -m chat doctor`: what is set up, whether it works, and how long the first word takes."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from chat import model_prices
from chat.answer import EXTRACTIVE
from chat.model_errors import ModelError
from chat.model_spec import EXAMPLES, Spec, parse
from chat.models import open_model
from chat.settings import Settings
from ingest.errors import GuideError

_MAX_TOKENS = 24
_MAX_SECONDS = 45.0


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    provider: str
    what: str
    ok: bool
    detail: str
    seconds: float


def run(settings: Settings) -> list[Check]:
    """Check the index, each model of GUIDE_MODEL and GUIDE_MODELS, and GUIDE_RERANKER.

    Each configured model is asked for one word and the reranker for the order of two
    texts, which costs a fraction of a cent where models cost money.
    """
    checks = [_timed("index", "opens", lambda: _index(settings))]
    texts = list(dict.fromkeys([settings.model, *settings.models]))
    if EXTRACTIVE in texts:
        checks.append(Check(EXTRACTIVE, "answers", True, "needs no model", 0.0))
    specs: list[Spec] = []
    for text in texts:
        if text == EXTRACTIVE:
            continue
        try:
            specs.append(parse(text))
        except ModelError as error:
            checks.append(Check(text, "is a model string", False, str(error), 0.0))
    if any(spec.provider == "bedrock_converse" for spec in specs):
        checks += _bedrock(settings)
    for spec in specs:
        checks += _model(spec, settings)
    if settings.reranker is not None:
        checks.append(_timed(settings.reranker, "reranks", lambda: _reranker(settings)))
    return checks


def report(settings: Settings, as_json: bool) -> int:
    """Print the checks for a person or as JSON; the exit code, 1 when one of them failed."""
    checks = run(settings)
    good = all(check.ok for check in checks)
    if as_json:
        print(json.dumps({"ok": good, "checks": [asdict(check) for check in checks]}))
    else:
        print(_readable(checks))
    return 0 if good else 1


def _readable(checks: list[Check]) -> str:
    lines = []
    for check in checks:
        mark = "ok  " if check.ok else "FAIL"
        took = f" ({check.seconds:.1f} s)" if check.seconds >= 0.05 else ""
        lines.append(f"{mark}  {check.provider}: {check.what}{took}  {check.detail}".rstrip())
    asked = {check.provider.partition(":")[0] for check in checks}
    unused = [example for provider, example in EXAMPLES.items() if provider not in asked]
    if unused:
        lines.append(f"Not set up: {', '.join(unused)}. Add them with GUIDE_MODELS or --model.")
    failed = sum(not check.ok for check in checks)
    lines.append(f"{failed} of {len(checks)} checks failed." if failed else "All is well.")
    return "\n".join(lines)


def _timed(provider: str, what: str, look: Callable[[], str]) -> Check:
    started = time.perf_counter()
    try:
        ok, detail = True, look()
    except GuideError as error:
        ok, detail = False, str(error)
    return Check(provider, what, ok, detail, time.perf_counter() - started)


def _index(settings: Settings) -> str:
    from ingest.index import open_index

    manifest = open_index(settings.index, settings.embedding).manifest
    return f"{len(manifest.documents)} documents, {manifest.passages} passages"


def _bedrock(settings: Settings) -> Iterator[Check]:
    from chat.model_bedrock import check_credentials, session
    from chat.model_errors import from_exception

    def told(look: Callable[[Any], str]) -> Callable[[], str]:
        def looked() -> str:
            try:
                return look(session(settings))
            except Exception as error:
                raise from_exception(error, "bedrock_converse:", 0.0) from None

        return looked

    yield _timed("bedrock_converse", "region", told(_region))
    credentials = told(lambda aws: f"from {check_credentials(aws)}")
    yield _timed("bedrock_converse", "credentials", credentials)


def _region(aws: Any) -> str:
    from botocore.exceptions import NoRegionError

    if not aws.region_name:
        raise NoRegionError
    return str(aws.region_name)


def _model(spec: Spec, settings: Settings) -> Iterator[Check]:
    from langchain_core.messages import HumanMessage, SystemMessage

    short = settings.model_copy(
        update={
            "max_tokens": _MAX_TOKENS,
            "model_timeout": min(settings.model_timeout, _MAX_SECONDS),
        }
    )
    messages = [
        SystemMessage("You are checked for being there. Answer with one word."),
        HumanMessage("Say: ready"),
    ]

    def answers() -> str:
        reply = open_model(str(spec), short).stream(messages, purpose="doctor")
        for _ in reply:
            pass
        first = reply.usage.first_text_seconds or 0.0
        counts = f"{reply.usage.input_tokens}+{reply.usage.output_tokens} tokens"
        return f"first word after {first:.2f} s, {counts}"

    yield _timed(str(spec), "answers", answers)
    if spec.provider == "bedrock_converse":
        yield Check(str(spec), "price", True, _price(spec.name), 0.0)


def _reranker(settings: Settings) -> str:
    from chat.model_rerankers import open_reranker

    reranker = open_reranker(settings)
    assert reranker is not None
    told = reranker.order("How long is a message kept?", ["A message is kept for days.", "Blue."])
    if told.note:
        raise GuideError(told.note)
    price = "not known" if told.cost_usd is None else f"${told.cost_usd:g}"
    return f"two texts in {told.seconds:.2f} s, price of a call {price}"


def _price(name: str) -> str:
    entry = model_prices.known(name)
    if entry is None:
        return "not in the price table: costs are not shown, and a daily budget refuses the model"
    caching = "prompt caching on" if entry.caches else "no prompt caching"
    return (
        f"${entry.input:g} in, ${entry.output:g} out per million tokens "
        f"(as of {model_prices.as_of()}), {caching}"
    )

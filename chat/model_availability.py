"""Which models can be used now, and why the others can't: quick looks, side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

from chat.answer import EXTRACTIVE
from chat.model_errors import ModelError
from chat.model_spec import EXAMPLES, Provider, Spec, label_of, parse
from chat.model_usage import Ledger
from chat.settings import Settings
from ingest.errors import GuideError

_SECONDS = 1.5
"""A page is waiting; what takes longer is told as such."""
_MOST_OF_A_SERVER = 12


@dataclass(frozen=True)
class Availability:
    """Whether a model string can be used now, and if not, why."""

    spec: str
    usable: bool
    reason: str = ""

    @property
    def label(self) -> str:
        """The model as a picker shows it."""
        return label_of(self.spec)


def available(settings: Settings, ledger: Ledger | None = None) -> list[Availability]:
    """The models to offer, the extractive answerer first, since it needs nothing.

    Takes a second and a half at most and sends no prompt. Call it once a page, not at every
    rerun.
    """
    wanted: dict[Provider, list[Spec]] = {provider: [] for provider in EXAMPLES}
    wrong: list[Availability] = []
    for text in dict.fromkeys([settings.model, *settings.models]):
        if text == EXTRACTIVE:
            continue
        try:
            spec = parse(text)
        except ModelError as error:
            wrong.append(Availability(text, False, str(error)))
        else:
            wanted[spec.provider].append(spec)
    looks: dict[Provider, Callable[[], list[Availability]]] = {
        "bedrock_converse": lambda: _bedrock(wanted["bedrock_converse"], settings, ledger),
        "ollama": lambda: _ollama(wanted["ollama"], settings),
        "openai": lambda: _openai(wanted["openai"], settings, ledger),
        "gguf": lambda: _gguf(wanted["gguf"], settings),
    }
    pool = ThreadPoolExecutor(len(looks), thread_name_prefix="models")
    futures = {provider: pool.submit(look) for provider, look in looks.items()}
    wait(futures.values(), timeout=_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    found = [Availability(EXTRACTIVE, True)]
    for provider, future in futures.items():
        if future.done():
            found += future.result()
        else:
            slow = "does not answer in time. Run: python -m chat doctor"
            found += _all(wanted[provider] or [provider], slow)
    return [*found, *wrong]


def _all(specs: Sequence[Spec | str], reason: str) -> list[Availability]:
    return [Availability(str(spec), False, reason) for spec in specs]


def _not_set(provider: Provider, more: str = "") -> list[Availability]:
    reason = f"not set up. Set GUIDE_MODELS, as in GUIDE_MODELS={EXAMPLES[provider]}{more}"
    return [Availability(provider, False, reason)]


def _bedrock(specs: list[Spec], settings: Settings, ledger: Ledger | None) -> list[Availability]:
    if not specs:
        return _not_set("bedrock_converse", ", and have AWS credentials.")
    from chat.model_bedrock import check_credentials, session
    from chat.model_errors import from_exception

    try:
        aws = session(settings, quick=True)
        if not aws.region_name:
            from botocore.exceptions import NoRegionError

            raise NoRegionError
        check_credentials(aws)
    except Exception as error:
        return _all(specs, str(from_exception(error, str(specs[0]), _SECONDS)))
    return [_within_budget(spec, settings, ledger) for spec in specs]


def _ollama(specs: list[Spec], settings: Settings) -> list[Availability]:
    from chat.model_servers import ollama_models

    try:
        names = ollama_models(settings)
    except ModelError as error:
        return _all(specs or ["ollama"], str(error))
    if not specs and not names:
        return [Availability("ollama", False, "has no model yet. Run: ollama pull llama3.2")]
    out = []
    for spec in specs:
        has = spec.name in names or f"{spec.name}:latest" in names
        reason = "" if has else f"Ollama has no such model. Run: ollama pull {spec.name}"
        out.append(Availability(str(spec), has, reason))
    configured = {str(spec) for spec in specs} | {f"{spec}:latest" for spec in specs}
    others = [f"ollama:{name}" for name in names[:_MOST_OF_A_SERVER]]
    return out + [Availability(name, True) for name in others if name not in configured]


def _openai(specs: list[Spec], settings: Settings, ledger: Ledger | None) -> list[Availability]:
    from chat.model_servers import OPENAI_URL, is_own_server, openai_models

    if not specs and not settings.openai_base_url:
        return _not_set("openai", " and GUIDE_OPENAI_BASE_URL.")
    try:
        names = openai_models(settings)
    except ModelError as error:
        return _all(specs or ["openai"], str(error))
    own = is_own_server(settings.openai_base_url or OPENAI_URL)
    # A company's server may list hundreds; only one's own is offered unasked.
    more = [Spec("openai", name) for name in names[:_MOST_OF_A_SERVER]] if own else []
    chosen = list(dict.fromkeys([*specs, *more]))
    return [
        Availability(str(spec), True) if own else _within_budget(spec, settings, ledger)
        for spec in chosen
    ]


def _gguf(specs: list[Spec], settings: Settings) -> list[Availability]:
    from chat.model_gguf import open_gguf
    from chat.model_gguf_file import BUNDLED

    out = []
    for spec in dict.fromkeys([*specs, Spec("gguf", BUNDLED)]):
        try:
            open_gguf(spec, settings)
        except ModelError as error:
            out.append(Availability(str(spec), False, str(error)))
        else:
            out.append(Availability(str(spec), True))
    return out


def _within_budget(spec: Spec, settings: Settings, ledger: Ledger | None) -> Availability:
    budget = settings.daily_budget_usd
    if budget is None or ledger is None:
        return Availability(str(spec), True)
    try:
        spent = ledger.spent_today()
    except GuideError as error:
        return Availability(str(spec), False, str(error))
    reason = f"today's budget of ${budget:.2f} is used up." if spent >= budget else ""
    return Availability(str(spec), not reason, reason)

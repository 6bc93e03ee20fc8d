"""Why a model could not answer, told in one sentence that says what to do."""

import re
from collections.abc import Iterator
from typing import Literal

from ingest.errors import GuideError

Kind = Literal[
    "throttled",
    "access_denied",
    "unknown_model",
    "needs_inference_profile",
    "expired_credentials",
    "no_credentials",
    "no_region",
    "timeout",
    "connection",
    "budget",
    "other",
]


class ModelError(GuideError):
    """A model that can't be used, or a call that failed: `kind` for code, the text for people."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind: Kind = kind


def from_exception(error: BaseException, spec: str, seconds: float, region: str = "") -> ModelError:
    """The `ModelError` that tells any failure of a provider's client.

    Args:
        error: what the client raised.
        spec: the model string, named in the sentence.
        seconds: the time limit, for the sentence about a time-out.
        region: the AWS region of the call, where there is one.
    """
    for cause in _causes(error):
        if isinstance(cause, ModelError):
            return cause
    if spec.startswith(("bedrock_converse:", "bedrock:")):
        from chat.model_bedrock_errors import from_bedrock

        told = from_bedrock(error, spec, region)
        if told is not None:
            return told
    return _by_type(error, spec, seconds) or ModelError(
        "other",
        f"{spec} failed ({excerpt(error)}). Try again, or choose another model.",
    )


def timed_out(spec: str, seconds: float) -> ModelError:
    """The time limit is over."""
    return ModelError(
        "timeout",
        f"{spec} did not finish in {seconds:g} seconds. "
        "Try again, choose a faster model, or raise GUIDE_MODEL_TIMEOUT.",
    )


def too_long(spec: str) -> ModelError:
    """The prompt does not fit the model's window."""
    return ModelError(
        "other",
        f"The question with its passages is too long for {spec}. "
        "Ask a shorter question, start a new conversation, or choose a model with a larger window.",
    )


def excerpt(error: BaseException | str, length: int = 160) -> str:
    """A provider's own words made safe to show: one line, short, without keys or account ids."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = re.sub(r"\b(?:sk-|AKIA|ASIA|ABSK)[\w*.\-]+", "(key)", text)
    text = re.sub(r"\barn:aws[\w-]*:\S+", "(arn)", text)
    text = re.sub(r"\b\d{12}\b", "(account)", text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, outermost first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _by_type(error: BaseException, spec: str, seconds: float) -> ModelError | None:
    """By LangChain's own classes, then by the HTTP clients'; the same for all providers."""
    from langchain_core import exceptions as told

    if isinstance(error, told.ContextOverflowError):
        return too_long(spec)
    if _is_form_error(error):
        return ModelError(
            "other",
            f"{spec} did not fill in the form it was given. Try again, or choose a larger model.",
        )
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status > 0:
        return _by_status(status, error, spec)
    if isinstance(error, told.ModelTimeoutError) or _named(error, "Timeout"):
        return timed_out(spec, seconds)
    if isinstance(error, told.ModelConnectionError | ConnectionError) or _from_http_client(error):
        return ModelError("connection", _unreachable(spec))
    return None


def _by_status(status: int, error: BaseException, spec: str) -> ModelError | None:
    provider, _, name = spec.partition(":")
    if status == 401:
        return ModelError(
            "no_credentials",
            f"The server of {spec} does not accept the API key. Set GUIDE_OPENAI_API_KEY.",
        )
    if status == 403:
        return ModelError(
            "access_denied", f"The API key has no access to {name}. Check the key's permissions."
        )
    if status == 404 and provider == "ollama":
        return ModelError("unknown_model", f"Ollama has no model {name}. Run: ollama pull {name}")
    if status == 404:
        return ModelError(
            "unknown_model",
            f"The server has no model {name}. Check the name and GUIDE_OPENAI_BASE_URL "
            "(it usually ends in /v1).",
        )
    if status == 429 and "insufficient_quota" in str(error):
        return ModelError(
            "access_denied", f"The account behind {spec} has no credit left. Check its billing."
        )
    if status in {408, 429, 503}:
        return ModelError(
            "throttled", f"{spec} is busy. Wait a moment and try again, or choose another model."
        )
    if status in {400, 413} and re.search(r"context|too long|exceed", str(error), re.IGNORECASE):
        return too_long(spec)
    return None


def _unreachable(spec: str) -> str:
    if spec.startswith("ollama:"):
        return "Ollama can't be reached. Start it (ollama serve), or set GUIDE_OLLAMA_BASE_URL."
    if spec.startswith("openai:"):
        return (
            f"The server of {spec} can't be reached. "
            "Start it, or check GUIDE_OPENAI_BASE_URL and the network."
        )
    return f"The connection to {spec} failed. Check the network and try again."


def _is_form_error(error: BaseException) -> bool:
    """A structured answer that is not JSON, or does not fit the schema."""
    return type(error).__name__ in {
        "OutputParserException",
        "ValidationError",
        "JSONDecodeError",
        "LengthFinishReasonError",
        "ContentFilterFinishReasonError",
    }


def _named(error: BaseException, word: str) -> bool:
    return any(word in cls.__name__ for cls in type(error).__mro__)


def _from_http_client(error: BaseException) -> bool:
    """A failure below HTTP, of whichever client library: refused, reset, cut off."""
    modules = {cls.__module__.partition(".")[0] for cls in type(error).__mro__}
    return bool(modules & {"httpx", "httpx2", "httpcore", "httpcore2", "urllib3"})

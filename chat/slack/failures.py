"""A failure as one friendly sentence with a reference; the details go to the log.

The log never gets what people wrote: an exception's own text may quote it, so only the
error's kind and the places in the code are logged, and the texts of the few errors that
speak of the installation alone.
"""

import logging
import traceback
from uuid import uuid4

from chat.answering import QuestionError
from chat.history import HistoryError
from ingest.errors import GuideError
from ingest.index import BadIndexError

TOKEN_ERRORS = frozenset(
    {"token_expired", "token_revoked", "invalid_auth", "account_inactive", "not_authed"}
)
"""Slack's words for a token that will never work again."""


class TokenError(GuideError):
    """Slack does not accept a token."""


def told(error: BaseException, log: logging.Logger, during: str) -> str:
    """The sentence for the person who asked; logs what an administrator needs."""
    if isinstance(error, QuestionError) or type(error).__name__ == "NoQuestionError":
        return str(error)  # their own mistake, told in a sentence of ours
    reference = uuid4().hex[:8]
    log.error("%s failed, reference %s: %s", during, reference, details(error))
    return (
        "Sorry, something went wrong on my side. Please try again; if it happens again, "
        f"tell whoever runs me the reference {reference}."
    )


def details(error: BaseException) -> str:
    """The kind of an error and where it happened, without any text of a person."""
    kind = type(error).__name__
    code = slack_code(error)
    if code:
        return f"{kind} ({code})"
    if isinstance(error, BadIndexError | HistoryError):
        return f"{kind}: {error}"
    model_kind = getattr(error, "kind", "")
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in reversed(frames)
    )
    return f"{kind}{f' ({model_kind})' if model_kind else ''} at {where}"


def slack_code(error: BaseException) -> str:
    """Slack's word for a refusal of its Web API; "" for other errors."""
    response = getattr(error, "response", None)
    if type(error).__name__ != "SlackApiError" or response is None:
        return ""
    return str(response.get("error") or "unknown")


def token_advice(code: str, setting: str) -> str:
    """What to do about a token that Slack does not accept."""
    return (
        f"Slack does not accept {setting} ({code}). Copy the token again from the app's page "
        "(reinstall the app if it was revoked), and start again."
    )

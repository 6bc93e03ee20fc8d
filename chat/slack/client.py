"""Slack's Web API, with its rate limits obeyed."""

import logging
from http.client import HTTPException
from typing import TYPE_CHECKING

from chat.slack.failures import TOKEN_ERRORS, TokenError, slack_code, token_advice

if TYPE_CHECKING:
    from slack_sdk import WebClient

_RETRIES = 6
"""After that many refusals with 429, each waited for as long as Slack says, it is a failure."""


def web_client(token: str | None, url: str, patient: bool = True) -> "WebClient":
    """A client of Slack's Web API.

    Args:
        token: of the bot.
        url: the API's address.
        patient: wait and try again on 429; else the caller decides.
    """
    from slack_sdk import WebClient
    from slack_sdk.http_retry.builtin_handlers import (
        ConnectionErrorRetryHandler,
        RateLimitErrorRetryHandler,
        ServerErrorRetryHandler,
    )

    handlers: list = [ConnectionErrorRetryHandler(max_retry_count=2)]
    if patient:
        handlers.append(RateLimitErrorRetryHandler(max_retry_count=_RETRIES))
        handlers.append(ServerErrorRetryHandler(max_retry_count=2))
    base = url if url.endswith("/") else url + "/"
    # What fails is told by the callers, in their own words; the client's would come on top.
    silent = logging.getLogger("chat.slack.web")
    silent.setLevel(logging.CRITICAL)
    return WebClient(token=token, base_url=base, timeout=20, retry_handlers=handlers, logger=silent)


def identity(client: "WebClient") -> dict[str, str]:
    """Who the bot is: `user_id`, `bot_id`, `team_id`, `team`.

    Raises:
        TokenError: Slack does not accept the token, or can't be reached.
    """
    from slack_sdk.errors import SlackApiError

    try:
        found = client.auth_test()
    except SlackApiError as error:
        code = slack_code(error)
        if code in TOKEN_ERRORS:
            raise TokenError(token_advice(code, "GUIDE_SLACK_BOT_TOKEN")) from None
        raise TokenError(f"Slack refused to say who the bot is ({code}). Try again.") from None
    except (OSError, ValueError, HTTPException) as error:
        raise TokenError(
            f"Slack can't be reached at {client.base_url} ({type(error).__name__}). "
            "Check the network and GUIDE_SLACK_API_URL."
        ) from None
    return {name: str(found.get(name) or "") for name in ("user_id", "bot_id", "team_id", "team")}


def respond(url: str, text: str, blocks: list, replace: bool = False) -> None:
    """Answer a command or a button through its `response_url`, for that person alone.

    Raises:
        OSError: the address can't be reached.
        ExpiredError: Slack does not take answers there any more.
    """
    from slack_sdk.http_retry.builtin_handlers import (
        ConnectionErrorRetryHandler,
        RateLimitErrorRetryHandler,
    )
    from slack_sdk.webhook import WebhookClient

    handlers: list = [
        ConnectionErrorRetryHandler(max_retry_count=2),
        RateLimitErrorRetryHandler(max_retry_count=_RETRIES),
    ]
    answer = WebhookClient(url, timeout=20, retry_handlers=handlers).send(
        text=text,
        blocks=blocks,
        response_type="ephemeral",
        replace_original=replace,
        unfurl_links=False,
        unfurl_media=False,
    )
    if answer.status_code != 200:
        raise ExpiredError(f"status {answer.status_code}")


class ExpiredError(Exception):
    """A `response_url` that is used up: half an hour has passed, or five answers."""

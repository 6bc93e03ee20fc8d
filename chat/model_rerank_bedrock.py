"""Amazon Bedrock's Rerank API through langchain-aws: `GUIDE_RERANKER=bedrock:MODEL_ID`."""

import math
import os
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chat.model_bedrock import client_config, session, uses_api_key
from chat.model_deadline import Deadline, OutOfTime, refuse_when_over, within
from chat.model_errors import ModelError, from_exception
from chat.settings import Settings

if TYPE_CHECKING:
    from langchain_aws.document_compressors.rerank import BedrockRerank

_SECONDS = 10.0
"""Retries included; a reader waits longer for an answer than for its passages' order."""
_ATTEMPTS = 2
_MAX_CHARACTERS = 32_000
"""Of the question and of each text, in the API; it also takes at most 1,000 texts."""


class BedrockScorer:
    """A reranker model of Bedrock. Its client is made at the first call and kept."""

    def __init__(self, spec: str, name: str, settings: Settings) -> None:
        self.spec = spec
        self.price_id = name
        self._name = name
        self._settings = settings
        self._seconds = min(_SECONDS, settings.model_timeout)
        self._lock = threading.Lock()
        self._opened: BedrockRerank | None = None

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Bedrock's relevance of each text; -inf for one that the response leaves out."""
        region = ""
        try:
            model = self._model()
            region = str(model.client.meta.region_name)
            sent = [text[:_MAX_CHARACTERS] for text in texts]

            def produce(_: Deadline) -> Iterator[list[dict[str, Any]]]:
                yield model.rerank(sent, question[:_MAX_CHARACTERS], top_n=len(sent))

            (results,) = within(self._seconds, produce)
            return _by_place(results, len(sent))
        except OutOfTime:
            raise ModelError(
                "timeout", f"{self.spec} did not answer in {self._seconds:g} seconds."
            ) from None
        except Exception as error:
            raise from_exception(error, self.spec, self._seconds, region) from None

    def _model(self) -> "BedrockRerank":
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> "BedrockRerank":
        from botocore.exceptions import NoCredentialsError
        from langchain_aws.document_compressors.rerank import BedrockRerank

        aws = session(self._settings)
        client = aws.client(
            "bedrock-agent-runtime",
            endpoint_url=_address(self._settings.bedrock_endpoint_url),
            config=client_config(self._seconds, "standard", _ATTEMPTS),
        )
        if aws.get_credentials() is None:
            if uses_api_key():
                raise ModelError(
                    "no_credentials",
                    "A Bedrock API key is not accepted for reranking. Run aws configure (or aws "
                    "sso login), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
                )
            raise NoCredentialsError
        client.meta.events.register("before-send.bedrock-agent-runtime", refuse_when_over)
        arn = self._name
        if not arn.startswith("arn:"):
            place = f"arn:{client.meta.partition}:bedrock:{client.meta.region_name}"
            arn = f"{place}::foundation-model/{self._name}"
        return BedrockRerank(model_arn=arn, client=client)


def _address(endpoint_url: str | None) -> str | None:
    """Where the Rerank API is, when it is not at boto3's own address.

    It belongs to the service bedrock-agent-runtime. A VPC endpoint of bedrock-runtime does
    not serve it; a gateway in front of both does. boto3's own variable goes before both.
    """
    if endpoint_url is None or os.environ.get("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"):
        return None
    host = urlsplit(endpoint_url).hostname or ""
    return None if "bedrock-runtime" in host else endpoint_url


def _by_place(results: Sequence[dict[str, Any]], count: int) -> list[float]:
    scores = [-math.inf] * count
    for result in results:
        place, score = int(result["index"]), float(result["relevance_score"])
        if not 0 <= place < count or not math.isfinite(score):
            raise ValueError("the response does not fit the passages")
        scores[place] = score
    return scores

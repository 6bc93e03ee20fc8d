"""What Bedrock's Rerank operation accepts and gives, by the service's own limits."""

import re
from collections.abc import Callable
from typing import Any

COHERE_RERANK = "cohere.rerank-v3-5:0"
AMAZON_RERANK = "amazon.rerank-v1:0"
_ARN = r"arn:aws:bedrock:[a-z0-9-]+::foundation-model/(.+)"
_MAX_SOURCES, _MAX_CHARACTERS = 1000, 32_000

Relevance = Callable[[str, str], float]
Problem = tuple[int, str, str]


def shared_words(query: str, text: str) -> float:
    """The share of the question's words that a text has."""
    wanted = set(re.findall(r"\w+", query.lower()))
    return len(wanted & set(re.findall(r"\w+", text.lower()))) / (len(wanted) or 1)


def texts_of(body: dict[str, Any]) -> list[str]:
    """The texts of a request, in their order."""
    return [source["inlineDocumentSource"]["textDocument"]["text"] for source in body["sources"]]


def not_rerankable(body: dict[str, Any]) -> Problem | None:
    """What the service says of a request that it does not take."""
    if len(body.get("queries", [])) != 1:
        return _invalid("'queries' failed to satisfy constraint: Member must have length 1")
    if not 1 <= len(body.get("sources", [])) <= _MAX_SOURCES:
        return _invalid("'sources' failed to satisfy constraint: length between 1 and 1000")
    for text in [body["queries"][0]["textQuery"]["text"], *texts_of(body)]:
        if not 1 <= len(text) <= _MAX_CHARACTERS:
            return _invalid("'text' failed to satisfy constraint: length between 1 and 32000")
    configuration = body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    arn = re.fullmatch(_ARN, configuration["modelConfiguration"]["modelArn"])
    if arn is None or arn[1] not in {COHERE_RERANK, AMAZON_RERANK}:
        return _invalid("The provided model identifier is invalid.")
    return None


def reranked(body: dict[str, Any], relevance: Relevance) -> dict[str, Any]:
    """The response: places and scores, best first, as many as were asked for."""
    query = body["queries"][0]["textQuery"]["text"]
    configuration = body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    results = [
        {"index": place, "relevanceScore": relevance(query, text)}
        for place, text in enumerate(texts_of(body))
    ]
    results.sort(key=lambda result: -result["relevanceScore"])
    return {"results": results[: configuration.get("numberOfResults", len(results))]}


def _invalid(message: str) -> Problem:
    return 400, "ValidationException", message

"""Amazon Bedrock on loopback: Converse, ConverseStream, InvokeModel for embeddings, Rerank.

It speaks the real wire to the real boto3: the binary event stream, errors in headers and
bodies, and Signature Version 4, which it recomputes with the secret key it knows.
"""

import hashlib
import json
import math
import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest

from tests.fakes.bedrock_rerank import Relevance, not_rerankable, reranked, shared_words
from tests.fakes.wire import Call, FakeServer, Fault, Wire, pause, pieces_of, words

ACCESS_KEY = "AKIDFAKEBEDROCK00001"
SECRET_KEY = "fake-secret-key-of-the-loopback-server"
EXPIRED_TOKEN = "a-session-token-that-has-expired"
BEARER_KEY = "bedrock-api-key-of-the-loopback-server"

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_BARE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_5 = "global.anthropic.claude-sonnet-5-5"
NOVA = "amazon.nova-lite-v1:0"
LLAMA = "meta.llama3-3-70b-instruct-v1:0"
DENIED = "amazon.nova-pro-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
TITAN_1 = "amazon.titan-embed-text-v1"
COHERE = "cohere.embed-english-v3"
COHERE_4 = "cohere.embed-v4:0"
PROFILE_ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456"
BLOCKED_TEXT = "Sorry, this is not something to talk about here."


@dataclass
class BedrockServer(FakeServer):
    """Bedrock Runtime with a handful of models."""

    chat_models: frozenset[str] = frozenset({CLAUDE, CLAUDE_5, NOVA, LLAMA, DENIED, PROFILE_ARN})
    cache_minimum: int = 1024
    """Fake tokens (words) below which a cache point has no effect."""
    blocked_word: str = "forbidden-topic"
    """What the guardrail acts on."""
    embedded: list[Call] = field(default_factory=list)
    """Embedding calls, kept apart from `calls`."""
    reranked: list[Call] = field(default_factory=list)
    """Reranking calls, kept apart from `calls`."""
    relevance: Relevance = shared_words
    """How the reranker scores a text for a question."""
    cached: set[str] = field(default_factory=set)

    def get(self, wire: Wire) -> None:
        """The control plane's GetInferenceProfile."""
        if "/inference-profiles/" in wire.path:
            arn = f"arn:aws:bedrock:us-east-1::foundation-model/{CLAUDE_BARE}"
            profile = {
                "inferenceProfileName": "guide",
                "inferenceProfileId": "abc123def456",
                "inferenceProfileArn": PROFILE_ARN,
                "models": [{"modelArn": arn}],
                "status": "ACTIVE",
                "type": "APPLICATION",
            }
            return wire.send_json(200, profile)
        wire.send_json(404, {"message": "not found"})

    def post(self, wire: Wire, call: Call) -> None:
        if call.path == "/rerank":
            return self._rerank(wire, call)
        found = re.fullmatch(r"/model/([^/]+)/(converse|converse-stream|invoke)", call.path)
        if found is None:
            return self._refuse(wire, 404, "UnknownOperationException", "")
        model, operation = unquote(found[1]), found[2]
        (self.embedded if operation == "invoke" else self.calls).append(call)
        fault = self.next_fault()
        pause(fault.delay)
        problem = _unsigned(wire, call) or _faulty(fault)
        if problem is None and operation == "invoke":
            problem = _not_embeddable(model, call.body)
        elif problem is None:
            problem = self._not_answerable(model, call.body)
        if problem is not None:
            return self._refuse(wire, *problem)
        if operation == "invoke":
            wire.send_json(200, _embeddings(model, call.body))
        elif operation == "converse":
            wire.send_json(200, self._converse(model, call))
        else:
            self._stream(wire, model, call, fault)

    def _rerank(self, wire: Wire, call: Call) -> None:
        self.reranked.append(call)
        fault = self.next_fault()
        pause(fault.delay)
        if fault.after is not None:
            return wire.drop()
        problem = _unsigned(wire, call) or _faulty(fault) or not_rerankable(call.body)
        if problem is not None:
            return self._refuse(wire, *problem)
        wire.send_json(200, reranked(call.body, self.relevance))

    def _refuse(self, wire: Wire, status: int, code: str, message: str) -> None:
        wire.send_json(status, {"message": message}, {"x-amzn-ErrorType": f"{code}:http://x/"})

    def _not_answerable(self, model: str, body: dict[str, Any]) -> tuple[int, str, str] | None:
        if model == DENIED:
            return (
                403,
                "AccessDeniedException",
                ("You don't have access to the model with the specified model ID."),
            )
        if model == CLAUDE_BARE:
            return (
                400,
                "ValidationException",
                (
                    f"Invocation of model ID {model} with on-demand throughput isn’t supported. Retry "
                    "your request with the ID or ARN of an inference profile that contains this model."
                ),
            )
        if model not in self.chat_models:
            return 400, "ValidationException", "The provided model identifier is invalid."
        if model == CLAUDE_5 and "temperature" in body.get("inferenceConfig", {}):
            return 400, "ValidationException", "`temperature` is deprecated for this model."
        if model == LLAMA and "cachePoint" in json.dumps(body):
            return (
                403,
                "AccessDeniedException",
                ("You invoked an unsupported model or your request did not allow prompt caching."),
            )
        messages = body.get("messages") or []
        if not messages or messages[0]["role"] != "user":
            return (
                400,
                "ValidationException",
                (
                    "A conversation must start with a user message. Try again with a conversation "
                    "that starts with a user message."
                ),
            )
        for position, message in enumerate(messages):
            for block, content in enumerate(message["content"]):
                if "text" in content and not content["text"].strip():
                    return (
                        400,
                        "ValidationException",
                        (
                            f"The text field in the ContentBlock object at messages.{position}."
                            f"content.{block} is blank. Add text to the text field, and try again."
                        ),
                    )
        if words(call_text(body)) > 200_000:
            return 400, "ValidationException", "Input is too long for requested model."
        return None

    def _outcome(self, model: str, call: Call) -> tuple[list[dict[str, Any]], str, dict[str, Any]]:
        """Content blocks, the stop reason and the usage."""
        tools = call.body.get("toolConfig", {}).get("tools", [])
        limit = call.body.get("inferenceConfig", {}).get("maxTokens", 10_000)
        stop = "end_turn"
        if "guardrailConfig" in call.body and self.blocked_word in call.text:
            blocks: list[dict[str, Any]] = [{"text": BLOCKED_TEXT}]
            stop = "guardrail_intervened"
        elif tools:
            name = tools[0]["toolSpec"]["name"]
            use = {"toolUseId": "tooluse_1", "name": name, "input": self.fields(call)}
            blocks, stop = [{"toolUse": use}], "tool_use"
        else:
            text = self.reply(call)
            if words(text) > limit:
                text, stop = " ".join(text.split()[:limit]), "max_tokens"
            blocks = [{"text": text}]
            if model == CLAUDE_5:
                thought = {"text": "Let me think about queues.", "signature": "c2ln"}
                blocks.insert(0, {"reasoningContent": {"reasoningText": thought}})
        return blocks, stop, self._usage(call.body, blocks)

    def _usage(self, body: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
        read, written, fresh, prefix, seen = 0, 0, 0, "", 0
        parts = list(body.get("system", []))
        parts += [part for message in body["messages"] for part in message["content"]]
        for part in parts:
            if "cachePoint" not in part:
                prefix += json.dumps(part)
                fresh += words(part.get("text", ""))
            elif seen + fresh >= self.cache_minimum:
                key = hashlib.sha256(prefix.encode()).hexdigest()
                if key in self.cached:
                    read += fresh
                else:
                    written += fresh
                self.cached.add(key)
                seen, fresh = seen + fresh, 0
        out = sum(words(block.get("text", "x")) for block in blocks)
        return {
            "inputTokens": fresh,
            "outputTokens": out,
            "totalTokens": fresh + read + written + out,
            "cacheReadInputTokens": read,
            "cacheWriteInputTokens": written,
        }

    def _converse(self, model: str, call: Call) -> dict[str, Any]:
        blocks, stop, usage = self._outcome(model, call)
        return {
            "output": {"message": {"role": "assistant", "content": blocks}},
            "stopReason": stop,
            "usage": usage,
            "metrics": {"latencyMs": 12},
        }

    def _stream(self, wire: Wire, model: str, call: Call, fault: Fault) -> None:
        blocks, stop, usage = self._outcome(model, call)
        wire.start_stream("application/vnd.amazon.eventstream")
        wire.send_piece(encode_event("messageStart", {"role": "assistant"}))
        sent = 0
        for index, block in enumerate(blocks):
            if "toolUse" in block:
                start = {key: block["toolUse"][key] for key in ("toolUseId", "name")}
                payload = {"contentBlockIndex": index, "start": {"toolUse": start}}
                wire.send_piece(encode_event("contentBlockStart", payload))
            for delta in _deltas(block):
                if fault.after is not None and sent >= fault.after:
                    return _break(wire, fault)
                pause(fault.chunk_delay)
                payload = {"contentBlockIndex": index, "delta": delta}
                wire.send_piece(encode_event("contentBlockDelta", payload))
                sent += 1
            wire.send_piece(encode_event("contentBlockStop", {"contentBlockIndex": index}))
        if not fault.truncate:
            wire.send_piece(encode_event("messageStop", {"stopReason": stop}))
            metadata = {"usage": usage, "metrics": {"latencyMs": 12}}
            wire.send_piece(encode_event("metadata", metadata))
        wire.end_stream()


def use_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the fake's credentials, and nothing of the machine's own AWS set-up."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)


def call_text(body: dict[str, Any]) -> str:
    """All text parts of a Converse request."""
    parts = list(body.get("system", []))
    parts += [part for message in body.get("messages", []) for part in message["content"]]
    return "\n".join(part.get("text", "") for part in parts)


def encode_event(kind: str, payload: dict[str, Any], exception: bool = False) -> bytes:
    """One message of the `vnd.amazon.eventstream` encoding, with both checksums."""
    names = (
        {":message-type": "exception", ":exception-type": kind}
        if exception
        else {":message-type": "event", ":event-type": kind}
    )
    headers = b""
    for name, value in {**names, ":content-type": "application/json"}.items():
        headers += struct.pack("!B", len(name)) + name.encode()
        headers += struct.pack("!BH", 7, len(value)) + value.encode()
    data = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(data), len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + data
    return message + struct.pack("!I", zlib.crc32(message))


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "text" in block:
        yield from ({"text": piece} for piece in pieces_of(block["text"]))
    elif "toolUse" in block:
        for piece in pieces_of(json.dumps(block["toolUse"]["input"])):
            yield {"toolUse": {"input": piece}}
    else:
        thought = block["reasoningContent"]["reasoningText"]
        yield {"reasoningContent": {"text": thought["text"]}}
        yield {"reasoningContent": {"signature": thought["signature"]}}


def _break(wire: Wire, fault: Fault) -> None:
    if not fault.event:
        return wire.drop()
    payload = {"message": fault.message or "Something went wrong."}
    wire.send_piece(encode_event(fault.event, payload, exception=True))
    wire.end_stream()


def _faulty(fault: Fault) -> tuple[int, str, str] | None:
    return (fault.status, fault.code, fault.message) if fault.status else None


def _unsigned(wire: Wire, call: Call) -> tuple[int, str, str] | None:
    """What is wrong with the request's credentials, checked as AWS checks them."""
    given = call.headers.get("authorization", "")
    if given.startswith("Bearer "):
        if given == f"Bearer {BEARER_KEY}":
            return None
        return (
            403,
            "AccessDeniedException",
            ("Authentication failed: Please make sure your API Key is valid."),
        )
    shape = (
        r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([a-z0-9-]+)/bedrock/aws4_request, "
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
    )
    found = re.fullmatch(shape, given)
    if found is None:
        return 403, "MissingAuthenticationTokenException", "Missing Authentication Token"
    access_key, _day, region, signed, signature = found.groups()
    if call.headers.get("x-amz-security-token") == EXPIRED_TOKEN:
        return 403, "ExpiredTokenException", "The security token included in the request is expired"
    if access_key != ACCESS_KEY:
        return (
            403,
            "UnrecognizedClientException",
            ("The security token included in the request is invalid."),
        )
    if signature != _signature(wire, call, region, signed.split(";")):
        return (
            403,
            "InvalidSignatureException",
            ("The request signature we calculated does not match the signature you provided."),
        )
    return None


def _signature(wire: Wire, call: Call, region: str, signed: list[str]) -> str:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "bedrock", region)
    request = AWSRequest(
        method="POST",
        url=f"http://{call.headers['host']}{call.path}",
        data=wire.raw,
        headers={name: call.headers[name] for name in signed},
    )
    request.context["timestamp"] = call.headers["x-amz-date"]
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def _not_embeddable(model: str, body: dict[str, Any]) -> tuple[int, str, str] | None:
    if model in {TITAN, TITAN_1}:
        text = body.get("inputText")
        if not isinstance(text, str) or not text:
            return 400, "ValidationException", "Malformed input request: inputText is missing."
        if words(text) > 8192:
            return (
                400,
                "ValidationException",
                ("400 Bad Request: Too many input tokens. Max input tokens: 8192."),
            )
        return None
    if model in {COHERE, COHERE_4}:
        texts = body.get("texts")
        if not isinstance(texts, list) or not 1 <= len(texts) <= 96:
            return 400, "ValidationException", "Malformed input request: expected 1 to 96 texts."
        if body.get("input_type") not in {"search_document", "search_query"}:
            return 400, "ValidationException", "Malformed input request: input_type is missing."
        return None
    return 400, "ValidationException", "The provided model identifier is invalid."


def _embeddings(model: str, body: dict[str, Any]) -> dict[str, Any]:
    if model in {TITAN, TITAN_1}:
        size = 1536 if model == TITAN_1 else body.get("dimensions", 1024)
        text = body["inputText"]
        return {"embedding": vector_of(text, size), "inputTextTokenCount": words(text)}
    size = 1024 if model == COHERE else body.get("output_dimension", 1536)
    rows = [vector_of(text, size) for text in body["texts"]]
    if body.get("embedding_types"):
        return {"id": "1", "embeddings": {"float": rows}, "response_type": "embeddings_by_type"}
    return {"id": "1", "embeddings": rows, "response_type": "embeddings_floats"}


def vector_of(text: str, size: int) -> list[float]:
    """A bag of hashed words: the same text gives the same vector, shared words bring texts near."""
    vector = [0.0] * size
    for word in re.findall(r"\w+", text.lower()) or [text]:
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4]) % size] += 1.0 if digest[4] % 2 else -1.0
    norm = math.sqrt(sum(x * x for x in vector)) or 1.0
    return [x / norm for x in vector]

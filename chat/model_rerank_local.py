"""A sentence-transformers CrossEncoder from a local folder: `GUIDE_RERANKER=cross-encoder:PATH`."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chat.model_errors import ModelError, excerpt, from_exception

_BATCH = 16


class CrossEncoderScorer:
    """A cross-encoder in this process. Nothing is downloaded, and no code of the folder is run."""

    price_id = ""

    def __init__(self, spec: str, path: str) -> None:
        """Load the model, which takes seconds.

        Raises:
            ModelError: the folder is missing, holds something else, or can't be loaded.
        """
        self.spec = spec
        self._lock = threading.Lock()
        folder = Path(path).expanduser()
        _refuse_other_models(folder)
        from sentence_transformers import CrossEncoder
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            self._model = CrossEncoder(str(folder), local_files_only=True)
        except Exception as error:
            raise _unusable(f"the model in {folder} can't be loaded ({excerpt(error)})") from None
        if self._model.num_labels != 1:
            what = f"gives {self._model.num_labels} scores for a pair of texts, a reranker one"
            raise _unusable(f"the model in {folder} {what}")

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """The model's logits; longer texts are cut to its window."""
        from torch.nn import Identity

        pairs: Any = [(question, text) for text in texts]
        try:
            # A fast tokenizer can't be used by two threads at a time. Logits keep apart
            # what a sigmoid would round to the same 1.0.
            with self._lock:
                logits = self._model.predict(
                    pairs, batch_size=_BATCH, activation_fn=Identity(), show_progress_bar=False
                )
            scores = np.asarray(logits, np.float64).reshape(len(texts))
        except Exception as error:
            raise from_exception(error, self.spec, 0.0) from None
        if not np.isfinite(scores).all():
            raise ModelError("other", f"{self.spec} gave scores that are no numbers.")
        return [float(score) for score in scores]


def _refuse_other_models(folder: Path) -> None:
    """A model of another kind would load with a random head, and shuffle the passages."""
    if not folder.is_dir():
        raise _unusable(f"there is no folder {folder}")
    if _read(folder / "config_sentence_transformers.json").get("model_type") == "CrossEncoder":
        return
    architectures = _read(folder / "config.json").get("architectures") or ["no model"]
    if not str(architectures[0]).endswith("ForSequenceClassification"):
        raise _unusable(f"{folder} holds no cross-encoder ({architectures[0]})")


def _read(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _unusable(why: str) -> ModelError:
    return ModelError(
        "unknown_model",
        f"GUIDE_RERANKER: {why}. Give the folder of a sentence-transformers CrossEncoder.",
    )

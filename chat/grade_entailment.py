"""Does what a candidate says state a key point, state half of it, or deny it?

A cross-encoder reads the point and the words of the answer together, as natural language
inference does (Bowman et al. 2015), so that a point that is only mentioned or half made is
told from one that is made. Roles that are swapped in a short sentence it does not see. It is
all-MiniLM-L6-v2, fine-tuned on `eval/training` (`python -m eval fit-entailment`); the file
beside this module holds what that changed.
"""

import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.grade import VERDICTS
from ingest.embedding import EmbeddingError, model_folder, tokenizer

FILE = Path(__file__).with_name("grade_entailment.safetensors")
_POINT, _SAID = 64, 112
"""Word pieces that are read of the point and of what was said."""
_BATCH = 32
_HIDDEN = 256
_KEPT = 20_000
"""Pairs that are remembered: an answer that is graded again, or grows, costs what is new."""


class Entailment:
    """The cross-encoder. One a process; safe to share between threads."""

    def __init__(self, file: Path = FILE) -> None:
        """Load the weights, which takes a second.

        Raises:
            EmbeddingError: they are missing or damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        self._network = network()
        try:
            kept = load_file(str(file))
            self._network.load_state_dict(unpacked(kept, self._network.state_dict()))
        except (OSError, SafetensorError, RuntimeError, KeyError):
            raise EmbeddingError(
                f"{file.name}, the grader's weights, is missing or damaged. "
                f"Run: git checkout {file.parent.name}/{file.name}"
            ) from None
        self._network.eval()
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], NDArray[np.float64]] = {}

    @classmethod
    @cache
    def shared(cls) -> "Entailment":
        """One instance a process: loading takes a second and the weights are read-only."""
        return cls()

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Probabilities of `VERDICTS` for each (key point, words of the answer), (pairs, 4)."""
        import torch

        with self._lock:
            new = [pair for pair in dict.fromkeys(pairs) if pair not in self._kept]
            if len(self._kept) + len(new) > _KEPT:
                self._kept.clear()
                new = list(dict.fromkeys(pairs))
            read = [tokens_of(point, said) for point, said in new]
            # Pairs of one length share a batch: padding costs what words cost.
            order = sorted(range(len(read)), key=lambda index: len(read[index][0]))
            for first in range(0, len(order), _BATCH):
                chosen = order[first : first + _BATCH]
                with torch.inference_mode():
                    logits = self._network(*tensors([read[index] for index in chosen]))
                for index, row in zip(chosen, logits.softmax(dim=1).double().numpy(), strict=True):
                    self._kept[new[index]] = row
            return np.asarray([self._kept[pair] for pair in pairs]).reshape(-1, len(VERDICTS))


def entailment(readings: Sequence[tuple[Sequence[str], str]]) -> NDArray[np.float64]:
    """Probabilities of `VERDICTS` for each point, (points, 4).

    Args:
        readings: of each point its wordings, and the words of the answer that decide it. What
            the wordings give is averaged (the geometric mean), as of an ensemble.
    """
    pairs = [(wording, said) for wordings, said in readings for wording in wordings]
    told = np.log(np.clip(Entailment.shared()(pairs), 1e-6, 1))
    rows = []
    place = 0
    for wordings, _ in readings:
        mean = np.exp(told[place : place + len(wordings)].mean(axis=0))
        rows.append(mean / mean.sum())
        place += len(wordings)
    return np.asarray(rows).reshape(-1, len(VERDICTS))


def tokens_of(point: str, said: str) -> tuple[list[int], list[int]]:
    """Word pieces of a pair, and for each of them 0 (point) or 1 (what was said)."""
    read = tokenizer()
    one = read.encode(point, add_special_tokens=False).ids[:_POINT]
    other = read.encode(said, add_special_tokens=False).ids[:_SAID]
    first, last = read.encode("").ids
    return (
        [first, *one, last, *other, last],
        [0] * (len(one) + 2) + [1] * (len(other) + 1),
    )


def tensors(read: Sequence[tuple[list[int], list[int]]]) -> tuple[Any, Any, Any]:
    """Word pieces, mask and sides of some pairs as tensors, (pairs, longest) each."""
    import torch

    longest = max(len(ids) for ids, _ in read)
    ids, mask, sides = (torch.zeros((len(read), longest), dtype=torch.long) for _ in range(3))
    for row, (mine, side) in enumerate(read):
        ids[row, : len(mine)] = torch.tensor(mine)
        mask[row, : len(mine)] = 1
        sides[row, : len(mine)] = torch.tensor(side)
    return ids, mask, sides


def network() -> Any:
    """The encoder with its own weights and a head that is not fitted yet."""
    import torch
    from torch import nn
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()

    class Network(nn.Module):
        """Both sides' mean vectors, their difference and product (InferSent) -> verdict."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = AutoModel.from_pretrained(str(model_folder()), local_files_only=True)
            self.encoder.pooler = None
            self.hidden = nn.Linear(4 * self.encoder.config.hidden_size, _HIDDEN)
            self.verdict = nn.Linear(_HIDDEN, len(VERDICTS))
            self.dropout = nn.Dropout(0.1)

        def forward(self, ids: Any, mask: Any, sides: Any) -> Any:
            """Logits of the verdicts, (pairs, 4)."""
            states = self.encoder(
                input_ids=ids, attention_mask=mask, token_type_ids=sides
            ).last_hidden_state
            one = _mean(states, mask * (1 - sides))
            other = _mean(states, mask * sides)
            both = torch.cat([one, other, 3 * (one - other).abs(), 3 * one * other], dim=1)
            return self.verdict(self.dropout(nn.functional.gelu(self.hidden(self.dropout(both)))))

    return Network()


def _mean(states: Any, mask: Any) -> Any:
    weights = mask.float().unsqueeze(-1)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def packed(fitted: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """What fitting changed: matrices as 8-bit differences with one scale a row, the rest whole."""
    import torch

    kept = {}
    for name, values in fitted.items():
        if name in base and torch.equal(values, base[name]):
            continue
        if values.ndim == 2 and name.startswith("encoder."):
            change = values - base[name]
            scale = change.abs().amax(dim=1).clamp(min=1e-12) / 127
            kept[name] = (change / scale[:, None]).round().to(torch.int8)
            kept[f"{name}.scale"] = scale
        else:
            kept[name] = values.half()
    return {name: values.contiguous() for name, values in kept.items()}


def unpacked(kept: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """The fitted weights, from what `packed` kept and the encoder's own weights."""
    import torch

    found = {}
    for name, values in base.items():
        if name not in kept:
            found[name] = values
        elif kept[name].dtype == torch.int8:
            found[name] = values + kept[name].float() * kept[f"{name}.scale"][:, None]
        else:
            found[name] = kept[name].float()
    return found

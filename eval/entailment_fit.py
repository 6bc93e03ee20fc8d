"""Fine-tune the cross-encoder of key points on `training`: about two hours on two cores.

The first round learns from single sentences, the later ones also from whole answers, as the
judge meets them, and from common mistakes. Nothing of `golden/grading.jsonl` is seen.

The committed weights had somewhat more steps, and the examples joined them over time: those
in the tone of another verdict, on other subjects and about mistakes in the second half, other
errors about a key point at the end. They are the mean of the weights before and after these
last (Wortsman et al. 2022, "Model soups"): alone, the last ones told wrong claims apart
better and half-made points worse, on the development answers.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chat.grade import VERDICTS
from chat.grade_entailment import FILE, Entailment, network, packed, tensors, tokens_of
from eval.entailment_data import (
    FOLDER,
    Claims,
    Pair,
    WrongClaim,
    answer_pairs,
    claim_pairs,
    claims,
    epoch,
    held_out,
    jumbled,
    misspelt,
    neighbours,
    whole_answers,
    wrong_claims,
)

_TOKENS = 2048
"""Word pieces in a step."""
_SENTENCES_KEPT = 0.65
"""Share of the single sentences in the rounds that also have whole answers."""
STEPS = 5000
_RATE, _HEAD_RATE, _WARM = 1.5e-4, 1e-3, 80


def fit(target: Path = FILE, steps: int = STEPS, folder: Path = FOLDER) -> dict[str, Any]:
    """Fit, write `target`, and say how well sentences of held-out questions are told apart."""
    import torch

    torch.manual_seed(0)
    chance = random.Random(5)
    rows = claims(folder)
    unseen = held_out([row.question for row in rows])
    seen = [row for row in rows if row.question not in unseen]
    answers = answer_pairs([row for row in whole_answers(folder) if row.question not in unseen])
    net = network()
    base = {name: values.clone() for name, values in net.state_dict().items()}
    embeddings = net.encoder.embeddings
    for table in (embeddings.word_embeddings, embeddings.position_embeddings):
        table.weight.requires_grad_(False)
    net.train()
    optimiser = _optimiser(net)
    wrong = [row for row in wrong_claims(folder) if row.question not in unseen]
    rounds = _batches_of(steps, _Examples(seen, neighbours(seen), answers, wrong), chance)
    for step, batch in enumerate(rounds):
        _learn(net, optimiser, batch, step, steps)
    write(net.state_dict(), base, target)
    told = Entailment(target)
    sentences = [(r.point, t, v) for r in rows if r.question in unseen for t, v in r.said]
    verdicts = told([(point, text) for point, text, _ in sentences]).argmax(axis=1)
    right = [VERDICTS[n] == v for n, (_, _, v) in zip(verdicts, sentences, strict=True)]
    return {
        "steps": steps,
        "sentences": sum(len(row.said) for row in seen),
        "points of whole answers": len(answers),
        "right of held-out sentences": round(float(np.mean(right)), 3),
    }


@dataclass(frozen=True)
class _Examples:
    """What is learned from."""

    claims: Sequence[Claims]
    near: Sequence[Sequence[int]]
    """`neighbours` of `claims`"""
    answers: Sequence[Pair]
    wrong: Sequence[WrongClaim]


def _batches_of(steps: int, examples: _Examples, chance: random.Random) -> Iterator[list[Pair]]:
    """As many batches as there are steps, from rounds that are drawn anew."""
    step = 0
    while step < steps:
        pairs = epoch(examples.claims, examples.near, chance)
        if step:
            chance.shuffle(pairs)
            answers = examples.answers
            pairs = [*pairs[: int(_SENTENCES_KEPT * len(pairs))], *jumbled(answers, chance)]
            pairs += claim_pairs(examples.wrong, chance)
            pairs += [replace(pair, said=misspelt(pair.said, chance)) for pair in answers]
        for batch in batches(pairs, chance)[: steps - step]:
            yield batch
            step += 1


def _optimiser(net: Any) -> Any:
    import torch

    encoder = [weights for weights in net.encoder.parameters() if weights.requires_grad]
    head = [*net.hidden.parameters(), *net.verdict.parameters()]
    return torch.optim.AdamW([{"params": encoder}, {"params": head}], weight_decay=0.01)


def _learn(net: Any, optimiser: Any, batch: Sequence[Pair], step: int, steps: int) -> None:
    """One step; the rates rise at first and then fall."""
    import torch

    slowly = min(1.0, (step + 1) / _WARM) * max(0.02, 1 - step / steps)
    for group, rate in zip(optimiser.param_groups, (_RATE, _HEAD_RATE), strict=True):
        group["lr"] = rate * slowly
    told = net(*tensors([tokens_of(p.point, p.said) for p in batch])).log_softmax(dim=1)
    wanted = torch.tensor([p.wanted for p in batch])
    weights = torch.tensor([p.weight for p in batch])
    loss = -(weights * (wanted * told).sum(dim=1)).sum() / weights.sum()
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimiser.step()
    if (step + 1) % 50 == 0:
        print(f"step {step + 1} of {steps}, loss {loss.item():.3f}", file=sys.stderr)


def write(fitted: dict[str, Any], base: dict[str, Any], target: Path) -> None:
    """Keep what fitting changed."""
    from safetensors.torch import save_file

    save_file(packed(fitted, base), str(target))


def batches(pairs: Sequence[Pair], chance: random.Random) -> list[list[Pair]]:
    """Batches of pairs of like length, in random order."""
    sized = sorted(pairs, key=lambda pair: len(pair.point) + len(pair.said) + 24 * chance.random())
    found: list[list[Pair]] = [[]]
    longest = 0
    for pair in sized:
        length = len(tokens_of(pair.point, pair.said)[0])
        longest = max(longest, length)
        if found[-1] and longest * (len(found[-1]) + 1) > _TOKENS:
            found.append([])
            longest = length
        found[-1].append(pair)
    chance.shuffle(found)
    return found

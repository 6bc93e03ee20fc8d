from pathlib import Path

import numpy as np
import pytest
import torch

from chat.grade import VERDICTS
from chat.grade_entailment import Entailment, network, packed, tokens_of, unpacked
from eval.entailment_data import claims, held_out
from ingest.embedding import EmbeddingError

POINT = "A read replica serves reads; it lags behind the primary, which alone takes writes."


@pytest.fixture(scope="module")
def entailment() -> Entailment:
    return Entailment.shared()


def told(entailment: Entailment, *said: str) -> list[str]:
    chances = entailment([(POINT, text) for text in said])
    assert np.allclose(chances.sum(axis=1), 1.0)
    return [VERDICTS[n] for n in chances.argmax(axis=1)]


def test_sentences_on_questions_that_were_not_trained_on_are_told_apart(
    entailment: Entailment,
) -> None:
    rows = claims()
    unseen = held_out([row.question for row in rows])
    said = [(row.point, t, v) for row in rows if row.question in unseen for t, v in row.said]
    chances = entailment([(point, text) for point, text, _ in said])
    right = [
        VERDICTS[n] == verdict
        for n, (_, _, verdict) in zip(chances.argmax(axis=1), said, strict=True)
    ]
    assert np.mean(right) > 0.8


def test_the_same_in_other_words_is_covered(entailment: Entailment) -> None:
    right = "Writes go to the primary only; replicas answer reads and are a little behind."
    assert told(entailment, right) == ["covered"]


def test_what_is_said_of_another_matter_is_missing(entailment: Entailment) -> None:
    assert told(entailment, "I would put the images on CloudFront.") == ["missing"]


def test_the_order_of_the_pairs_changes_nothing(entailment: Entailment) -> None:
    pairs = [
        (POINT, "Replicas serve reads."),
        (POINT, "No."),
        (POINT, "Only one takes writes. " * 40),
    ]
    there, back = entailment(pairs), entailment(pairs[::-1])[::-1]
    assert np.allclose(there, back, atol=1e-4)


def test_no_pairs_give_no_rows(entailment: Entailment) -> None:
    assert entailment([]).shape == (0, 4)


def test_long_texts_are_cut_to_the_window() -> None:
    ids, sides = tokens_of("a " * 500, "b " * 500)
    assert len(ids) == len(sides) <= 256
    assert set(sides) == {0, 1}


def test_what_is_kept_of_the_weights_gives_them_back() -> None:
    base = {"encoder.a": torch.randn(6, 5), "encoder.same": torch.randn(3), "head": torch.zeros(2)}
    fitted = {
        "encoder.a": base["encoder.a"] + 0.01 * torch.randn(6, 5),
        "encoder.same": base["encoder.same"],
        "head": torch.ones(2),
    }
    kept = packed(fitted, base)
    assert "encoder.same" not in kept
    again = unpacked(kept, base)
    assert set(again) == set(fitted)
    for name, values in fitted.items():
        assert torch.allclose(again[name], values, atol=3e-4), name


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_weights_that_are_missing_or_damaged_say_what_to_do(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "grade_entailment.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(EmbeddingError, match="git checkout"):
        Entailment(file)


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    file = tmp_path / "grade_entailment.safetensors"
    save_file({"verdict.bias": torch.zeros(7, dtype=torch.float16)}, str(file))
    with pytest.raises(EmbeddingError):
        Entailment(file)
    assert network().verdict.bias.shape == (4,)

"""GUIDE_RERANKER=cross-encoder:PATH with a real, tiny cross-encoder made here."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from chat.answering import Answerer
from chat.model_errors import ModelError
from chat.model_rerankers import open_reranker
from chat.settings import Settings
from ingest.embedding import model_folder
from ingest.passages import embedded_text

QUESTION = "What is the default visibility timeout of an SQS queue?"


def made(folder: Path, labels: int = 1) -> Path:
    """A BERT of a few dimensions with random weights and the bundled tokenizer."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    tokenizer = AutoTokenizer.from_pretrained(model_folder(), local_files_only=True)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=labels,
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("cross-encoder"))


def test_the_passages_come_in_the_cross_encoders_order(
    folder: Path, index_folder: Path, tmp_path: Path, answerer: Answerer
) -> None:
    from sentence_transformers import CrossEncoder

    settings = Settings(
        index=index_folder, data=tmp_path / "data", reranker=f"cross-encoder:{folder}"
    )
    answer, plain = Answerer(settings).ask(QUESTION), answerer.ask(QUESTION)
    assert answer.notes == () and answer.confidence == plain.confidence
    shown = [r.passage for r in answer.passages if r.passage.kind != "question"]
    pairs: Any = [(QUESTION, embedded_text(passage)) for passage in shown]
    scores = list(CrossEncoder(str(folder), local_files_only=True).predict(pairs))
    assert scores == sorted(scores, reverse=True) and len(set(scores)) > 5
    assert [p.passage.id for p in answer.passages] != [p.passage.id for p in plain.passages]
    assert answer.timings["rerank"] > 0 and answer.usage == plain.usage
    assert not (tmp_path / "data").exists(), "what costs nothing is not counted"


def test_threads_share_one_cross_encoder(folder: Path) -> None:
    reranker = open_reranker(Settings(reranker=f"cross-encoder:{folder}"))
    assert reranker is not None
    texts = [f"Text {n} speaks of {word}." for n, word in enumerate(["queues", "tables", "keys"])]
    alone = reranker.order(QUESTION, texts).order
    orders: list[tuple[int, ...]] = []
    threads = [
        threading.Thread(target=lambda: orders.append(reranker.order(QUESTION, texts).order))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert orders == [alone] * 8


def test_a_text_beyond_the_models_window_is_cut(folder: Path) -> None:
    reranker = open_reranker(Settings(reranker=f"cross-encoder:{folder}"))
    assert reranker is not None
    told = reranker.order(QUESTION, ["queue " * 5000, "table"])
    assert told.note == "" and sorted(told.order) == [0, 1]


def told(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        open_reranker(Settings(reranker=f"cross-encoder:{path}"))
    text = str(caught.value)
    assert text.startswith("GUIDE_RERANKER: ") and "\n" not in text and str(path) in text
    assert "Give the folder of a sentence-transformers CrossEncoder." in text
    return text


def test_a_missing_folder_is_told_and_nothing_is_downloaded(tmp_path: Path) -> None:
    assert "there is no folder" in told(tmp_path / "absent")


def test_a_folder_without_a_cross_encoder_is_told(tmp_path: Path) -> None:
    assert "holds no cross-encoder (no model)" in told(tmp_path)
    assert "holds no cross-encoder (BertModel)" in told(model_folder())


def test_a_classifier_of_several_labels_is_no_reranker(tmp_path: Path) -> None:
    assert "gives 3 scores" in told(made(tmp_path, labels=3))


def test_damaged_weights_are_told(tmp_path: Path) -> None:
    (made(tmp_path) / "model.safetensors").write_bytes(b"not weights")
    assert "can't be loaded" in told(tmp_path)


def test_code_in_the_folder_is_not_run(tmp_path: Path) -> None:
    config = json.loads((made(tmp_path) / "config.json").read_text())
    config["auto_map"] = {
        "AutoConfig": "evil.Config",
        "AutoModelForSequenceClassification": "evil.M",
    }
    config["model_type"] = "evil"
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    told(tmp_path)
    assert not (tmp_path / "ran").exists()

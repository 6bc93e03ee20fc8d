from pathlib import Path

import numpy as np
import pytest

from chat.crowding import Crowding, crowding_of, lift
from ingest.embedding import MiniLM
from ingest.index import build, opened
from ingest.settings import IngestSettings

QUEUES = "# Queues\n\n## Retention\n\nA queue keeps messages for {} days.\n\n## Limits\n\nA {}.\n"


def test_documents_of_one_subject_are_nearer_to_each_other_than_a_mixture(tmp_path: Path) -> None:
    alike = {f"q{n}.md": QUEUES.format(n, f"queue holds {n} messages") for n in range(2, 6)}
    mixed = {
        "queues.md": QUEUES.format(4, "queue holds messages"),
        "bread.md": "# Bread\n\nDough rises for two hours in a warm place.\n",
        "planets.md": "# Planets\n\nJupiter is the largest planet of the solar system.\n",
    }
    assert _crowding(tmp_path / "a", alike).nearest > _crowding(tmp_path / "b", mixed).nearest


def test_a_single_document_is_compared_by_chapters(tmp_path: Path) -> None:
    one = {"queues.md": QUEUES.format(4, "queue keeps at most 120,000 messages in flight")}
    assert _crowding(tmp_path, one).nearest > Crowding().nearest
    assert _crowding(tmp_path / "plain", {"one.txt": "Only one sentence.\n"}) == Crowding()


def test_lift_is_what_the_best_has_over_the_best_twentieth() -> None:
    many = np.concatenate([np.full(3900, 0.1), np.full(99, 0.4), [0.9]]).astype(np.float32)
    best = [0.9, *[0.4] * 99, *[0.1] * 100]
    assert lift(many) == pytest.approx(0.9 - float(np.mean(best)), abs=1e-6)
    assert lift(np.zeros(0, np.float32)) == 0.0


def _crowding(folder: Path, documents: dict[str, str]) -> Crowding:
    corpus, index = folder / "corpus", folder / "index"
    corpus.mkdir(parents=True)
    for name, text in documents.items():
        (corpus / name).write_text(text)
    settings = IngestSettings.load(index=index)
    build([corpus], settings, MiniLM.shared)
    with opened(index, settings.embedding) as open_index:
        return crowding_of(open_index)

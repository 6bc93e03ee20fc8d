"""What the tests share: a small corpus, an index over it, and settings that point to it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from chat.answering import Answerer
from chat.grading import Grader
from chat.settings import Settings
from ingest.embedding import MiniLM
from ingest.index import build
from ingest.locks import LockedError
from ingest.settings import IngestSettings

ROOT = Path(__file__).parent.parent
LESSONS = Path(__file__).parent / "lessons"
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if WORKER:
    # As many processes as cores: threads inside them would only wait for each other.
    os.environ["OMP_NUM_THREADS"] = "1"


LONGEST = (
    "eval/test_gate.py",
    "chat/test_model_gguf.py",
    "chat/ui/",
    "chat/slack/",
    "eval/test_gate_grading.py",
    "ingest/test_index.py",
)
"""Files that come first, so that no process ends long after the others.

The first one builds the whole guide's index. The other that reads it stands behind what takes
as long, or its process would only wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests come first."""

    def place(item: pytest.Item) -> int:
        names = (item.nodeid.startswith(f"tests/{start}") for start in LONGEST)
        return next((n for n, found in enumerate(names) if found), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GUIDE_"):
            monkeypatch.delenv(name)


def _built(documents: Path, name: str, factory: pytest.TempPathFactory) -> Path:
    """An index over `documents`, built by one process for all that run the tests."""
    shared = factory.getbasetemp().parent if WORKER else factory.getbasetemp()
    settings = IngestSettings(index=shared / f"index-of-{name}")
    while True:
        try:
            build([documents], settings, MiniLM.shared)
        except LockedError:
            time.sleep(1)
        else:
            return settings.index


@pytest.fixture(scope="session")
def index_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(LESSONS, "lessons", tmp_path_factory)


@pytest.fixture
def settings(index_folder: Path, tmp_path: Path) -> Settings:
    return Settings(index=index_folder, data=tmp_path / "data")


@pytest.fixture(scope="session")
def answerer(index_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    yield Answerer(Settings(index=index_folder, data=tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="session")
def grader(answerer: Answerer) -> Grader:
    return Grader(answerer.settings, answerer)


@pytest.fixture(scope="session")
def guide_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index over the whole guide, as `make ingest` builds it."""
    return _built(ROOT / "corpus", "guide", tmp_path_factory)

"""What the tests share: a small corpus, an index over it, and settings that point to it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from chat.answering import Answerer
from chat.settings import Settings
from ingest.embedding import MiniLM
from ingest.index import build
from ingest.settings import IngestSettings

ROOT = Path(__file__).parent.parent
LESSONS = Path(__file__).parent / "lessons"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GUIDE_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def index_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    build([LESSONS], IngestSettings(index=folder), MiniLM.shared)
    return folder


@pytest.fixture
def settings(index_folder: Path, tmp_path: Path) -> Settings:
    return Settings(index=index_folder, data=tmp_path / "data")


@pytest.fixture(scope="session")
def answerer(index_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    yield Answerer(Settings(index=index_folder, data=tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="session")
def guide_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index over the whole guide, as `make ingest` builds it."""
    folder = tmp_path_factory.mktemp("guide")
    build([ROOT / "corpus"], IngestSettings(index=folder), MiniLM.shared)
    return folder

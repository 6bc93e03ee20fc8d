import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.documents import DocumentError
from ingest.embedding import Encoded, MiniLM
from ingest.index import BadIndexError, Report, build, current, open_index, opened
from ingest.locks import LockedError, exclusive
from ingest.passages import Passage
from ingest.settings import IngestSettings
from tests.conftest import LESSONS, ROOT


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    shutil.copytree(LESSONS, tmp_path / "corpus")
    return tmp_path / "corpus"


@pytest.fixture
def settings(tmp_path: Path) -> IngestSettings:
    return IngestSettings(index=tmp_path / "index")


def ingest(corpus: Path, settings: IngestSettings) -> Report:
    return build([corpus], settings, MiniLM.shared)


def sources(settings: IngestSettings) -> set[str]:
    with opened(settings.index, settings.embedding) as index:
        assert index.collection.count() == len(index.passages)
        return {passage.source for passage in index.passages}


def test_a_second_run_changes_nothing(corpus: Path, settings: IngestSettings) -> None:
    first = ingest(corpus, settings)
    again = build([corpus], settings, lambda: pytest.fail("the model was loaded for nothing"))
    assert first.changed and first.embedded == first.passages
    assert not again.changed and again.embedded == 0
    assert again.generation == first.generation


def test_only_what_changed_is_embedded_again(corpus: Path, settings: IngestSettings) -> None:
    before = ingest(corpus, settings)
    (corpus / "new.md").write_text("# New\n\nAn entirely new lesson.\n")
    after = ingest(corpus, settings)
    assert after.embedded == 1
    assert after.reused == before.passages
    text = (corpus / "new.md").read_text().replace("entirely", "completely")
    (corpus / "new.md").write_text(text)
    assert ingest(corpus, settings).embedded == 1
    with opened(settings.index, settings.embedding) as index:
        assert [p.text for p in index.passages if p.source == "new.md"] == [
            "A" + "n completely new lesson."
        ]


def test_a_removed_document_stops_being_cited(corpus: Path, settings: IngestSettings) -> None:
    ingest(corpus, settings)
    (corpus / "queues.md").unlink()
    report = ingest(corpus, settings)
    assert report.removed == 1 and report.embedded == 0
    assert sources(settings) == {"balancers.md", "functions.md"}


def test_an_unreadable_file_is_skipped_and_named(corpus: Path, settings: IngestSettings) -> None:
    (corpus / "empty.md").write_text("  \n")
    (corpus / "picture.md").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d" * 40)
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.4 and then nothing of use")
    (corpus / "notes.md").write_text("---\nindex: false\n---\n\n# Notes\n\nNot for readers.\n")
    report = ingest(corpus, settings)
    assert set(report.skipped) == {"empty.md", "picture.md", "broken.pdf"}
    assert all(reason for reason in report.skipped.values())
    assert report.documents == 3
    assert not ingest(corpus, settings).changed


def test_nothing_readable_is_an_error_and_leaves_the_old_index(
    corpus: Path, settings: IngestSettings, tmp_path: Path
) -> None:
    ingest(corpus, settings)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DocumentError, match="No readable documents"):
        ingest(tmp_path / "empty", settings)
    assert len(sources(settings)) == 3


def test_two_ingests_at_once_are_refused(corpus: Path, settings: IngestSettings) -> None:
    settings.index.mkdir()
    with exclusive(settings.index / "lock"):
        with pytest.raises(LockedError, match="Another ingest is running"):
            ingest(corpus, settings)
    assert ingest(corpus, settings).changed


def test_a_generation_lives_as_long_as_it_is_read(corpus: Path, settings: IngestSettings) -> None:
    first = ingest(corpus, settings).generation
    reader = open_index(settings.index, settings.embedding)
    (corpus / "new.md").write_text("# New\n\nA new lesson.\n")
    ingest(corpus, settings)
    assert (settings.index / first).exists()
    assert reader.dense(reader.vectors[0], 1)[0][0] == 0
    reader.close()
    (corpus / "newer.md").write_text("# Newer\n\nA newer lesson.\n")
    ingest(corpus, settings)
    assert [p.name for p in settings.index.glob("generation-*")] == [current(settings.index)]


def test_another_embedding_model_is_refused(corpus: Path, settings: IngestSettings) -> None:
    ingest(corpus, settings)
    with pytest.raises(BadIndexError, match=r"built with all-MiniLM-L6-v2.*Run: make ingest"):
        open_index(settings.index, "bedrock:amazon.titan-embed-text-v2:0")


def test_a_missing_or_damaged_index_says_what_to_run(
    corpus: Path, settings: IngestSettings
) -> None:
    with pytest.raises(BadIndexError, match="no index.*Run: make ingest"):
        open_index(settings.index, settings.embedding)
    ingest(corpus, settings)
    (settings.index / current(settings.index) / "passages.jsonl").write_text("{half")
    with pytest.raises(BadIndexError, match="damaged.*Run: make ingest"):
        open_index(settings.index, settings.embedding)
    assert ingest(corpus, settings).changed, "a damaged generation is built anew"
    (settings.index / current(settings.index) / "manifest.json").unlink()
    assert ingest(corpus, settings).changed
    assert len(sources(settings)) == 3


class Failing(MiniLM):
    """An embedder that dies after some batches."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.seen = 0

    def passages(self, passages: Sequence[Passage]) -> Encoded:
        if self.calls == 0:
            raise KeyboardInterrupt
        self.calls -= 1
        self.seen += len(passages)
        return MiniLM.shared().passages(passages)


def test_a_build_that_was_stopped_goes_on_where_it_was(
    corpus: Path, settings: IngestSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.partial.BATCH", 4)
    with pytest.raises(KeyboardInterrupt):
        build([corpus], settings, lambda: Failing(2))
    assert current(settings.index) == ""
    rest = Failing(100)
    report = build([corpus], settings, lambda: rest)
    assert rest.seen == report.passages - 8
    assert len(sources(settings)) == 3


@pytest.mark.parametrize("attempt", range(3))
def test_a_kill_at_any_moment_leaves_the_old_index_answering(
    corpus: Path, settings: IngestSettings, attempt: int
) -> None:
    ingest(corpus, settings)
    generator = random.Random(attempt)
    for number in range(4):
        (corpus / f"more-{attempt}-{number}.md").write_text(
            f"# More {number}\n\nLesson {number}.\n"
        )
        command = [sys.executable, "-m", "ingest", str(corpus), "--index", str(settings.index)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(generator.uniform(0.2, 6))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert {"balancers.md", "functions.md", "queues.md"} <= sources(settings)
    ingest(corpus, settings)
    assert len(sources(settings)) == 7


def test_the_command_prints_a_summary_and_a_clear_error(corpus: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ingest", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    done = run(str(corpus), "--index", str(tmp_path / "i"), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["documents"] == 3
    failed = run(str(tmp_path / "nowhere"), "--index", str(tmp_path / "i"))
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1 and "does not exist" in failed.stderr

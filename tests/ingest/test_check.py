from pathlib import Path

import pytest

from ingest.check import check
from ingest.documents import DocumentError

LESSON = """---
title: Queues
series: services
order: 1
services: [sqs]
as_of: 2026-11
sources: [https://docs.aws.amazon.com/sqs]
---

# Queues

A queue decouples the sender from the receiver.

## Interview questions

### What does a queue do for two services?
*Level: mid. Kind: concept.*

**Key points**
- It decouples the sender from the receiver.
- It buffers what arrives too fast.
- It keeps a message until somebody deletes it.

**Common mistakes**
- "A queue makes the work faster" - it only moves the work to a later time.

**Model answer**

A queue takes what the sender has and keeps it until the receiver is ready.

```rubric
points:
  - {weight: vital}
  - {weight: vital}
  - {weight: okay}
mistakes:
  - {also: ["queues speed it up"], denies: [2]}
```
"""
CONTENTS = "---\nindex: false\n---\n# Contents\n\n- [Queues](queues.md)\n"


def findings(folder: Path, lesson: str) -> list[str]:
    (folder / "INDEX.md").write_text(CONTENTS)
    (folder / "queues.md").write_text(lesson)
    return [str(finding) for finding in check([folder])]


def test_a_lesson_in_form_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, LESSON) == []


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("denies: [2]", "denies: [4]", "no numbers of key points"),
        ("denies: [2]", "denies: second", "no numbers of key points"),
        ("  - {weight: okay}\n", "", "2 points for 3"),
        ("Level: mid", "Level: junior", "level 'junior'"),
        (" - it only moves the work to a later time.", "", "a mistake without a reason"),
        ("**Model answer**\n\nA queue takes", "A queue takes", "no model answer"),
        ("A queue decouples the", "A [queue](nowhere.md) decouples the", "nowhere.md"),
        ("  - {weight: okay}", "  - {weigth: okay}", "unknown fields of points: weigth"),
        ("  - {weight: okay}", "  - {1: okay, also: []}", "unknown fields of points: 1"),
        ("mistakes:\n  - {", "mistakes:\n  - [{", "no YAML"),
    ],
)
def test_what_is_out_of_form_is_named_with_its_line(
    tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    assert right in LESSON
    found = findings(tmp_path, LESSON.replace(right, wrong))
    assert any(told in finding for finding in found), found
    assert all(finding.startswith("queues.md:") for finding in found)


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        check([tmp_path / "nothing"])

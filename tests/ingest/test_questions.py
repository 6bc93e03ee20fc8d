from ingest.documents import parse
from ingest.questions import questions_of
from tests.conftest import LESSONS


def test_a_question_is_read_with_its_rubric() -> None:
    document = parse("queues.md", (LESSONS / "queues.md").read_bytes())
    (question,) = questions_of([document])
    assert question.text.startswith("A consumer keeps failing")
    assert (question.level, question.kind, question.topic) == (
        "senior",
        "troubleshooting",
        "Queues",
    )
    assert [point.vital for point in question.points] == [True, False, False]
    assert question.points[0].also == ("use a DLQ so poison messages are moved aside",)
    assert question.points[0].aliases == ("DLQ = dead-letter queue",)
    assert question.mistakes[0].claim == "Raise the visibility timeout until it works."
    assert question.mistakes[0].why == "A longer timeout only delays the next failure."
    assert question.model_answer.startswith("I would give the queue")
    for point in question.points:
        assert point.text.split()[0] in document.text[point.start : point.end]


RUBRIC = """# Queues

## Interview questions

### What does a queue do?

**Key points**
- It decouples.
- It buffers.

**Common mistakes**
- "Queues are slow" - they add milliseconds.
- "Queues lose messages" - they are stored on several servers.

```rubric
mistakes:
  - {denies: [2, 9]}
  - {also: ["queues drop things"]}
```
"""


def test_a_mistake_names_the_points_that_it_denies() -> None:
    (question,) = questions_of([parse("queues.md", RUBRIC.encode())])
    first, second = question.mistakes
    assert first.denies == (1,)
    assert second.denies is None

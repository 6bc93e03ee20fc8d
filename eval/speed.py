"""Seconds of a question, of the first words, and of opening the index."""

import time
from collections.abc import Sequence
from statistics import median, quantiles

from chat.answering import Answerer


def evaluate(answerer: Answerer, questions: Sequence[str], count: int = 60) -> dict[str, float]:
    """Figures over the first `count` questions, after one that warms up."""
    answerer.ask(questions[0])
    whole, first = [], []
    for question in questions[:count]:
        started = time.perf_counter()
        stream = answerer.stream(question)
        next(stream)
        first.append(time.perf_counter() - started)
        for _ in stream:
            pass
        whole.append(time.perf_counter() - started)
    started = time.perf_counter()
    fresh = Answerer(answerer.settings)
    fresh.service()
    opened = time.perf_counter() - started
    return {
        "questions": float(len(whole)),
        "median": round(median(whole), 4),
        "95th percentile": round(quantiles(whole, n=20)[-1], 4),
        "first words, median": round(median(first), 4),
        "open the index": round(opened, 3),
    }

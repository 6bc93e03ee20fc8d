"""Does an answer speak of something else in the guide than what was asked?

Text pasted from another lesson is fluent and true, and with enough of it some key points
seem partly made. As a whole it lies far nearer to another lesson than to the question's own.
"""

import numpy as np

from chat.grade import Rubric
from chat.grade_reading import Reading
from ingest.embedding import BUNDLED
from ingest.index import Index

_MARGINS = ((4.5, 0.2), (7.0, 0.3))
"""(score, difference of cosine similarities): with less than this score, an answer that is
nearer to another lesson by so much is one to another question. Good answers reach 0.12."""
_FEWEST = 12
"""Content words; what a shorter answer is about can't be told apart so well."""


def elsewhere(index: Index, rubric: Rubric, answer: Reading, score: float) -> str:
    """Why the answer is taken to be one to another question; "" when it is not.

    Only questions of the guide can be judged so: of others it is not known what belongs
    to them. `score` is what the points alone earn.
    """
    source = rubric.source
    if source is None or index.manifest.embedding != BUNDLED:
        return ""
    wanted = next((margin for below, margin in _MARGINS if score < below), None)
    if wanted is None or len(answer.words) < _FEWEST:
        return ""
    near = index.vectors @ answer.whole
    own = np.fromiter((p.source == source.source for p in index.passages), bool, len(near))
    if own.all() or not own.any():
        return ""
    best = int(np.argmax(np.where(own, -1.0, near)))
    if float(near[best] - near[own].max()) < wanted:
        return ""
    heading = index.passages[best].trail[-1]
    return f'This answers another question: it speaks of what the guide says in "{heading}".'

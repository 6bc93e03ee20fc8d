"""Answers that are no answers: each gate says why the points are not judged.

They stand outside the fitted judge, so that empty text, a copied question, a heap of
keywords or orders to the grader earn nothing however similar they are to the rubric.
"""

import re
import unicodedata

from ingest.terms import STOPWORDS, terms_of, words_of

MAX_ANSWER = 20_000
_NO_IDEA = re.compile(
    r"^\W*(i (really )?(do not|don't|dont) (know|remember)|no idea|not sure|i have no (idea|clue)|"
    r"pass|skip|idk|n/?a|nothing|\?+)\W*$",
    re.I,
)
_ORDERS = re.compile(
    r"(ignore|disregard|forget|override)\b.{0,40}\b(instruction|rubric|prompt|rule|above|previous)|"
    r"\b(give|award|assign|grant|return|output|set)\b.{0,40}"
    r"\b(full marks|full score|maximum|10 ?/ ?10|10 out of 10|score|top grade|perfect)|"
    r"\b(as|you are) (an? )?(ai|grader|assistant|language model)\b|"
    r"\"?(score|verdict|grade)\"?\s*[:=]\s*\"?(10|covered|full)|"
    r"\b(all|every) (key )?points? (is|are) (covered|correct|met)|"
    r"\bsystem\s*:|</?(system|rubric|answer)>",
    re.I | re.S,
)
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


def normalised(text: str) -> str:
    """Compatibility forms folded and invisible characters dropped."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def without_orders(pieces: list[str]) -> tuple[list[str], int]:
    """The pieces that are no orders to the grader, and how many were left out."""
    kept = [piece for piece in pieces if not _ORDERS.search(piece)]
    return kept, len(pieces) - len(kept)


def gate(question: str, answer: str, pieces: list[str]) -> str:
    """Why the answer can't be judged, in a sentence to the candidate; "" when it can."""
    words = words_of(answer)
    if len(words) < 2 or _NO_IDEA.match(answer):
        return "There is no answer to grade yet. Say what you know, even a part of it earns points."
    if len(answer) > MAX_ANSWER:
        return (
            f"The answer is longer than {MAX_ANSWER:,} characters; an interviewer would stop you."
        )
    if not pieces:
        return "Besides instructions to the grader there is no answer in it."
    own, asked = set(terms_of(answer)), set(terms_of(question))
    if own and len(own - asked) <= max(1, len(own) // 8):
        return "This repeats the question. Answer it in your own words."
    common = sum(word in STOPWORDS for word in words) / len(words)
    letters = [character for character in answer if character.isalpha()]
    foreign = sum(ord(character) > 0x24F for character in letters) > 0.3 * max(1, len(letters))
    if foreign or (len(words) >= 20 and common < 0.05):
        return "Answer in English sentences: this is another language or only a list of words."
    if len(words) >= 8 and common < 0.12 and not re.search(r"[a-z]{2,}(s|es|ed|ing)\b", answer):
        return "This is a heap of keywords. Say in sentences what you would do and why."
    if (
        len(words) >= 12
        and common < 0.15
        and len(re.findall(r"[.!?;\n]", answer)) < len(words) / 40
    ):
        return "This is a heap of keywords. Say in sentences what you would do and why."
    return ""

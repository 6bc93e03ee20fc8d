"""Practice in Slack: a question, the modal for its answer, the grade to the person alone."""

import json
import time
from dataclasses import fields
from typing import Any

from chat.grading import Grade, PointGrade
from chat.slack.blocks import (
    Block,
    Message,
    context,
    grade_messages,
    header,
    question_blocks,
    section,
    sentence_message,
)
from chat.slack.events import owner_of
from chat.slack.kit import Kit
from chat.slack.mrkdwn import escape, shortened
from chat.slack.passages import modal
from chat.slack.rich_text import Piece, Run, blocks_of, rich_blocks
from chat.slack.streaming import post
from ingest.errors import GuideError
from ingest.questions import InterviewQuestion

ANSWER_LENGTH = 3000
"""Characters; the most that Slack's text input takes."""


class PracticeDesk:
    """The practice of everybody in a workspace."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    # Which question

    def question(self, owner: str, words: str, after: str = "") -> Message:
        """The next question for a person.

        Args:
            owner: whose practice.
            words: topic, level and kind in any order, as in `sqs senior`.
            after: the id of the question that they have just seen.

        Raises:
            NoQuestionError: none fits.
        """
        practice = self._kit.practice
        levels, kinds = set(practice.levels()), set(practice.kinds())
        topic, level, kind = [], None, None
        for word in words.split():
            if word.lower() in levels and level is None:
                level = word.lower()
            elif word.lower() in kinds and kind is None:
                kind = word.lower()
            else:
                topic.append(word)
        question, why = practice.next_question(
            owner, " ".join(topic) or None, level, kind, exclude={after} if after else ()
        )
        facts = [question.topic, question.level, question.kind]
        blocks = question_blocks(question.id, question.text, facts, why)
        return Message(escape(question.text), blocks)

    def ask(self, team: str, user: str, words: str, url: str, after: str = "") -> None:
        """Put the next question to a person alone."""
        try:
            message = self.question(owner_of(team, user), words, after)
            self._kit.to_person(user, url, [message], replace=not after)
        except Exception as error:
            self._kit.sorry(error, user, url, "choosing a question")

    # The modals

    def answer_modal(self, owner: str, value: str, follow_up: bool) -> dict[str, Any]:
        """The modal in which an answer is written.

        Args:
            owner: whose draft is put into it.
            value: the question's id; for a follow-up also the attempt's, after a colon.
            follow_up: whether it is the follow-up that is answered.
        """
        question_id, _, attempt = value.partition(":")
        question = self._kit.practice.question(question_id)
        asked = self._previous(attempt).follow_up if follow_up else question.text
        draft = "" if follow_up else self._kit.practice.draft(owner, question)
        element: Block = {
            "type": "plain_text_input",
            "action_id": "text",
            "multiline": True,
            "max_length": ANSWER_LENGTH,
            "placeholder": {"type": "plain_text", "text": "As you would say it in the interview"},
        }
        if draft:
            element["initial_value"] = draft[:ANSWER_LENGTH]
        label = {"type": "plain_text", "text": "Your answer"}
        field = {"type": "input", "block_id": "answer", "label": label, "element": element}
        kept = {"question": question_id, "attempt": attempt, "opened": round(time.time())}
        return modal(
            "Follow-up" if follow_up else "Interview question",
            [section(asked), field],
            callback_id="practice_submit",
            submit={"type": "plain_text", "text": "Grade it"},
            private_metadata=json.dumps(kept),
        )

    def model_answer_modal(self, question_id: str) -> dict[str, Any]:
        """What a strong candidate says, and the points that are graded."""
        question = self._kit.practice.question(question_id)
        blocks = [header(question.text), *rich_blocks(question.model_answer)]
        blocks.append(context("Key points"))
        blocks += blocks_of(Piece("bullet", (Run(point.text),)) for point in question.points)
        return modal("Model answer", blocks)

    # The grade

    def submit(self, team: str, user: str, view: dict[str, Any]) -> None:
        """Grade what a modal holds, and send the grade to its writer alone."""
        kit, owner = self._kit, owner_of(team, user)
        try:
            if not kit.once(f"slack:view:{view['id']}"):
                return
            kept = json.loads(view["private_metadata"])
            text = view["state"]["values"]["answer"]["text"]["value"] or ""
            question = kit.practice.question(kept["question"])
            refusal = kit.limits.admit(team, owner)
            if refusal:
                # What was written must not be lost: the modal offers it again.
                kit.practice.save_draft(owner, question, text)
                sentence = f"{refusal.sentence} Your answer is kept."
                return kit.to_person(user, "", [sentence_message(sentence)])
        except Exception as error:
            return kit.sorry(error, user, "", "a grade")
        try:
            seconds = max(0.0, time.time() - kept["opened"])
            self._grade(owner, user, question, kept["attempt"], text, seconds)
        except Exception as error:
            kit.sorry(error, user, "", "a grade")
        finally:
            kit.limits.done(owner)

    def _grade(
        self,
        owner: str,
        user: str,
        question: InterviewQuestion,
        attempt: str,
        text: str,
        seconds: float,
    ) -> None:
        practice, before = self._kit.practice, None
        chosen = self._kit.model_of(owner)
        model = chosen if chosen != self._kit.settings.model else None
        if attempt:
            previous = self._previous(attempt)
            before = previous.score
            grade = practice.submit_follow_up(
                owner, question, attempt, previous, text, seconds, model
            )
        else:
            grade, attempt = practice.submit(owner, question, text, seconds, model)
        for message in grade_messages(
            {"follow_up": grade.follow_up, **grade.to_json()}, question.id, attempt, before
        ):
            post(self._kit.client, {"channel": user, "unfurl_links": False}, message)

    def _previous(self, attempt: str) -> Grade:
        stored = self._kit.history.attempt(attempt)
        if stored is None:
            raise LostAttemptError("I no longer have that attempt. Choose Next question.")
        return grade_of(stored)


class LostAttemptError(GuideError):
    """The attempt of a follow-up is not in the history any more."""


def grade_of(attempt: dict[str, Any]) -> Grade:
    """The grade of a stored attempt, as far as a follow-up's grading needs it.

    Args:
        attempt: as `History.attempt` gives it.
    """
    stored = attempt["grade"]
    answers = [attempt["answer"], *(turn["answer"] for turn in attempt["follow_ups"])]
    names = {field.name for field in fields(PointGrade)}
    points = tuple(
        PointGrade(**{name: value for name, value in point.items() if name in names})
        for point in stored["points"]
    )
    return Grade(
        question=stored["question"],
        question_id=attempt["question"],
        answer="\n".join(answers),
        score=stored["score"],
        points=points,
        mistakes=tuple(stored["mistakes"]),
        feedback=stored["feedback"],
        citations=(),
        follow_up=stored.get("follow_up", ""),
        model=stored["model"],
        seconds=stored["seconds"],
        band=(stored["score"], stored["score"]),
        rubric_version=attempt["rubric_version"],
        id=attempt["id"],
    )


def thread_question(kit: Kit, desk: PracticeDesk, owner: str, words: str) -> Message:
    """The next question, for a message that asks to practise; a sentence when none fits."""
    try:
        return desk.question(owner, words)
    except GuideError as error:
        return sentence_message(shortened(str(error), 500))

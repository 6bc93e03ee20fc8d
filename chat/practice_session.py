"""Practice in the terminal: a question and why, the written answer, its grade, the follow-up."""

from collections.abc import Sequence

from chat.grading import Grade, Grader, readable_grade
from chat.history import History
from chat.mock_interview import MockInterview, MockSummary
from chat.practice import Practice
from chat.settings import Settings
from chat.terminal import Left, Terminal, Typed
from ingest.errors import GuideError
from ingest.markdown import plain
from ingest.questions import InterviewQuestion

OWNER = "terminal"
_HOW = "Write your answer; end it with a full stop alone on a line, or two empty lines."
_COMMANDS = (
    "In place of an answer: ? for the model answer, /skip for another question, /quit to end."
)


def run(
    settings: Settings,
    topic: str | None = None,
    level: str | None = None,
    kind: str | None = None,
    mock: bool = False,
    count: int = 5,
    minutes: float | None = None,
    terminal: Terminal | None = None,
) -> int:
    """Practise until the person ends it; the exit code.

    Args:
        settings: where the index and the history are, and which model judges.
        topic: a lesson, its file or a service; for a mock interview several, with commas.
        level: one of the levels of the questions.
        kind: one of their kinds.
        mock: an interview of `count` questions, graded at its end.
        count: questions of the interview.
        minutes: show the time, and say when that many minutes are over (0: never).
        terminal: where to ask; stdin and stdout when None.

    Raises:
        GuideError: no question fits, or there is no usable index.
    """
    practice = Practice(settings, History(settings.data), Grader(settings))
    session = Session(practice, terminal or Terminal(), minutes)
    try:
        if mock:
            topics = [name.strip() for name in (topic or "").split(",") if name.strip()]
            session.interview(topics, level, kind, count)
        else:
            practice.fitting(topic, level, kind)  # a wrong topic is told before anything else
            session.grade_drafts()
            session.practise(topic, level, kind)
    except Left:
        pass
    session.goodbye()
    return 0


class Session:
    """One person at a terminal."""

    def __init__(
        self, practice: Practice, terminal: Terminal, minutes: float | None = None
    ) -> None:
        self._practice = practice
        self._terminal = terminal
        self._minutes = minutes
        self._scores: list[float] = []

    def practise(self, topic: str | None, level: str | None, kind: str | None) -> None:
        """Ask one question after the other.

        Raises:
            Left: the person has gone.
        """
        asked: set[str] = set()
        fitting = {question.id for question in self._practice.fitting(topic, level, kind)}
        self._terminal.say(f"{_HOW}\n{_COMMANDS}")
        while True:
            if asked >= fitting:
                asked.clear()
            question, why = self._practice.next_question(OWNER, topic, level, kind, exclude=asked)
            asked.add(question.id)
            self._ask(question, why)
            typed = self._typed(question, ("?", "/skip"))
            if typed.command == "?":
                self._show_model_answer(question)
            elif not typed.command and self._graded(question, typed) is None:
                continue
            if not typed.command:
                self._offer(question)

    def grade_drafts(self) -> None:
        """Offer to grade what an earlier session left ungraded.

        Raises:
            Left: the person has gone.
        """
        for question, text, seconds in self._practice.drafts(OWNER):
            say = self._terminal.say
            say(f"An earlier answer is not graded yet. It was asked:\n{question.text}")
            say(text, indent="  ")
            chosen = self._terminal.choice("Grade it now? [Y/n, d drops it] ")
            if chosen.startswith("d"):
                self._practice.save_draft(OWNER, question, "")
            elif not chosen.startswith("n"):
                self._graded(question, Typed(text, seconds))

    def interview(
        self, topics: Sequence[str], level: str | None, kind: str | None, count: int
    ) -> None:
        """A mock interview, or the rest of one that was left.

        Raises:
            Left: the person has gone; the interview stays open.
        """
        interview = self._resumed()
        if interview is None:
            interview = self._practice.start_interview(OWNER, topics, level, kind, count)
        whole = len(interview.questions)
        what = f"{whole} question{'s' * (whole > 1)}"
        self._terminal.say(f"A mock interview of {what}; grades come at the end.\n{_HOW}")
        while (question := interview.current) is not None:
            self._terminal.say(f"\nQuestion {interview.position + 1} of {whole}: {question.text}")
            typed = self._terminal.answer(self._minutes)
            interview.answer(typed.text, typed.seconds)
        self._terminal.say("")
        summary = interview.finish(
            progress=lambda done, all_: (
                self._terminal.say(f"Grading {done + 1} of {all_} ..") if done < all_ else None
            )
        )
        self._scores += [result.grade.score for result in summary.results]
        self._sum_up(summary)

    def goodbye(self) -> None:
        """Say what this session came to."""
        if self._scores:
            mean = sum(self._scores) / len(self._scores)
            count = len(self._scores)
            days = self._practice.streak(OWNER)
            self._terminal.say(
                f"{count} question{'s' * (count > 1)} answered, {mean:.1f} of 10 on average. "
                f"Days in a row: {days}. Your answers are stored."
            )

    def _ask(self, question: InterviewQuestion, why: str) -> None:
        about = ", ".join(part for part in (question.level, question.kind) if part)
        self._terminal.say(f"\n{question.topic} ({about})\n{why}\n\n{question.text}\n")

    def _typed(self, question: InterviewQuestion, commands: tuple[str, ...] = ()) -> Typed:
        """The answer to a question. An empty one ends the practice; a broken-off one is kept."""
        try:
            typed = self._terminal.answer(self._minutes, commands)
        except Left as left:
            if left.unfinished:
                self._practice.save_draft(OWNER, question, left.unfinished)
                self._terminal.say("What you wrote is kept for the next time.")
            raise
        if not typed.text and not typed.command:
            raise Left
        return typed

    def _graded(self, question: InterviewQuestion, typed: Typed) -> Grade | None:
        """Grade an answer and its follow-up; None when that failed and the text was kept."""
        try:
            grade, attempt = self._practice.submit(OWNER, question, typed.text, typed.seconds)
        except GuideError as error:
            self._terminal.say(f"{error}\nYour answer is kept; it is graded the next time.")
            return None
        self._terminal.say("\n" + readable_grade(grade))
        self._scores.append(grade.score)
        if not grade.follow_up:
            return grade
        self._terminal.say("\nAnswer the follow-up question, or leave it empty.")
        follow_up = self._terminal.answer(self._minutes)
        if not follow_up.text:
            return grade
        try:
            grade = self._practice.submit_follow_up(
                OWNER, question, attempt, grade, follow_up.text, follow_up.seconds
            )
        except GuideError as error:
            self._terminal.say(f"{error}\nThe grade of your first answer stands.")
            return grade
        self._terminal.say("\nBoth answers together: " + readable_grade(grade))
        self._scores[-1] = grade.score
        return grade

    def _offer(self, question: InterviewQuestion) -> None:
        prompt = "\nEnter: next question.  ?: the model answer.  q: end. "
        while (chosen := self._terminal.choice(prompt)) == "?":
            self._show_model_answer(question)
        if chosen in {"q", "quit", "/quit"}:
            raise Left

    def _show_model_answer(self, question: InterviewQuestion) -> None:
        text = question.model_answer or "The guide has no model answer to this question."
        paragraphs = [" ".join(plain(part).split()) for part in text.split("\n\n")]
        self._terminal.say("\nModel answer\n" + "\n\n".join(paragraphs))
        self._terminal.say(f"({question.source})")

    def _resumed(self) -> MockInterview | None:
        interview = self._practice.resume_interview(OWNER)
        if interview is None:
            return None
        place = f"{interview.position} of {len(interview.questions)} questions answered"
        chosen = self._terminal.choice(f"An interview was left, {place}. Go on with it? [Y/n] ")
        if chosen.startswith("n"):
            interview.abandon()
            return None
        return interview

    def _sum_up(self, summary: MockSummary) -> None:
        say = self._terminal.say
        for number, result in enumerate(summary.results, 1):
            say(f"\n{number}. {result.question.text}")
            covered = sum(point.verdict == "covered" for point in result.grade.points)
            say(f"{result.grade.score:g} of 10, {covered} of {len(result.grade.points)} points.")
            for point in result.grade.points:
                if point.verdict != "covered":
                    say(f"- {point.verdict}: {point.point}", indent="  ")
        say("\n" + summary.text)
        for topic, mean in summary.by_topic:
            say(f"{mean:4.1f}  {topic}", indent="  ")

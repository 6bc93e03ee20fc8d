"""The chat: ask, read the streamed answer, open its sources, rate it."""

from collections.abc import Iterator

import streamlit as st

from chat.answer import Answer, Turn
from chat.ui import resources, sidebar
from chat.ui.answer_view import show_answer
from ingest.errors import GuideError

EXAMPLES = (
    "How would you handle a million requests per second?",
    "ALB or NLB: when would you pick each?",
    "How do I get rid of Lambda cold starts?",
    "What is the default visibility timeout in SQS?",
    "REST API or HTTP API on API Gateway?",
    "How do I keep a queue backlog from growing?",
)


def page() -> None:
    """Draw the page."""
    conversation = str(st.query_params.get("c", ""))
    with st.sidebar:
        model = sidebar.model_picker()
        _conversations(conversation)
        sidebar.index_state()
    try:
        messages = resources.history().messages(conversation) if conversation else []
    except GuideError as error:
        st.error(str(error))
        return
    asked = st.chat_input("Ask the guide", max_chars=4000)
    if not messages and not asked:
        asked = _welcome()
    for number, message in enumerate(messages):
        with st.chat_message(message["role"]):
            if message["answer"]:
                show_answer(message["answer"], f"{conversation}-{number}")
                _rating(message["answer"]["id"])
            else:
                st.text(message["content"])
    if asked:
        _answer(asked, conversation, model)


def _welcome() -> str | None:
    st.title("Ask the AWS interview guide")
    st.write("Short answers, each with the passage of the guide that it rests on.")
    chosen = None
    for row in range(0, len(EXAMPLES), 2):
        for column, example in zip(st.columns(2), EXAMPLES[row : row + 2], strict=False):
            if column.button(example, use_container_width=True):
                chosen = example
    return chosen


def _answer(question: str, conversation: str, model: str) -> None:
    history = resources.history()
    with st.chat_message("user"):
        st.text(question)
    with st.chat_message("assistant"):
        place = st.empty()
        try:
            known = history.turns(conversation) if conversation else []
            answer = None
            shown = ""
            for piece in _pieces(question, known, model):
                if isinstance(piece, Answer):
                    answer = piece
                else:
                    shown += piece
                    place.markdown(shown)
            assert answer is not None
            if not conversation:
                conversation = history.start_conversation(resources.OWNER)
            history.add_message(conversation, Turn("user", question))
            history.add_message(conversation, Turn("assistant", answer.text), answer)
        except GuideError as error:
            place.error(str(error))
            return
    st.query_params["c"] = conversation
    st.rerun()


def _pieces(question: str, known: list[Turn], model: str) -> Iterator[str | Answer]:
    with st.spinner("Reading the guide .."):
        stream = resources.answerer().stream(question, known, model)
        first = next(stream)
    yield first
    yield from stream


def _rating(answer_id: str) -> None:
    key = f"rating-{answer_id}"

    def store() -> None:
        value = st.session_state.get(key)
        if value is not None:
            resources.history().rate(answer_id, resources.OWNER, 1 if value else -1)

    st.feedback("thumbs", key=key, on_change=store)


def _conversations(current: str) -> None:
    if st.button("New conversation", use_container_width=True, disabled=not current):
        st.query_params.clear()
        st.rerun()
    earlier = resources.history().conversations(resources.OWNER)
    if not earlier:
        return
    with st.expander("Earlier conversations"):
        for conversation, title in earlier:
            if st.button(title[:60], key=f"open-{conversation}", type="tertiary"):
                st.query_params["c"] = conversation
                st.rerun()

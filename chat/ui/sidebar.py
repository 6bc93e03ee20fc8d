"""The sidebar of the chat: models, conversations, the state of the index, ingest again."""

from pathlib import Path

import streamlit as st

from chat.answer import EXTRACTIVE
from chat.ui import resources
from ingest.errors import GuideError


def model_picker() -> str:
    """The model chosen for the next answers; models that can't be used now say why."""
    found = resources.models()
    usable = [model.spec for model in found if model.usable] or [EXTRACTIVE]
    preferred = resources.settings().model
    place = usable.index(preferred) if preferred in usable else 0
    chosen = st.selectbox(
        "Answer and grade with", usable, index=place, key="model", persist_state="session"
    )
    blocked = [model for model in found if not model.usable]
    if blocked:
        with st.popover("Why not others?", use_container_width=True):
            for model in blocked:
                st.text(f"{model.spec}: {model.reason}")
    return str(chosen)


def other_model(chosen: str) -> str | None:
    """The chosen model where it is not the configured one, else None."""
    return None if chosen == resources.settings().model else chosen


def index_state() -> None:
    """What the index holds, and a button that brings it up to date."""
    st.subheader("The guide")
    try:
        manifest = resources.answerer().service().index.manifest
    except GuideError as error:
        st.warning(str(error))
    else:
        built = manifest.created[:16].replace("T", " ")
        st.caption(
            f"{len(manifest.documents)} documents · {manifest.passages:,} passages  \n"
            f"built {built} UTC  \n{manifest.embedding}"
        )
        if manifest.skipped:
            with st.popover(f"{len(manifest.skipped)} files skipped"):
                for source, reason in manifest.skipped.items():
                    st.text(f"{source}: {reason}")
    if st.button("Ingest again", use_container_width=True):
        ingest_again()


def ingest_again() -> None:
    """Run an ingest with a progress bar; the old index serves until the new one is ready."""
    from ingest.embedding import open_embedder
    from ingest.index import build

    settings = resources.settings()
    bar = st.progress(0.0, text="Reading ..")

    def progress(stage: str, done: int, total: int) -> None:
        bar.progress(done / total if total else 1.0, text=f"{stage} {done}/{total}")

    try:
        report = build(
            _paths(),
            settings,
            lambda: open_embedder(
                settings.embedding,
                settings.bedrock_region,
                settings.bedrock_endpoint_url,
                settings.bedrock_profile,
            ),
            progress,
        )
    except GuideError as error:
        bar.empty()
        st.error(str(error))
        return
    except OSError as error:
        bar.empty()
        st.error(f"The index could not be written ({error.strerror}). The old one still serves.")
        return
    bar.empty()
    st.success(
        f"{'Updated' if report.changed else 'Nothing had changed'}: {report.documents} documents, "
        f"{report.embedded} passages embedded, {report.removed} documents removed."
    )
    for source, reason in report.skipped.items():
        st.text(f"skipped {source}: {reason}")


def _paths() -> list[Path]:
    """What was ingested last, else the guide."""
    try:
        paths = resources.answerer().service().index.manifest.paths
    except GuideError:
        paths = ()
    known = [Path(path) for path in paths if Path(path).exists()]
    return known or [resources.settings().corpus]

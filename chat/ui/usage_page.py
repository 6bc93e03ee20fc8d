"""Usage: tokens and estimated cost of model calls by day and model, and today's budget."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from chat.ui import charts, resources, sidebar
from chat.ui.text import dollars
from ingest.errors import GuideError


def page() -> None:
    """Draw the page."""
    with st.sidebar:
        sidebar.model_picker()
        sidebar.index_state()
    st.title("Usage", anchor=False)
    try:
        _budget()
        rows = resources.history().usage_by_day()
        if rows:
            _totals(rows)
        else:
            st.info(
                "No model was called yet. Answers and grades made without a model cost nothing "
                "and are not counted here. Choose a model in the sidebar to use one."
            )
    except GuideError as error:
        st.error(str(error))


def _budget() -> None:
    """What was spent in this UTC day, and how much of the budget is left."""
    spent = resources.history().spent_today()
    budget = resources.settings().daily_budget_usd
    if budget is None:
        st.metric("Spent today (UTC), estimated", dollars(spent))
        st.caption("There is no daily budget. GUIDE_DAILY_BUDGET_USD sets one.")
        return
    left = max(0.0, budget - spent)
    columns = st.columns(2)
    columns[0].metric("Spent today (UTC), estimated", dollars(spent))
    columns[1].metric("Left of today's budget", dollars(left))
    st.progress(
        min(1.0, spent / budget) if budget else 1.0,
        text=f"{dollars(spent)} of {dollars(budget)}",
    )
    if not left:
        st.warning(
            "Today's budget is spent. Until midnight UTC, paid models are not called: answers "
            "come straight from the guide."
        )


def _totals(rows: Sequence[dict[str, Any]]) -> None:
    st.subheader("By day and model", anchor=False)
    if any(row["input_tokens"] or row["output_tokens"] for row in rows):
        st.altair_chart(charts.tokens_by_day(rows[:200]), alt="Tokens by day and model")
    st.dataframe(
        [
            {
                "day (UTC)": row["day"],
                "model": row["model"],
                "US dollars": row["cost_usd"],
                "calls": row["calls"],
                "tokens in": row["input_tokens"] or 0,
                "tokens out": row["output_tokens"] or 0,
                "from cache": row["cache_read_tokens"] or 0,
                "failed": row["errors"] or 0,
            }
            for row in rows
        ],
        hide_index=True,
        width="stretch",
        column_config={
            "US dollars": st.column_config.NumberColumn(format="%.4f"),
            "tokens in": st.column_config.NumberColumn(format="localized"),
            "tokens out": st.column_config.NumberColumn(format="localized"),
            "from cache": st.column_config.NumberColumn(format="localized"),
        },
    )
    priced = [row["cost_usd"] for row in rows if row["cost_usd"] is not None]
    words = f"All days: {sum(row['calls'] for row in rows):,} calls, {dollars(sum(priced))}."
    if len(priced) < len(rows):
        words += " Calls without a known price are not in the sum."
    st.caption(f"{words} Costs are estimates from the price list of the program.")

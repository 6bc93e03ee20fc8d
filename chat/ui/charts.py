"""The plots: one hue, readable in light and dark, with a text beside each value."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair

HUE = "#3b8fd1"


def shares(rows: Sequence[tuple[str, float]], measure: str) -> "altair.Chart":
    """Horizontal bars of (name, share 0..1), in the order given."""
    import altair as alt
    import pandas as pd

    table = pd.DataFrame(rows, columns=["name", "share"])
    table["text"] = [f"{share:.0%}" for share in table["share"]]
    base = alt.Chart(table).encode(
        y=alt.Y(
            "name:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=170, ticks=False, domain=False, labelPadding=6),
        ),
        x=alt.X(
            "share:Q",
            title=measure,
            scale=alt.Scale(domain=[0, 1.1]),
            axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], grid=False),
        ),
        tooltip=[alt.Tooltip("name", title="topic"), alt.Tooltip("text", title=measure)],
    )
    bars = base.mark_bar(color=HUE, cornerRadiusEnd=3, height={"band": 0.62})
    words = base.mark_text(align="left", dx=5, color="#888", fontSize=12).encode(text="text")
    return (bars + words).properties(height=34 * len(rows) + 50)


def attempts_over_time(attempts: Sequence[Mapping[str, Any]]) -> "altair.Chart":
    """The score of each attempt at its time, and the mean of each day as a line."""
    import altair as alt
    import pandas as pd

    table = pd.DataFrame(
        [
            {
                "when": datetime.fromtimestamp(attempt["created"]),
                "score": attempt["score"],
                "question": attempt["question_text"],
            }
            for attempt in attempts
        ]
    )
    table["day"] = table["when"].dt.normalize() + pd.Timedelta(hours=12)
    days = table.groupby("day", as_index=False)["score"].mean()
    score = alt.Y(
        "score:Q",
        title="score of 10",
        scale=alt.Scale(domain=[-0.4, 10.4]),
        axis=alt.Axis(values=[0, 2, 4, 6, 8, 10]),
    )
    # Few days would make the axis repeat them at every hour.
    ticks = alt.Axis(format="%d %b", tickCount="day" if len(days) < 12 else 8, labelOverlap=True)
    points = (
        alt.Chart(table)
        .mark_circle(size=70, color=HUE, opacity=0.55)
        .encode(
            x=alt.X("when:T", title=None, axis=ticks),
            y=score,
            tooltip=["question", "score", alt.Tooltip("when:T", format="%d %b %Y %H:%M")],
        )
    )
    line = (
        alt.Chart(days)
        .mark_line(color="#c98a00", strokeDash=[5, 3], point={"color": "#c98a00", "size": 40})
        .encode(x="day:T", y=score, tooltip=[alt.Tooltip("score:Q", title="mean of the day")])
    )
    return (points + line).properties(height=260)


def tokens_by_day(rows: Sequence[Mapping[str, Any]]) -> "altair.Chart":
    """Tokens in and out, by UTC day, one bar for each model."""
    import altair as alt
    import pandas as pd

    table = pd.DataFrame(
        [
            {
                "day": row["day"],
                "model": row["model"],
                "tokens": (row["input_tokens"] or 0) + (row["output_tokens"] or 0),
            }
            for row in rows
        ]
    )
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("day:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("tokens:Q", title="tokens"),
            color=alt.Color(
                "model:N",
                scale=alt.Scale(range=[HUE, "#c98a00", "#2a9d7c", "#c2548f", "#7d7d7d"]),
                legend=alt.Legend(orient="bottom", title=None, labelLimit=280, columns=1),
            ),
            tooltip=["day", "model", alt.Tooltip("tokens:Q", format=",")],
        )
        .properties(height=240)
    )

"""A grade as HTML: marks where the words are, every verdict in its place, nothing that acts."""

from typing import Any

from chat.ui.grade_html import Mark, grade_html, marked_html, marks_in

ANSWER = "Use a queue. Add an alarm on its depth."


def point(text: str, verdict: str, evidence: str = "", **more: Any) -> dict[str, Any]:
    start = ANSWER.find(evidence) if evidence else -1
    span = {"start": start, "end": start + len(evidence)}
    return {"point": text, "verdict": verdict, "evidence": evidence, **span, **more}


def grade(*points: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"score": 5.5, "points": list(points), "band": [4.5, 6.5], "feedback": "", **more}


def test_the_words_that_decided_a_point_are_marked_with_its_number_and_sign() -> None:
    shown = marked_html(ANSWER, [Mark(0, 12, 1, "covered")])
    assert shown.startswith('<mark class="covered">Use a queue.</mark><span class="sign covered"')
    assert "✓1" in shown and "key point 1: covered" in shown


def test_overlapping_marks_keep_every_sign_and_all_words_once() -> None:
    shown = marked_html("abcdef", [Mark(0, 4, 1, "covered"), Mark(2, 6, 2, "wrong")])
    assert '<mark class="covered">ab</mark><mark class="wrong">cd</mark>' in shown
    assert shown.index("✓1") < shown.index(">ef</mark>") < shown.index("✗2")


def test_a_point_that_a_follow_up_covered_is_marked_in_the_follow_up() -> None:
    turns = ["First words.", ANSWER]
    # The offsets are those of all turns joined; only the words say which turn it was.
    found = marks_in(turns, [point("Q", "covered", "Use a queue.", start=13, end=25)])
    assert found == [[], [Mark(0, 12, 1, "covered")]]


def test_the_same_words_in_two_turns_are_marked_where_the_offsets_say() -> None:
    turns = ["Use a queue.", "Use a queue."]
    found = marks_in(turns, [point("Q", "covered", "Use a queue.", start=13, end=25)])
    assert found == [[], [Mark(0, 12, 1, "covered")]]


def test_a_wrong_claim_said_word_for_word_is_marked_without_a_number() -> None:
    found = marks_in(["Use a\nqueue. Yes."], [], ["use a queue."])
    assert found == [[Mark(0, 12, 0, "wrong")]]
    assert "✗</span>" in marked_html("Use a\nqueue.", found[0])


def test_offsets_that_do_not_hold_the_evidence_never_mark_other_words() -> None:
    assert marks_in([ANSWER], [point("Q", "covered", "not said", start=0, end=8)]) == [[]]


def test_markup_in_answers_points_and_feedback_stays_text() -> None:
    bad = "<img src=x onerror=alert(1)>"
    shown = grade_html(
        grade(point(bad, "missing", note=bad), feedback=bad, better=bad, anchor=bad),
        [(bad, bad)],
        [(bad, bad)],
        {"point-1", "mistake-1"},
    )
    assert "<img" not in shown
    assert shown.count("&lt;img") >= 7


def test_missing_points_are_listed_and_wrong_ones_stand_apart_with_the_way_to_the_guide() -> None:
    shown = grade_html(
        grade(
            point("Alarm on the depth.", "missing"),
            point("At most 14 days.", "wrong", "Use a queue."),
        ),
        [("Your answer", ANSWER)],
        [("Retry for ever", "It only delays the failure.")],
        {"point-1", "point-2", "mistake-1"},
    )
    apart = shown[shown.index('class="apart"') : shown.index("</section>")]
    assert "At most 14 days." in apart and "It only delays the failure." in apart
    assert 'data-n="point-2"' in apart and 'data-n="mistake-1"' in apart
    assert "Alarm on the depth." in shown[shown.index("<h3>Missing</h3>") :]
    assert '<mark class="wrong">Use a queue.</mark>' in shown


def test_the_head_says_points_band_and_score_and_the_legend_only_what_occurs() -> None:
    shown = grade_html(
        grade(point("Q", "covered", "Use a queue."), point("A", "missing")),
        [("Your answer", ANSWER)],
        [],
        set(),
    )
    assert "1 of 2 key points covered" in shown
    assert "likely between 4.5 and 6.5" in shown
    legend = shown[shown.index('class="legend"') : shown.index('class="said"')]
    assert "covered" in legend and "partly said" not in legend


def test_an_empty_answer_says_so() -> None:
    assert "<em>nothing</em>" in grade_html(
        grade(point("A", "missing")), [("Your answer", "")], [], set()
    )

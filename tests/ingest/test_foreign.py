from ingest.foreign import masked, without_foreign, without_residue
from ingest.markdown import blocks_of, plain


def test_admonition_markers_are_dropped_and_their_content_is_kept() -> None:
    text = "# T\n\n:::tip Small print\nA queue keeps messages.\n:::\n\nMore.\n"
    assert [text[b.start : b.end] for b in blocks_of(text)] == ["A queue keeps messages.", "More."]


def test_comments_imports_and_exports_of_mdx_are_no_text() -> None:
    text = (
        "import Tabs from '@theme/Tabs';\nexport const limit = 3;\n\n# T\n\n"
        "{/* shared between\ntwo pages */}\n\nA queue {/* really */}keeps messages.\n"
    )
    assert [plain(text[b.start : b.end]) for b in blocks_of(text)] == ["A queue keeps messages."]


def test_a_fence_and_a_plain_sentence_are_left_as_they_are() -> None:
    text = "# T\n\n```js\nimport a from 'b';\n:::\n```\n\nimport duties are paid by the buyer.\n"
    assert masked(text) == text


def test_masking_keeps_every_line_number() -> None:
    text = ":::note\na\n:::\n{/* b\nc */}\nd\n"
    assert masked(text).count("\n") == text.count("\n")


def test_links_by_reference_keep_their_words_and_code_stays_code() -> None:
    assert without_foreign("[semantic versioning][semver] of `[a][b]` and x[0][1]") == (
        "semantic versioning of `[a][b]` and x[0][1]"
    )
    assert plain('Text.\n\n[semver]: https://semver.org/ "Semver"') == "Text."


def test_an_icons_name_is_no_word() -> None:
    assert plain("Click <span mi icon>account_circle</span> now") == "Click  now"


def test_a_broken_emoji_and_half_a_pair_of_bold_marks_are_dropped() -> None:
    assert without_residue("\U0001fbe0 Home") == "Home"
    assert without_residue("**One sentence.") == "One sentence."
    assert without_residue("**/vendor/** is a glob") == "**/vendor/** is a glob"
    assert without_residue("✅ Persistence") == "✅ Persistence"

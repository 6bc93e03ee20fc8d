from pathlib import Path

import pytest

from ingest.documents import DocumentError, SourceFile, find, front_matter, parse, read_bytes


def test_files_are_found_by_type_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    for name in ("a.md", "b.txt", "c.py", ".hidden.md", "sub/d.html", "node_modules/e.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [file.source for file in find([tmp_path])] == ["a.md", "b.txt", "sub/d.html"]


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.md").write_text("x")
    with pytest.raises(DocumentError, match=r"both be cited as a\.md"):
        find([tmp_path / "one", tmp_path / "two"])


def test_an_unknown_type_named_outright_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.exe").write_text("x")
    with pytest.raises(DocumentError, match="not a document"):
        find([tmp_path / "a.exe"])


def test_a_file_over_the_limit_is_refused_with_the_setting_to_change(tmp_path: Path) -> None:
    (tmp_path / "big.md").write_text("x" * 1000)
    with pytest.raises(DocumentError, match="GUIDE_MAX_FILE_MB"):
        read_bytes(SourceFile(tmp_path / "big.md", "big.md"), max_bytes=10)


def test_html_becomes_markdown_and_scripts_are_dropped() -> None:
    page = b"<html><body><h2>Limits</h2><script>alert(1)</script><p>At most <b>5</b>.</p></body></html>"
    text = parse("a.html", page).text
    assert "## Limits" in text and "At most **5**." in text and "alert" not in text


def test_docx_becomes_markdown(tmp_path: Path) -> None:
    import io
    import zipfile

    body = (
        '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/'
        'wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>A queue keeps messages.</w:t></w:r>'
        "</w:p></w:body></w:document>"
    )
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
        'package.relationships+xml"/><Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    relations = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/'
        '2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", relations)
        archive.writestr("word/document.xml", body)
    assert "A queue keeps messages." in parse("a.docx", data.getvalue()).text


def test_pdf_becomes_text() -> None:
    content = b"BT /F1 12 Tf 72 700 Td (A queue keeps messages.) Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    data += b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start
    assert "A queue keeps messages." in parse("a.pdf", data).text


def test_front_matter_that_is_no_mapping_is_text() -> None:
    assert front_matter("---\ntitle: T\n---\nbody") == ({"title": "T"}, 17)
    assert front_matter("---\n- a\n---\nbody") == ({}, 0)
    assert front_matter("---\n{broken\n---\nbody") == ({}, 0)
    assert front_matter("no front matter") == ({}, 0)

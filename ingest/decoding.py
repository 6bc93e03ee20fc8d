"""Bytes of unknown encoding -> clean text: detect, decode, repair mojibake.

ftfy undoes UTF-8 that was read as a one-byte encoding, once or several times over.
It can't when a byte was lost on the way (cp1252 and cp1254 have no character for
0x81, 0x8D, 0x8F, 0x90 and 0x9D), so `_restore_lost_bytes` finishes what is left, and
only in a document in which ftfy found mojibake.
"""

import codecs
import re
import unicodedata
from functools import cache

import ftfy
from charset_normalizer import from_bytes

from ingest.errors import GuideError

_FTFY = ftfy.TextFixerConfig(
    unescape_html=False,
    uncurl_quotes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    normalization=None,
    explain=False,
    restore_byte_a0=False,
)
# Reading a space as a lost no-break space is the better guess only where all else failed.
_FTFY_NBSP = _FTFY._replace(restore_byte_a0=True)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOST_BYTES = (0x8F, 0x90, 0x9D, 0x81, 0x8D)


class UndecodableError(GuideError):
    """The bytes are not text in any encoding that can be told."""


def decode(data: bytes) -> str:
    """Return the text of `data` with `\\n` line ends and mojibake repaired.

    Raises:
        UndecodableError: the bytes look binary, or no encoding fits them.
    """
    return repair(_decode(data))


def repair(text: str) -> str:
    """Undo wrong decodings in `text`; clean text comes back as it was."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    fixed = ftfy.fix_text(text, _FTFY)
    if fixed == unified or ftfy.badness.badness(text) == 0:
        return fixed
    return "".join(_repair_rest(line) for line in fixed.splitlines(keepends=True))


def _repair_rest(line: str) -> str:
    restored = _restore_lost_bytes(line)
    if ftfy.badness.badness(restored) > 0:
        return ftfy.fix_text(restored, _FTFY_NBSP)
    return restored


def _decode(data: bytes) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise UndecodableError(f"not valid {encoding} text ({error.reason})") from None
    if b"\x00" in data[:4096] and not _looks_like_utf16(data):
        raise UndecodableError("a binary file, not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    best = from_bytes(data[:200_000]).best()
    if best is None:
        raise UndecodableError("no text encoding fits its bytes; save it as UTF-8")
    try:
        return data.decode(best.encoding)
    except (UnicodeDecodeError, LookupError):
        return data.decode("cp1252", errors="replace")


def _looks_like_utf16(data: bytes) -> bool:
    sample = data[:4096]
    zeros = sample.count(0)
    return 0.3 < zeros / len(sample) < 0.6 and (
        sample[1::2].count(0) > 0.8 * zeros or sample[::2].count(0) > 0.8 * zeros
    )


@cache
def _byte_table() -> dict[str, int]:
    """Characters that a lone byte 0x80-0xFF becomes in the usual one-byte encodings."""
    table: dict[str, int] = {}
    for encoding in ("cp1254", "cp1252", "latin-1"):
        for value in range(0x80, 0x100):
            try:
                table.setdefault(bytes([value]).decode(encoding), value)
            except UnicodeDecodeError:
                continue
    return table


def _restore_lost_bytes(text: str) -> str:
    table = _byte_table()
    characters = "".join(re.escape(character) for character in table)
    return re.sub(f"[{characters}]{{2,}}", lambda match: _redecode(match.group(), table), text)


def _redecode(run: str, table: dict[str, int]) -> str:
    """Decode a run of byte characters as UTF-8, guessing a byte that went missing."""
    data = bytes(table[character] for character in run)
    out, position = "", 0
    while position < len(data):
        length = _sequence_length(data[position])
        if length == 0:
            return run
        chunk = data[position : position + length]
        character = _decode_or_none(chunk)
        if character is None:
            character, used = _with_lost_byte(data[position : position + length - 1], length)
            if character is None:
                return run
            position += used
        else:
            position += length
        out += character
    return out


def _sequence_length(lead: int) -> int:
    if 0xC2 <= lead <= 0xDF:
        return 2
    if 0xE0 <= lead <= 0xEF:
        return 3
    return 4 if 0xF0 <= lead <= 0xF4 else 0


def _with_lost_byte(known: bytes, length: int) -> tuple[str | None, int]:
    if len(known) != length - 1:
        return None, 0
    order = _LOST_BYTES if length == 4 or known[0] == 0xEF else (0x90, *_LOST_BYTES)
    for place in range(length - 1, 0, -1):
        for lost in order:
            character = _decode_or_none(known[:place] + bytes([lost]) + known[place:])
            if character is not None:
                return character, length - 1
    return None, 0


def _decode_or_none(chunk: bytes) -> str | None:
    try:
        character = chunk.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return character if unicodedata.category(character[0]) != "Cn" else None

"""Numbers with units in text, compared as numbers: `15 min` = `15 minutes` = `900 s`."""

import re
from dataclasses import dataclass

_UNITS: dict[str, tuple[str, float]] = {}
for _names, _dimension, _factor in (
    ("ms millisecond milliseconds", "time", 0.001),
    ("s sec secs second seconds", "time", 1),
    ("min mins minute minutes", "time", 60),
    ("h hr hrs hour hours", "time", 3600),
    ("d day days", "time", 86400),
    ("week weeks", "time", 7 * 86400),
    ("year years", "time", 365 * 86400),
    ("b byte bytes", "size", 1),
    ("kb kib", "size", 1024),
    ("mb mib", "size", 1024**2),
    ("gb gib", "size", 1024**3),
    ("tb tib", "size", 1024**4),
    ("pb pib", "size", 1024**5),
    ("% percent", "share", 1),
):
    for _name in _names.split():
        _UNITS[_name] = (_dimension, _factor)
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "billion": 1e9, "bn": 1e9}
_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
_QUANTITY = re.compile(
    r"(?<![\w.])(?P<money>\$)?(?P<number>\d{1,3}(?:[, _]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:(?P<scale>[kKM])(?![A-Za-z])|[\s-]?(?P<word>thousand|million|billion|bn)\b)?"
    r"(?:[\s-]?(?P<unit>%|[A-Za-z]+))?"
)
_NUMBER_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b", re.I)


@dataclass(frozen=True)
class Quantity:
    """A number in base units: seconds, bytes, percent, dollars, or none."""

    value: float
    dimension: str
    number: float
    """The number as written, scale words applied, the unit not."""

    def same(self, other: "Quantity") -> bool:
        """Equal value; a bare number equals the same number of anything."""
        if "" in (self.dimension, other.dimension):
            return _equal(self.number, other.number)
        return self.dimension == other.dimension and _equal(self.value, other.value)


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(1.0, abs(one))


def quantities_of(text: str) -> list[Quantity]:
    """All quantities of a text; each also as its bare number."""
    text = _NUMBER_WORD.sub(lambda match: str(_WORDS[match[1].lower()]), text)
    found: list[Quantity] = []
    for match in _QUANTITY.finditer(text):
        number = float(re.sub(r"[, _]", "", match["number"]))
        scale = (match["scale"] or match["word"] or "").lower()
        unit = (match["unit"] or "").lower()
        if match["scale"] == "k" and unit in {"b", "ib"}:
            scale, unit = "", "kb"
        number *= _SCALES.get(scale, 1)
        if match["money"]:
            found.append(Quantity(number, "money", number))
        elif unit in _UNITS:
            dimension, factor = _UNITS[unit]
            found.append(Quantity(number * factor, dimension, number))
        else:
            found.append(Quantity(number, "", number))
    return found


def without_quantities(text: str) -> str:
    """`text` with its numbers and units taken out; a unit that is a word stays."""

    def keep(match: re.Match[str]) -> str:
        unit = match["unit"] or ""
        return " " if unit.lower() in _UNITS or not unit else f" {unit}"

    text = _NUMBER_WORD.sub(lambda match: str(_WORDS[match[1].lower()]), text)
    return _QUANTITY.sub(keep, text)

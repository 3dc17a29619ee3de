"""Vectors of a model between files and the bytes that targets take: arrays of any type, several inputs and outputs.

A target knows bytes only: one row [input_bytes] a vector, the inputs one after the other; outputs likewise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.emitter import TensorInfo
from mlforge.errors import DataError
from mlforge.records.npz import read_npz

AnyArray: TypeAlias = NDArray[Any]
MAX_BYTES: Final = 1 << 28  # of a file of vectors
_TYPES: Final = ("int8", "uint8", "bool", "int16", "int32", "float32", "float64")  # the last counts as float32


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """`inputs` has one array [N, ...] for each of the model's inputs; `expected` outputs, where the file has them."""

    inputs: tuple[AnyArray, ...]
    expected: tuple[AnyArray, ...] | None


def read_vectors(path: Path) -> Vectors:
    """An `.npz` file, batch first: `input`, or `input_0`, `input_1`… in the model's order; optionally `output`, or
    `output_0`… Types are the model's: int8, int16, int32 or float32.

    Raises:
        DataError: the file is no such thing, or its arrays have different numbers of vectors.
    """
    arrays = read_npz(path, MAX_BYTES)
    inputs, expected = _numbered(arrays, "input", path), _numbered(arrays, "output", path)
    if not inputs:
        found = ", ".join(sorted(arrays)) or "none"
        raise DataError(f"no array `input`, or `input_0` and so on; found {found}", file=path)
    counts = {len(array) for array in (*inputs, *expected)}
    if len(counts) != 1:
        raise DataError(f"{len(inputs[0])} inputs, other arrays have {sorted(counts - {len(inputs[0])})}", file=path)
    return Vectors(inputs, expected or None)


def _numbered(arrays: Mapping[str, AnyArray], word: str, path: Path) -> tuple[AnyArray, ...]:
    """`word` alone, or `word_0`, `word_1`… without a gap."""
    numbers = [int(match[1]) for name in arrays if (match := re.fullmatch(rf"{word}_(\d+)", name))]
    names = [word] if word in arrays else [f"{word}_{number}" for number in range(len(numbers))]
    if word in arrays and numbers:
        raise DataError(f"there is `{word}` and `{word}_{numbers[0]}`: expected one or the other", file=path)
    if missing := [name for name in names if name not in arrays]:
        raise DataError(f"no array `{missing[0]}`, but `{word}_{max(numbers)}`", file=path)
    for name in names:
        array = arrays[name]
        if str(array.dtype) not in _TYPES or array.ndim < 1 or not array.size:
            expected = "int8, int16, int32, float32 or bool, [N, ...]"
            raise DataError(f"`{name}` is {array.dtype} {array.shape}, expected {expected}", file=path)
    return tuple(arrays[name] for name in names)


def random_inputs(tensors: Sequence[TensorInfo], count: int) -> tuple[AnyArray, ...]:
    """The same `count` vectors on every run: any int8 and int16, small int32 (they may be indices), floats around 0."""
    numbers = np.random.default_rng(0)
    limits = {"int8": (-128, 128), "uint8": (0, 256), "bool": (0, 2), "int16": (-(1 << 15), 1 << 15), "int32": (0, 16)}
    arrays: list[AnyArray] = []
    for tensor in tensors:
        if tensor.dtype == "float32":
            arrays.append(numbers.normal(size=(count, *tensor.shape)).astype(np.float32))
        else:
            values = numbers.integers(*limits[tensor.dtype], (count, *tensor.shape))
            arrays.append(values.astype(tensor.dtype.value))
    return tuple(arrays)


def to_bytes(arrays: Sequence[AnyArray], tensors: Sequence[TensorInfo], what: str) -> NDArray[np.int8]:
    """int8 [N, bytes]. Raises DataError where an array has another type or size than its tensor."""
    if len(arrays) != len(tensors):
        raise DataError(f"the vectors have {len(arrays)} {what}s, the model {len(tensors)}")
    rows = []
    for position, (array, tensor) in enumerate(zip(arrays, tensors, strict=True)):
        name = f"`{what}`" if len(tensors) == 1 else f"`{what}_{position}`"
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        elements = prod(tensor.shape)
        if array.dtype != np.dtype(tensor.dtype.value) or array.size != len(array) * elements:
            wanted = f'{tensor.dtype} with {elements} values a vector for "{tensor.name}" {list(tensor.shape)}'
            raise DataError(f"{name} is {array.dtype} with {array[0].size} values a vector: expected {wanted}")
        rows.append(np.ascontiguousarray(array).reshape(len(array), -1).view(np.int8))
    return np.concatenate(rows, axis=1)


def from_bytes(rows: NDArray[np.int8], tensors: Sequence[TensorInfo]) -> tuple[AnyArray, ...]:
    """One array [N, ...] for each tensor, without the batch of 1, of int8 [N, bytes]."""
    ends = np.cumsum([tensor.size_bytes for tensor in tensors])[:-1]
    return tuple(
        np.ascontiguousarray(part).view(tensor.dtype.value).reshape(len(rows), *_without_batch(tensor.shape))
        for part, tensor in zip(np.split(rows, ends, axis=1), tensors, strict=True)
    )


def _without_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if shape and shape[0] == 1 else shape


def save_outputs(path: Path, outputs: Sequence[AnyArray]) -> None:
    """As `.npz` with `output`, or `output_0` and so on, where the file is called so; else as one `.npy` array [N, ...].

    Several outputs become one array [N, values], one after the other: of their type, or of bytes where types differ.

    Raises:
        DataError: the file cannot be written.
    """
    names = ["output"] if len(outputs) == 1 else [f"output_{position}" for position in range(len(outputs))]
    try:
        with path.open("wb") as file:
            if path.suffix == ".npz":
                np.savez(file, **dict(zip(names, outputs, strict=True)))  # type: ignore[arg-type]
            else:
                np.save(file, outputs[0] if len(outputs) == 1 else _side_by_side(outputs), allow_pickle=False)
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror}", file=path) from error


def _side_by_side(outputs: Sequence[AnyArray]) -> AnyArray:
    rows = [array.reshape(len(array), -1) for array in outputs]
    if len({array.dtype for array in outputs}) > 1:
        rows = [row.view(np.int8) for row in rows]
    return np.concatenate(rows, axis=1)

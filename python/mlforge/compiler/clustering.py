"""Weights of few values: those of a `.tflite` file, moved to the nearest of 2^bits for each channel.

What comes out is an ordinary int8 model, which any interpreter runs; `Prefer.FLASH` keeps its weights in few bits. The
values of a channel are found by Lloyd's algorithm in one dimension (least squares quantization in PCM, 1982), one of
them moved to 0, which paddings and dead weights have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.compression import MAX_BITS
from mlforge.compiler.graph import DType, Graph, Tensor
from mlforge.compiler.tflite_reader import TfliteFile, guarded
from mlforge.errors import ModelError

# The position of the weights, and their axis of channels, in operators whose weights may move.
_WEIGHTS: Final = {"CONV_2D": (1, 0), "DEPTHWISE_CONV_2D": (1, 3), "FULLY_CONNECTED": (1, 0)}
_LEAST_WEIGHTS: Final = 256  # of a tensor that is worth it
_PER_COLOUR: Final = 16  # weights of a channel for each of its values; else all channels share theirs
_ROUNDS: Final = 50


@dataclass(frozen=True, slots=True)
class Moved:
    """How far weights were moved: the largest change, and the mean square over all."""

    weights: int
    largest: int
    mean_square: float


def cluster_tflite(data: bytes, bits: int) -> tuple[bytes, Moved]:
    """The file with the weights of its convolutions and dense layers moved, nothing else changed.

    Raises ModelError where `bits` is none of 1 to 7, or the file is damaged.
    """
    _check(bits)
    return guarded(data, lambda file: _clustered(file, data, bits))


def cluster_graph(graph: Graph, bits: int) -> Graph:
    """The same of a graph."""
    _check(bits)
    tensors = list(graph.tensors)
    for index, axis in _weights(graph):
        tensors[index] = replace(tensors[index], data=cluster(_values(tensors[index]), axis, bits))
    return replace(graph, tensors=tuple(tensors))


def cluster(weights: NDArray[np.int8], axis: int, bits: int) -> NDArray[np.int8]:
    """Weights of the same shape, of 2^bits values in each channel along `axis`, or in all."""
    rows = np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)
    if rows.shape[1] < _PER_COLOUR << bits:
        return _nearest(weights.reshape(-1), bits).reshape(weights.shape)
    moved = np.stack([_nearest(row, bits) for row in rows])
    shape = (weights.shape[axis], *(size for at, size in enumerate(weights.shape) if at != axis))
    return np.ascontiguousarray(np.moveaxis(moved.reshape(shape), 0, axis))


def _check(bits: int) -> None:
    if not 1 <= bits <= MAX_BITS:
        raise ModelError(f"weights of {bits} bits: expected 1 to {MAX_BITS}")


def _nearest(values: NDArray[np.int8], bits: int) -> NDArray[np.int8]:
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= 1 << bits:
        return values
    centres = _centres(distinct.astype(np.float64), counts, 1 << bits)
    table = distinct[:, np.newaxis].astype(np.int64)
    to = centres[np.abs(table - centres).argmin(axis=1)].astype(np.int8)
    moved: NDArray[np.int8] = to[np.searchsorted(distinct, values)]
    return moved


def _centres(distinct: NDArray[np.float64], counts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Sorted whole numbers, of which one is 0."""
    centres = np.linspace(distinct[0], distinct[-1], count)
    for _ in range(_ROUNDS):
        owner = np.abs(distinct[:, np.newaxis] - centres).argmin(axis=1)
        weight = np.bincount(owner, counts, count)
        total = np.bincount(owner, counts * distinct, count)
        moved = np.where(weight > 0, total / np.maximum(weight, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    whole = np.rint(centres).astype(np.int64)
    whole[np.abs(whole).argmin()] = 0
    return np.unique(whole)


def _weights(graph: Graph) -> Iterator[tuple[int, int]]:
    """Tensors and their axes, each once."""
    found: dict[int, int] = {}
    for node in graph.nodes:
        position, axis = _WEIGHTS.get(node.kind, (0, 0))
        if position and position < len(node.inputs):
            tensor = graph.tensors[node.inputs[position]]
            if tensor.data is not None and tensor.dtype is DType.INT8 and tensor.elements >= _LEAST_WEIGHTS:
                found[node.inputs[position]] = axis
    yield from found.items()


def _values(tensor: Tensor) -> NDArray[np.int8]:
    return np.asarray(tensor.data, np.int8)


def _clustered(file: TfliteFile, data: bytes, bits: int) -> tuple[bytes, Moved]:
    graph, subgraph, copy = file.graph_at(0), file.subgraph(), bytearray(data)
    start = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    count, largest, total = 0, 0, 0.0
    for index, axis in _weights(graph):
        before = _values(graph.tensors[index])
        raw: NDArray[np.uint8] = file.model.Buffers(subgraph.Tensors(index).Buffer()).DataAsNumpy()
        if raw.size != before.size:  # of int4, whose values are few already
            continue
        after = cluster(before, axis, bits)
        place = raw.__array_interface__["data"][0] - start
        copy[place : place + raw.size] = after.tobytes()
        change = np.abs(after.astype(np.int64) - before)
        count, largest = count + before.size, max(largest, int(change.max()))
        total += float((change**2).sum())
    return bytes(copy), Moved(count, largest, total / max(count, 1))

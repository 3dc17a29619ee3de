"""Instructions per multiply-accumulate of every kernel, over the shapes that public models have.

    .venv/bin/python bench/kernels.py                  print the table for a Cortex-M4
    .venv/bin/python bench/kernels.py --check          fail where one is above its limit
    .venv/bin/python bench/kernels.py --target BOARD   another core; only the M4 has a limit

Each line is one operator in a model of its own; instructions are exact, and those of requantisation are among them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlforge.compiler import Isa, compile_graph
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Shape, Tensor
from mlforge.compiler.ops.batch_matmul import BatchMatMulAttributes
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes, slide
from mlforge.measure.cost import measure_cost
from mlforge.targets.registry import target_named

BOARD = "mps2/an386"
CLOCK_HZ = 120_000_000
LIMIT = 4.0
# What is known to be above it, and how far.
KNOWN = {
    "BATCH_MATMUL 32x16x32 transposed": 7.0,
    "BATCH_MATMUL 32x32x16": 5.0,
    "CONV_2D 1x1/1 16x16x64 -> 64, 8 groups": 8.0,  # eight products a result
    "DEPTHWISE_CONV_2D 9x1/1 17x1x64": 4.2,
    "CONV_2D of int16 1x1/1 25x5x64 -> 64": 5.9,
    "CONV_2D of int16 3x3/1 16x16x16 -> 32": 5.1,
    "DEPTHWISE_CONV_2D of int16 3x3/1 25x5x64": 10.4,
    "TRANSPOSE_CONV of int16 3x3/2 16x16x32 -> 16": 6.2,
}


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    graph: Graph


def layer(
    kind: str, x: Shape, weights: Shape, y: Shape, attributes: WindowAttributes | FullyConnectedAttributes
) -> Graph:
    numbers, axis = np.random.default_rng(1), 3 if kind == "DEPTHWISE_CONV_2D" else 0
    channels = weights[axis]
    values = np.clip(numbers.normal(0, 30, weights), -127, 127).astype(np.int8)
    scales = Quantization(
        tuple(numbers.uniform(0.001, 0.004, channels).astype(np.float32).tolist()), (0,) * channels, axis
    )
    bias = numbers.integers(-2000, 2000, channels).astype(np.int32)
    tensors = (
        Tensor("x", x, DType.INT8, Quantization((0.02,), (-128,))),
        Tensor("w", weights, DType.INT8, scales, values),
        Tensor("b", (channels,), DType.INT32, None, bias),
        Tensor("y", y, DType.INT8, Quantization((0.05,), (-128,))),
    )
    return Graph(tensors, (Node(kind, (0, 1, 2), (3,), attributes),), (0,), (3,))


def of_int16(case: Case) -> Case:
    """The same layer with int16 activations and biases of 64 bits."""
    x, weights, bias, y, *shapes = case.graph.tensors
    tensors = (
        replace(x, dtype=DType.INT16, quantization=Quantization((0.0001,), (0,))),
        weights,
        replace(bias, dtype=DType.INT64, data=np.asarray(bias.data).astype(np.int64)),
        replace(y, dtype=DType.INT16, quantization=Quantization((0.0004,), (0,))),
        *shapes,
    )
    kind, _, rest = case.name.partition(" ")
    return Case(f"{kind} of int16 {rest}", replace(case.graph, tensors=tensors))


def transposed(x: Shape, filters: int, size: int, stride: int) -> Case:
    """Input and weights change places, and the output's shape comes first."""
    y = (1, x[1] * stride, x[2] * stride, filters)
    attributes = WindowAttributes((stride, stride), Padding.SAME)
    graph = layer("TRANSPOSE_CONV", x, (filters, size, size, x[3]), y, attributes)
    tensors = (*graph.tensors, Tensor("s", (4,), DType.INT32, None, np.array(y, np.int32)))
    node = Node("TRANSPOSE_CONV", (4, 1, 0, 2), (3,), attributes)
    name = f"TRANSPOSE_CONV {size}x{size}/{stride} {x[1]}x{x[2]}x{x[3]} -> {filters}"
    return Case(name, replace(graph, tensors=tensors, nodes=(node,)))


def window(x: Shape, size: tuple[int, int], stride: tuple[int, int]) -> tuple[WindowAttributes, list[int]]:
    attributes = WindowAttributes(stride, Padding.SAME)
    return attributes, [slide(x[1 + i], size[i], stride[i], 1, attributes, i)[0] for i in (0, 1)]


def conv(x: Shape, filters: int, size: tuple[int, int], stride: tuple[int, int] = (1, 1), groups: int = 1) -> Case:
    attributes, out = window(x, size, stride)
    depth = x[3] // groups
    graph = layer("CONV_2D", x, (filters, *size, depth), (1, *out, filters), attributes)
    name = f"CONV_2D {size[0]}x{size[1]}/{stride[0]} {x[1]}x{x[2]}x{x[3]} -> {filters}"
    return Case(name + (f", {groups} groups" if groups > 1 else ""), graph)


def depthwise(x: Shape, size: tuple[int, int], stride: tuple[int, int] = (1, 1), multiplier: int = 1) -> Case:
    attributes, out = window(x, size, stride)
    channels = x[3] * multiplier
    graph = layer("DEPTHWISE_CONV_2D", x, (1, *size, channels), (1, *out, channels), attributes)
    name = f"DEPTHWISE_CONV_2D {size[0]}x{size[1]}/{stride[0]} {x[1]}x{x[2]}x{x[3]}"
    return Case(name + (f", multiplier {multiplier}" if multiplier > 1 else ""), graph)


def dense(inputs: int, outputs: int) -> Case:
    graph = layer("FULLY_CONNECTED", (1, inputs), (outputs, inputs), (1, outputs), FullyConnectedAttributes())
    return Case(f"FULLY_CONNECTED {inputs} -> {outputs}", graph)


def matrices(rows: int, depth: int, columns: int, transposed: bool) -> Case:
    second = (1, columns, depth) if transposed else (1, depth, columns)
    tensors = tuple(
        Tensor(name, shape, DType.INT8, Quantization((scale,), (3,)))
        for name, shape, scale in (("a", (1, rows, depth), 0.02), ("b", second, 0.02), ("y", (1, rows, columns), 0.5))
    )
    node = Node("BATCH_MATMUL", (0, 1), (2,), BatchMatMulAttributes(False, transposed))
    name = f"BATCH_MATMUL {rows}x{depth}x{columns}{' transposed' if transposed else ''}"
    return Case(name, Graph(tensors, (node,), (0, 1), (2,)))


def cases() -> Iterator[Case]:
    """The layers of the MLPerf Tiny models, micro_speech, person_detect, microWakeWord and their kind."""
    yield conv((1, 49, 10, 1), 64, (10, 4), (2, 2))
    yield conv((1, 32, 32, 3), 16, (3, 3))
    yield conv((1, 32, 32, 16), 16, (3, 3))
    yield conv((1, 48, 48, 3), 8, (3, 3), (2, 2))
    yield conv((1, 24, 24, 8), 16, (1, 1))
    yield conv((1, 25, 5, 64), 64, (1, 1))
    yield conv((1, 6, 6, 128), 128, (1, 1))
    yield conv((1, 16, 16, 16), 32, (3, 3), (2, 2))
    yield conv((1, 64, 1, 40), 64, (5, 1))
    yield conv((1, 16, 16, 32), 32, (3, 3), groups=4)
    yield conv((1, 16, 16, 64), 64, (1, 1), groups=8)
    yield depthwise((1, 25, 5, 64), (3, 3))
    yield depthwise((1, 48, 48, 8), (3, 3))
    yield depthwise((1, 48, 48, 16), (3, 3), (2, 2))
    yield depthwise((1, 6, 6, 128), (3, 3))
    yield depthwise((1, 17, 1, 64), (9, 1))
    yield depthwise((1, 49, 40, 1), (10, 8), (2, 2), multiplier=8)
    yield depthwise((1, 24, 24, 4), (3, 3), multiplier=4)
    yield depthwise((1, 24, 24, 16), (5, 5), (2, 2), multiplier=2)
    yield transposed((1, 16, 16, 32), 16, 3, 2)
    yield transposed((1, 32, 1, 16), 8, 4, 1)
    yield of_int16(conv((1, 16, 16, 16), 32, (3, 3)))
    yield of_int16(conv((1, 25, 5, 64), 64, (1, 1)))
    yield of_int16(depthwise((1, 25, 5, 64), (3, 3)))
    yield of_int16(transposed((1, 16, 16, 32), 16, 3, 2))
    yield of_int16(transposed((1, 32, 1, 16), 8, 4, 1))
    yield of_int16(dense(640, 128))
    yield dense(640, 128)
    yield dense(128, 128)
    yield dense(64, 10)
    yield dense(4000, 4)
    yield matrices(32, 16, 32, True)
    yield matrices(32, 32, 16, False)


def per_mac(case: Case, board: str) -> tuple[float, str]:
    """Instructions of the operator by its multiply-accumulates, and the kernel that ran."""
    target = target_named(board)
    program = compile_graph(case.graph, "bench", Isa(target.isa)).program
    sizes = sum(case.graph.tensors[index].size_bytes for index in case.graph.inputs)
    inputs = np.random.default_rng(2).integers(-128, 128, (1, sizes)).astype(np.int8)
    cost = measure_cost(target, target.build(program), inputs, CLOCK_HZ)
    operator = cost.operators[0]
    kernel = next(line for line in program.sources["bench_model.c"].splitlines() if line.startswith("\tmlforge_"))
    return operator.instructions / operator.macs, kernel.strip().partition("(")[0].removeprefix("mlforge_")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/kernels.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit status 1 where a kernel is above the limit")
    parser.add_argument("--target", default=BOARD)
    words = parser.parse_args()
    slow = 0
    for case in cases():
        cost, kernel = per_mac(case, words.target)
        over = cost > KNOWN.get(case.name, LIMIT) and words.target == BOARD
        slow += over
        print(f"{cost:6.2f}  {case.name:52} {kernel}{'   above the limit' if over else ''}", flush=True)
    return 1 if slow and words.check else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Factors made of scales: in doubles or in float32, which a few of all values tell apart.

The interpreter has doubles for what requantises, and float32 for the limits of activations.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.compiler import Isa, compile_graph, read_tflite
from mlforge.compiler.fixed_point import Activation, float32
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from tests.oracle.factor_cases import BUILDERS, SCALES, Case, all_values
from tests.oracle.wheel import Oracle, Question, Refusal
from tests.unit.compiler import reference, reference_arithmetic, reference_int16, reference_matrices, reference_movement
from tests.unit.compiler.harness import run_models
from tests.unit.compiler.registry import Reference
from tests.unit.compiler.tflite_writer import write_tflite

REFERENCES = (reference, reference_arithmetic, reference_int16, reference_matrices, reference_movement)
exact = reference.quantize_multiplier


def cases_of(kind: str, dtype: DType) -> list[Case]:
    return [BUILDERS[kind](kind, dtype, scales) for scales in SCALES[kind, dtype]]


def expected(case: Case) -> NDArray[np.generic]:
    return Reference(case[0]).run(case[1])[0]


def question(case: Case) -> Question:
    return write_tflite(case[0]), [array[None] for array in case[1]]


@pytest.mark.parametrize(("kind", "dtype"), SCALES)
def test_the_precision_of_factors_shows(kind: str, dtype: DType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next test could not fail."""
    cases = cases_of(kind, dtype)
    right = [expected(case) for case in cases]
    for module in REFERENCES:
        monkeypatch.setattr(module, "quantize_multiplier", lambda factor: exact(float32(factor)))
    assert any(np.any(expected(case) != results) for case, results in zip(cases, right, strict=True))


def test_factors_are_those_of_the_interpreter(newest: Oracle, tmp_path: Path) -> None:
    cases = {
        f"{kind}_{dtype.value}_{i}": case for kind, dtype in SCALES for i, case in enumerate(cases_of(kind, dtype))
    }
    questions = {name: question(case) for name, case in cases.items()}
    models = {
        name: (compile_graph(read_tflite(data), name.lower(), Isa.GENERIC), inputs)
        for name, (data, inputs) in questions.items()
    }
    ours = run_models(tmp_path, models)
    apart = []
    for (name, case), answer in zip(cases.items(), newest.answers(list(questions.values())), strict=True):
        assert not isinstance(answer, Refusal), f"{name}: {answer}"
        same = np.array_equal(ours[name][0], answer[0]) and np.array_equal(expected(case), answer[0][0])
        apart += [] if same else [name]
    assert not apart


def limited(kind: str, dtype: DType, scale: float) -> Case:
    """RELU6 alone, or fused into an ADD of nothing."""
    x, count = all_values(dtype), 2 if kind == "ADD" else 1
    tensors = tuple(Tensor(f"t{i}", (1, x.size), dtype, Quantization((scale,), (0,))) for i in range(count + 1))
    attributes = AddAttributes(Activation.RELU6) if kind == "ADD" else ElementwiseAttributes()
    inputs = tuple(range(count))
    graph = Graph(tensors, (Node(kind, inputs, (count,), attributes),), inputs, (count,))
    return graph, [x.reshape(1, -1), np.zeros_like(x).reshape(1, -1)][:count]


def scales_with_two_limits(largest: int) -> Sequence[float]:
    """6 lies so near the middle between two integers that float32 takes the other one."""
    scales = [float32(6 / (whole + 0.5)) for whole in range(largest // 2, largest // 2 + 60)]
    return [scale for scale in scales if floor(6 / scale + 0.5) != floor(float32(6 / scale) + 0.5)][:3]


@pytest.mark.parametrize("kind", ["ADD", "RELU6"])
@pytest.mark.parametrize("dtype", [DType.INT8, DType.INT16])
def test_limits_of_activations_are_those_of_the_interpreter(newest: Oracle, kind: str, dtype: DType) -> None:
    scales = scales_with_two_limits(127 if dtype is DType.INT8 else 32767)
    assert scales
    cases = [limited(kind, dtype, scale) for scale in scales]
    for case, answer in zip(cases, newest.answers([question(case) for case in cases]), strict=True):
        assert not isinstance(answer, Refusal), answer
        np.testing.assert_array_equal(answer[0][0], expected(case))

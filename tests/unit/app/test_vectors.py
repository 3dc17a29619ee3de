"""Vectors of models with several inputs and outputs of several types, between files and bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.app.run_model import run_model
from mlforge.app.vectors import from_bytes, random_inputs, read_vectors, save_outputs, to_bytes
from mlforge.compiler import compile_graph
from mlforge.compiler.emitter import CompiledModel
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.errors import DataError
from mlforge.targets.host import HostTarget
from tests.unit.compiler.tflite_writer import write_tflite


def two_worlds() -> Graph:
    """A float and an int8 input, their sum as float and as int8."""
    quantization = Quantization((0.5,), (3,))
    tensors = (
        Tensor("float_in", (1, 3), DType.FLOAT32),
        Tensor("int_in", (1, 3), DType.INT8, quantization),
        Tensor("quantised", (1, 3), DType.INT8, quantization),
        Tensor("sum", (1, 3), DType.INT8, quantization),
        Tensor("float_out", (1, 3), DType.FLOAT32),
    )
    nodes = (
        Node("QUANTIZE", (0,), (2,), ElementwiseAttributes()),
        Node("ADD", (2, 1), (3,), AddAttributes()),
        Node("DEQUANTIZE", (3,), (4,), ElementwiseAttributes()),
    )
    return Graph(tensors, nodes, (0, 1), (4, 3))


@pytest.fixture(scope="module")
def model() -> CompiledModel:
    return compile_graph(two_worlds(), "two")


FLOATS = np.array([[1.0, -2.25, 1e9], [0.25, -0.25, 0.0]], np.float32)
INTS = np.array([[[5, 3, 3]], [[3, 3, -128]]], np.int8)
SUMS = np.array([[7, -2, 127], [4, 2, -128]], np.int8)  # 0.5 and -0.25 / 0.5 round away from zero


def write(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, allow_pickle=True, **arrays)
    return path


def test_floats_and_several_inputs_run_on_the_host(tmp_path: Path) -> None:
    wanted = (SUMS.astype(np.float32) - 3) * np.float32(0.5)
    file = write(tmp_path / "v.npz", input_0=FLOATS, input_1=INTS, output_0=wanted, output_1=SUMS)
    done = run_model(write_tflite(two_worlds()), "two", HostTarget(), 1, read_vectors(file))
    assert done.mismatches == 0
    np.testing.assert_array_equal(done.outputs[0], wanted)
    np.testing.assert_array_equal(done.outputs[1], SUMS)


def test_wrong_outputs_are_counted(tmp_path: Path) -> None:
    wrong = SUMS.copy()
    wrong[1, 2] += 1
    floats = (SUMS.astype(np.float32) - 3) * np.float32(0.5)
    file = write(tmp_path / "v.npz", input_0=FLOATS, input_1=INTS, output_0=floats, output_1=wrong)
    assert run_model(write_tflite(two_worlds()), "two", HostTarget(), 1, read_vectors(file)).mismatches == 1


def test_bytes_and_back(model: CompiledModel) -> None:
    arrays = random_inputs(model.inputs, 4)
    assert [array.dtype.name for array in arrays] == ["float32", "int8"]
    rows = to_bytes(arrays, model.inputs, "input")
    assert rows.shape == (4, model.program.input_bytes)
    for array, again in zip(arrays, from_bytes(rows, model.inputs), strict=True):
        np.testing.assert_array_equal(array[:, 0], again)


def test_doubles_count_as_floats(model: CompiledModel) -> None:
    rows = to_bytes((FLOATS, INTS), model.inputs, "input")
    np.testing.assert_array_equal(rows, to_bytes((FLOATS.astype(np.float64), INTS), model.inputs, "input"))


def test_arrays_that_do_not_fit_are_refused(model: CompiledModel) -> None:
    with pytest.raises(DataError, match=r"1 inputs, the model 2"):
        to_bytes((FLOATS,), model.inputs, "input")
    with pytest.raises(DataError, match=r'`input_0` is int8 .* expected float32 with 3 values a vector for "float_in"'):
        to_bytes((INTS, INTS), model.inputs, "input")
    with pytest.raises(DataError, match=r"`input_1` is int8 with 4 values"):
        to_bytes((FLOATS, np.zeros((2, 4), np.int8)), model.inputs, "input")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": FLOATS}, "no array `input`.*found x"),
        ({"input": FLOATS, "input_0": FLOATS}, "one or the other"),
        ({"input_0": FLOATS, "input_2": FLOATS}, "no array `input_1`"),
        ({"input_1": FLOATS}, "no array `input_0`"),
        ({"input": FLOATS, "output": SUMS[:1]}, "2 inputs, other arrays have .1."),
        ({"input": FLOATS.astype(np.complex64)}, "complex64"),
        ({"input": np.int8(3)}, "`input` is int8"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_vectors(write(tmp_path / "v.npz", **arrays))


def test_outputs_are_saved_apart_or_side_by_side(tmp_path: Path) -> None:
    save_outputs(tmp_path / "one.npy", (FLOATS,))
    np.testing.assert_array_equal(np.load(tmp_path / "one.npy"), FLOATS)
    save_outputs(tmp_path / "two.npz", (FLOATS, SUMS))
    with np.load(tmp_path / "two.npz") as archive:
        np.testing.assert_array_equal(archive["output_0"], FLOATS)
        np.testing.assert_array_equal(archive["output_1"], SUMS)
    save_outputs(tmp_path / "mixed.npy", (FLOATS, SUMS))
    assert np.load(tmp_path / "mixed.npy").shape == (2, 15)
    save_outputs(tmp_path / "same.npy", (SUMS, SUMS))
    np.testing.assert_array_equal(np.load(tmp_path / "same.npy"), np.hstack([SUMS, SUMS]))
    with pytest.raises(DataError, match="cannot be written"):
        save_outputs(tmp_path / "nowhere" / "x.npy", (SUMS,))

"""Makes the wrong models of `models/` from one sound model, one mistake each: `python -m tests.corpus.make_models`.

What each must be refused with stands beside it here, and in `models/expected.json` for the test that reads the files.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mlforge.compiler.fixed_point import Activation
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.pad import PadAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.free_view import ReshapeAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from tests.fuzz.fields import fields_of
from tests.unit.compiler.tflite_writer import write_tflite

PLACE: Final = Path(__file__).parent / "models"


def _activation(name: str, shape: tuple[int, ...], scale: float = 0.5, zero_point: int = 0) -> Tensor:
    return Tensor(name, shape, DType.INT8, Quantization((scale,), (zero_point,)))


def _constant(name: str, values: Any, dtype: DType, quantization: Quantization | None = None) -> Tensor:
    data = np.array(values, dtype.value)
    return Tensor(name, data.shape, dtype, quantization, data)


_CONV: Final = WindowAttributes((1, 1), Padding.VALID, (1, 1), Activation.RELU)
SOUND: Final = Graph(
    tensors=(
        _activation("image", (1, 4, 4, 1)),
        _constant("paddings", [[0, 0], [1, 1], [1, 1], [0, 0]], DType.INT32),
        _activation("padded", (1, 6, 6, 1)),
        _constant("kernel", np.arange(18).reshape(2, 3, 3, 1), DType.INT8, Quantization((0.1, 0.2), (0, 0), 0)),
        _constant("bias", [5, -5], DType.INT32),
        _activation("features", (1, 4, 4, 2), 0.25, -128),
        _activation("flat", (1, 32), 0.25, -128),
        _constant("weights", np.arange(96).reshape(3, 32), DType.INT8, Quantization((0.05,), (0,))),
        _activation("logits", (1, 3), 0.125, 3),
        _activation("probabilities", (1, 3), 1 / 256, -128),
    ),
    nodes=(
        Node("PAD", (0, 1), (2,), PadAttributes()),
        Node("CONV_2D", (2, 3, 4), (5,), _CONV),
        Node("RESHAPE", (5,), (6,), ReshapeAttributes()),
        Node("FULLY_CONNECTED", (6, 7), (8,), FullyConnectedAttributes()),
        Node("SOFTMAX", (8,), (9,), SoftmaxAttributes(1.0)),
    ),
    inputs=(0,),
    outputs=(9,),
)


def _tensor(index: int, **changes: Any) -> Callable[[], bytes]:
    tensors = list(SOUND.tensors)
    tensors[index] = replace(tensors[index], **changes)
    return lambda: write_tflite(replace(SOUND, tensors=tuple(tensors)))


def _node(index: int, **changes: Any) -> Callable[[], bytes]:
    nodes = list(SOUND.nodes)
    nodes[index] = replace(nodes[index], **changes)
    return lambda: write_tflite(replace(SOUND, nodes=tuple(nodes)))


def _graph(**changes: Any) -> Callable[[], bytes]:
    return lambda: write_tflite(replace(SOUND, **changes))


def _field(kind: str, number: int, value: int) -> Callable[[], bytes]:
    """Another value in the file's `number`th field of a kind; see tests/fuzz/fields.py."""

    def make() -> bytes:
        data = bytearray(write_tflite(SOUND))
        field = [one for one in fields_of(bytes(data)) if one.kind == kind][number]
        data[field.position : field.position + field.width] = (value % (1 << 8 * field.width)).to_bytes(
            field.width, "little"
        )
        return bytes(data)

    return make


def _cut(length: int) -> Callable[[], bytes]:
    return lambda: write_tflite(SOUND)[:length]


def _start(value: bytes, position: int) -> Callable[[], bytes]:
    def make() -> bytes:
        data = write_tflite(SOUND)
        return data[:position] + value + data[position + len(value) :]

    return make


def _many_outputs() -> bytes:
    """More outputs than a descriptor counts."""
    names = range(1, 257)
    tensors = (SOUND.tensors[0], *(_activation(str(one), (1, 4, 4, 1)) for one in names))
    nodes = tuple(Node("RELU", (0,), (one,), ElementwiseAttributes()) for one in names)
    return write_tflite(Graph(tensors, nodes, (0,), tuple(names)))


def _enormous_arena() -> bytes:
    """Every tensor within the limits, and all of them alive at once."""
    shape = (1, 4096, 4096)
    tensors = tuple(_activation(str(one), shape) for one in range(21))
    nodes = tuple(Node("RELU", (0,), (one,), ElementwiseAttributes()) for one in range(1, 21))
    return write_tflite(Graph(tensors, nodes, (0,), tuple(range(1, 21))))


_NAN, _INFINITE = float("nan"), float("inf")
_CYCLE = (
    Node("RELU", (2,), (1,), ElementwiseAttributes()),
    Node("RELU", (1,), (2,), ElementwiseAttributes()),
)
_THREE = tuple(_activation(name, (1, 4)) for name in "abc")

# Name of the file: how to make it, and words of the sentence that must refuse it.
WRONG: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "empty": (lambda: b"", "this is an empty file"),
    "identifier": (_start(b"TFL2", 4), "no TensorFlow Lite model"),
    "header_only": (_cut(8), "no TensorFlow Lite model"),
    "cut_in_half": (lambda: write_tflite(SOUND)[: len(write_tflite(SOUND)) // 2], "damaged"),
    "root_outside": (_start(struct.pack("<I", 0x7FFFFFF0), 0), "damaged"),
    "root_into_itself": (_start(struct.pack("<I", 0), 0), "there is no subgraph 0"),
    "reference_outside": (_field("reference", 5, 0x7FFFFFFF), "damaged"),
    "reference_backwards": (_field("reference", 5, -8), "damaged"),
    "vtable_outside": (_field("vtable", 4, -0x7FFFFFFF), "damaged"),
    "length_overflows": (_field("length", 0, -1), "claims to have 4294967295"),
    "shape_too_long": (_field("length", 9, 1 << 30), "dimensions: at most"),
    "code_index_outside": (_field("code index", 0, 77), "has the code 77"),
    "code_unknown": (_field("code", 1, 30000), "operator number 30000"),
    "options_of_another_operator": (_field("options type", 0, 5), "its options are of type 5, not Conv2DOptions"),
    "type_unknown": (_field("type", 0, 99), "has the type number 99"),
    "type_unsupported": (_field("type", 0, 5), "has the type STRING"),
    "buffer_index_outside": (_field("buffer", 3, 1000), "has the buffer 1000"),
    "buffer_too_short": (_tensor(7, data=np.zeros(95, np.int8)), "needs 96 bytes, its buffer has 95"),
    "buffer_too_long": (_tensor(7, data=np.zeros(4096, np.int8)), "needs 96 bytes, its buffer has 4096"),
    "dimension_zero": (_field("dimension", 1, 0), "every dimension"),
    "dimension_negative": (_field("dimension", 1, -1), "every dimension"),
    "dimension_enormous": (_field("dimension", 1, 0x7FFFFFFF), "at most 16777216 elements"),
    "dimensions_overflow": (_tensor(0, shape=(65536, 65536, 65536, 65536)), "at most 16777216 elements"),
    "scale_zero": (_tensor(0, quantization=Quantization((0.0,), (0,))), "has the scale 0.0"),
    "scale_negative": (_tensor(0, quantization=Quantization((-0.5,), (0,))), "has the scale -0.5"),
    "scale_nan": (_tensor(5, quantization=Quantization((_NAN,), (0,))), "has the scale nan"),
    "scale_infinite": (_tensor(5, quantization=Quantization((_INFINITE,), (0,))), "has the scale inf"),
    "zero_point_no_int8": (_tensor(8, quantization=Quantization((0.5,), (200,))), "has the zero point 200"),
    "zero_points_missing": (
        _tensor(3, quantization=Quantization((0.1, 0.2, 0.3), (0, 0))),
        "3 scales and 2 zero points",
    ),
    "scales_too_many": (_tensor(3, quantization=Quantization((0.1,) * 3, (0,) * 3, 0)), "3 scales along axis 0"),
    "scales_along_no_axis": (_tensor(3, quantization=Quantization((0.1, 0.2), (0, 0), 4)), "2 scales along axis 4"),
    "weights_with_zero_point": (_tensor(7, quantization=Quantization((0.1,), (4,))), "zero point other than 0"),
    "activation_without_scale": (_tensor(6, quantization=None), "quantisation"),
    "input_unknown": (_graph(inputs=(99,)), "there is no tensor 99"),
    "input_constant": (_graph(inputs=(0, 7)), "is an input of the model, and constant"),
    "output_unwritten": (_graph(nodes=SOUND.nodes[:4]), "nothing writes it"),
    "output_twice": (_graph(outputs=(9, 9)), "listed twice"),
    "no_inputs": (_graph(inputs=()), "at least one input"),
    "reads_ahead": (_node(1, inputs=(8, 3, 4)), "before anything has written it"),
    "cycle": (lambda: write_tflite(Graph(_THREE, _CYCLE, (0,), (1,))), "before anything has written it"),
    "writes_its_input": (_node(4, outputs=(0,)), "already written"),
    "operand_unknown": (_node(3, inputs=(6, 55)), "there is no tensor 55"),
    "operand_missing": (_node(3, inputs=(6, -1)), "input 1 is missing"),
    "operands_too_many": (_node(4, inputs=(8, 8)), "it has 2 inputs"),
    "stride_zero": (_node(1, attributes=replace(_CONV, stride=(0, 1))), "stride and dilation are"),
    "dilation_enormous": (_node(1, attributes=replace(_CONV, dilation=(1 << 30, 1))), "stride and dilation are"),
    "stride_wrong": (_node(1, attributes=replace(_CONV, stride=(2, 2))), "the output is"),
    "padding_negative": (_tensor(1, data=np.array([[0, 0], [-1, 3], [1, 1], [0, 0]], np.int32)), "PAD"),
    "bias_wrong_length": (_tensor(4, shape=(3,), data=np.zeros(3, np.int32)), "the bias"),
    "weights_not_constant": (_tensor(7, data=None), "before anything has written it"),
    "reshape_loses_elements": (_tensor(6, shape=(1, 31)), "RESHAPE"),
    "softmax_beta_nan": (_node(4, attributes=SoftmaxAttributes(_NAN)), "beta is nan"),
    "outputs_too_many": (_many_outputs, "256 outputs"),
    "arena_enormous": (_enormous_arena, "an arena of"),
}


def main() -> None:
    PLACE.mkdir(exist_ok=True)
    for name, (make, _) in WRONG.items():
        (PLACE / f"{name}.bin").write_bytes(make())
    expected = {name: words for name, (_, words) in sorted(WRONG.items())}
    (PLACE / "expected.json").write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

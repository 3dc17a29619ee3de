"""A float TensorFlow Lite model of a converter as TensorFlow's quantiser and the engine take it. Worker process only.

Converters leave what TensorFlow's own would not: operators on constants alone (the first step of an unrolled GRU), a
PRELU whose slopes have an axis for the batch, a division by a square root, a power of two. The results are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

_KINDS: Final = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
_MAX_FOLDED_BYTES: Final = 1 << 24


def rewritten(tflite: bytes) -> bytes:
    """The same function in operators that can be quantised; `tflite` itself where nothing is to be done."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))
    if len(model.subgraphs) != 1:
        return tflite
    changes = [_folded(model, tflite), _slopes(model), _square_roots(model), _squares(model)]
    if not any(changes):
        return tflite
    _forget_unused_codes(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _kind(model: Any, operator: Any) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    return str(_KINDS.get(max(code.builtinCode, code.deprecatedBuiltinCode), ""))


def _of_kind(model: Any, *kinds: str) -> Iterator[Any]:
    return (operator for operator in model.subgraphs[0].operators if _kind(model, operator) in kinds)


def _constant(model: Any, index: int) -> bool:
    if index < 0:
        return True  # an input that is left out
    tensor = model.subgraphs[0].tensors[index]
    return not tensor.isVariable and model.buffers[tensor.buffer].data is not None


def _folded(model: Any, tflite: bytes) -> bool:
    """Operators on constants alone become what they compute."""
    graph, kept = model.subgraphs[0], []
    known: set[int] = set()
    for operator in graph.operators:
        if len(operator.inputs) and all(index in known or _constant(model, index) for index in operator.inputs):
            known.update(int(index) for index in operator.outputs)
        else:
            kept.append(operator)
    if not known or known & {int(index) for index in graph.outputs}:
        return False
    needed = {int(index) for operator in kept for index in operator.inputs} & known
    for index, value in _values(tflite, needed).items():
        _set(model, index, value)
    graph.operators = kept
    return True


def _values(tflite: bytes, wanted: set[int]) -> dict[int, Any]:
    interpreter = tf.lite.Interpreter(model_content=tflite, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    interpreter.invoke()
    found = {index: interpreter.get_tensor(index) for index in sorted(wanted)}
    return found if sum(value.nbytes for value in found.values()) <= _MAX_FOLDED_BYTES else {}


def _set(model: Any, index: int, value: Any) -> None:
    """Gives a tensor constant values, in a buffer of its own."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor = model.subgraphs[0].tensors[index]
    tensor.buffer, tensor.shape = len(model.buffers) - 1, np.array(value.shape, np.int32)
    tensor.shapeSignature = None


def _slopes(model: Any) -> bool:
    """A PRELU's slopes have one axis less than its input (tfl.prelu); the one of the batch goes."""
    graph, changed = model.subgraphs[0], False
    for operator in _of_kind(model, "PRELU"):
        slopes, values = graph.tensors[operator.inputs[1]], graph.tensors[operator.inputs[0]]
        if len(slopes.shape) == len(values.shape) and slopes.shape[0] == 1:
            slopes.shape, slopes.shapeSignature, changed = np.array(slopes.shape[1:], np.int32), None, True
    return changed


def _square_roots(model: Any) -> bool:
    """a / sqrt(b) becomes a * rsqrt(b), which is what int8 kernels have."""
    graph, changed = model.subgraphs[0], False
    makers = {int(operator.outputs[0]): operator for operator in _of_kind(model, "SQRT")}
    users: dict[int, list[Any]] = {}
    for operator in graph.operators:
        for index in operator.inputs:
            users.setdefault(int(index), []).append(operator)
    for root, maker in makers.items():
        divisions = users.get(root, [])
        if not divisions or not all(
            _kind(model, each) == "DIV" and int(each.inputs[1]) == root and int(each.inputs[0]) != root
            for each in divisions
        ):
            continue
        maker.opcodeIndex = _code(model, "RSQRT")
        for each in divisions:
            _become_product(model, each)
        changed = True
    return changed


def _squares(model: Any) -> bool:
    """x ** 2 and x squared become x * x."""
    graph, changed = model.subgraphs[0], False
    for operator in list(_of_kind(model, "POW", "SQUARE")):
        if _kind(model, operator) == "POW" and not _is_two(model, graph.tensors[operator.inputs[1]]):
            continue
        operator.inputs = np.array([operator.inputs[0], operator.inputs[0]], np.int32)
        _become_product(model, operator)
        changed = True
    return changed


def _is_two(model: Any, tensor: Any) -> bool:
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) == 4 and bytes(data) == np.float32(2).tobytes()


def _become_product(model: Any, operator: Any) -> None:
    activation = getattr(operator.builtinOptions, "fusedActivationFunction", 0)
    operator.opcodeIndex = _code(model, "MUL")
    operator.builtinOptionsType = schema.BuiltinOptions.MulOptions
    operator.builtinOptions = schema.MulOptionsT()
    operator.builtinOptions.fusedActivationFunction = activation


def _forget_unused_codes(model: Any) -> None:
    """The calibrator wants a kernel for each, used or not."""
    operators = model.subgraphs[0].operators
    used = sorted({operator.opcodeIndex for operator in operators})
    model.operatorCodes = [model.operatorCodes[index] for index in used]
    for operator in operators:
        operator.opcodeIndex = used.index(operator.opcodeIndex)


def _code(model: Any, kind: str) -> int:
    """The index of an operator's code, which is added where the model has none."""
    number = getattr(schema.BuiltinOperator, kind)
    for index, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == number:
            return index
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1

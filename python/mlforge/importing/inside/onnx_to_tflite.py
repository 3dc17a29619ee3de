"""An ONNX model to a float .tflite with channels last, and what both compute, tensor by tensor.

Usage: python onnx_to_tflite.py MODEL.onnx INPUTS.npz DIR. Writes DIR/float.tflite, DIR/report.json and DIR/source.npz
with `output`, float32 [N, ...]: what ONNX Runtime computes of `x`, float32 [N, *shape], in the source's layout. A
refusal is written to DIR/refusal.txt, one sentence.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx2tf
import onnxruntime
from ai_edge_litert.interpreter import Interpreter, OpResolverType

_CHANNELS_FIRST = frozenset(
    {"AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"}
)
_ANY_LAYOUT = frozenset({"GRU", "Gemm", "LSTM", "LayerNormalization", "MatMul", "RNN", "Transpose"})
MEASURED = 8  # examples whose inner tensors are compared


class RefusalError(Exception):
    """Why the model cannot be converted, in one sentence."""


def main(model_path: Path, inputs: Path, directory: Path) -> None:
    x = np.load(inputs)["x"].astype(np.float32)
    model = fixed(onnx.load(str(model_path)), x)
    outputs, inner = run_onnx(model, x)
    tflite, records = convert(model)
    order, answers, tensors = run_tflite(tflite, x, outputs)
    report = {
        "converter": f"onnx2tf {version('onnx2tf')}",
        "runtime": f"ONNX Runtime {version('onnxruntime')}",
        "input_order": order,
        "output_shape": list(outputs.shape[1:]),
        "error": relative(outputs[:MEASURED], answers),
        "operators": compared(model, inner, tensors, records),
    }
    (directory / "float.tflite").write_bytes(tflite)
    np.savez(directory / "source.npz", output=outputs)
    (directory / "report.json").write_text(json.dumps(report, indent=1))


def fixed(model: onnx.ModelProto, x: np.ndarray) -> onnx.ModelProto:
    """The model with one input of a batch of 1 and the shape of the examples. Raises RefusalError."""
    constants = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in constants]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise RefusalError(f"{len(inputs)} inputs and {len(model.graph.output)} outputs: expected one each")
    tensor = inputs[0].type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
        raise RefusalError(f"the input {inputs[0].name!r} is {kind}: expected float")
    wanted = [axis.dim_value if axis.HasField("dim_value") else 0 for axis in tensor.shape.dim]
    given = [1, *x.shape[1:]]
    if len(wanted) != len(given) or any(a not in (0, b) for a, b in zip(wanted[1:], given[1:], strict=True)):
        shown = [axis.dim_value or axis.dim_param or "?" for axis in tensor.shape.dim[1:]]
        raise RefusalError(
            f"the model takes {shown}, the representative examples are {list(x.shape[1:])}".replace("'", "")
        )
    for axis, size in zip(tensor.shape.dim, given, strict=True):
        axis.dim_value = size
    return model


def run_onnx(model: onnx.ModelProto, x: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The outputs [N, ...], and each node's first output for the first examples [n, ...]."""
    session = _session(model)
    name = session.get_inputs()[0].name
    outputs = np.concatenate([session.run(None, {name: one[None]})[0] for one in x])
    if outputs.dtype != np.float32:
        raise RefusalError(f"the output is {outputs.dtype}: expected float")
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    names = [node.output[0] for node in model.graph.node if node.output and node.output[0]]
    known = {each.name for each in model.graph.output}
    wide.graph.output.extend(onnx.ValueInfoProto(name=each) for each in names if each not in known)
    found: dict[str, list[np.ndarray]] = {}
    try:
        session = _session(wide)
        for one in x[:MEASURED]:
            for each, value in zip(session.get_outputs(), session.run(None, {name: one[None]}), strict=True):
                found.setdefault(each.name, []).append(np.asarray(value))
    except Exception:  # the inner tensors only serve to name an operator
        found = {}
    return outputs, {name: np.stack(values) for name, values in found.items()}


def _session(model: onnx.ModelProto) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise RefusalError(f"ONNX Runtime cannot load it: {first_line(error)}") from error


def convert(model: onnx.ModelProto) -> tuple[bytes, list[dict[str, Any]]]:
    """The float .tflite, and onnx2tf's records of which tensor became which. onnx2tf takes all inputs for pictures with
    channels first; what is none, such as a sequence, stays as it is."""
    constants = {each.name for each in model.graph.initializer}
    name = next(each.name for each in model.graph.input if each.name not in constants)
    kept = None if channels_first(model, name) else [name]
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "model.onnx")
        onnx.save(model, str(source))
        try:
            onnx2tf.convert(
                input_onnx_file_path=str(source),
                output_folder_path=scratch,
                keep_shape_absolutely_input_names=kept,
                non_verbose=True,
                verbosity="error",
            )
        except (Exception, SystemExit) as error:
            raise RefusalError(f"onnx2tf cannot convert it: {first_line(error)}") from error
        written = sorted(Path(scratch).glob("*_float32.tflite"))
        if not written:
            raise RefusalError("onnx2tf wrote no float model")
        report = next(iter(Path(scratch).glob("*_tensor_correspondence_report.json")), None)
        return written[0].read_bytes(), json.loads(report.read_text())["records"] if report else []


def channels_first(model: onnx.ModelProto, name: str) -> bool:
    """By the first operators behind an input that say where channels are; where none does, ONNX's custom."""
    reached = {name}
    for node in model.graph.node:  # in topological order
        if not reached.intersection(node.input):
            continue
        if node.op_type in _CHANNELS_FIRST:
            return True
        if node.op_type in _ANY_LAYOUT:
            return False
        reached.update(node.output)
    return True


def run_tflite(
    tflite: bytes, x: np.ndarray, outputs: np.ndarray
) -> tuple[list[int], np.ndarray, dict[str, np.ndarray]]:
    """In which order the float model takes the axes of an example: of those that its shape allows, the one with which
    it answers as the source does. With its answers to the first examples, and all of its tensors."""
    interpreter = Interpreter(
        model_content=tflite,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()[0]
    shape = tuple(int(size) for size in details["shape"][1:])
    orders = [o for o in itertools.permutations(range(x.ndim - 1)) if tuple(x.shape[1 + at] for at in o) == shape]
    if not orders:
        raise RefusalError(f"onnx2tf made a model that takes {list(shape)} of one that takes {list(x.shape[1:])}")
    best: tuple[float, list[int], np.ndarray, dict[str, np.ndarray]] | None = None
    for order in sorted(orders, key=lambda one: one != channels_last(len(one))):
        answers, tensors = _answers(interpreter, x[:MEASURED].transpose(0, *(1 + at for at in order)))
        error = relative(outputs[:MEASURED], answers)
        if best is None or error < best[0]:
            best = error, list(order), answers, tensors
        if error < 1e-4:
            break
    if best is None:
        raise RefusalError("onnx2tf made a model that does not run")
    return best[1:]


def channels_last(rank: int) -> tuple[int, ...]:
    return (*range(1, rank), 0)


def _answers(interpreter: Any, x: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    entry, exit_ = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    answers: list[np.ndarray] = []
    tensors: dict[str, list[np.ndarray]] = {}
    for one in x:
        interpreter.set_tensor(entry, np.ascontiguousarray(one[None]))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(exit_)[0].copy())
        for each in interpreter.get_tensor_details():
            try:
                tensors.setdefault(each["name"], []).append(interpreter.get_tensor(each["index"]).copy())
            except ValueError:  # it has no data: an optional input, or one that was folded away
                continue
    whole = {name: np.stack(values) for name, values in tensors.items() if len({v.shape for v in values}) == 1}
    return np.stack(answers), whole


def compared(
    model: onnx.ModelProto, inner: dict[str, np.ndarray], tensors: dict[str, np.ndarray], records: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Each operator of the source whose result is also one of the converted model's, with the error between the two.
    Where several became one, such as a convolution and its activation, that is the last of them."""
    by_name = {plain(record["onnx_output_name"]): record for record in records}
    last = {record["resolved_tflite_tensor_name"]: plain(record["onnx_output_name"]) for record in records}
    found = []
    for node in model.graph.node:
        name = node.output[0] if node.output else ""
        record = by_name.get(plain(name))
        if record is None or name not in inner or last[record["resolved_tflite_tensor_name"]] != plain(name):
            continue
        theirs = tensors.get(record["resolved_tflite_tensor_name"])
        if theirs is None or theirs.size != inner[name].size or inner[name].dtype != np.float32:
            continue
        found.append({"kind": node.op_type, "name": node.name or name, "error": closest(inner[name], theirs)})
    return found


def plain(name: str) -> str:
    """Names without what onnx2tf replaces in them."""
    return re.sub(r"\W|^wa/", "_", name).strip("_")


def closest(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The relative error in that order of axes in which it is the smallest."""
    shape = theirs.shape
    errors = [
        relative(ours.transpose(0, *order), theirs)
        for order in itertools.permutations(range(1, ours.ndim))
        if tuple(ours.shape[at] for at in order) == shape[1:]
    ]
    return min(errors, default=relative(ours.reshape(len(ours), -1), theirs.reshape(len(theirs), -1)))


def relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The root mean square of the difference, as a share of that of `ours`."""
    if ours.size != theirs.size:
        return float("inf")
    ours, theirs = ours.astype(np.float64).ravel(), theirs.astype(np.float64).ravel()
    size = float(np.sqrt(np.mean(ours**2)))
    error = float(np.sqrt(np.mean((ours - theirs) ** 2)))
    return error / size if size else error


def first_line(error: BaseException) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
    except RefusalError as error:
        Path(sys.argv[3], "refusal.txt").write_text(str(error))
        sys.exit(3)

"""Trees and linear models of other libraries as a quantised `.tflite`, compared with what their numbers come to.

Files are read as data, by MLForge itself; the source's results are computed from them in float64, and held against the
library's own where the file has them. The quantised model's results are those of its C, run on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.app.import_report import Departure, Imported, ImportReport, agreement
from mlforge.app.vectors import from_bytes, to_bytes
from mlforge.compiler import from_ensemble, from_linear
from mlforge.compiler.border import Border, border_of
from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.graph import DType, Graph
from mlforge.compiler.model_kind import CLASSICAL, ModelKind
from mlforge.compiler.ops.trees import MAX_TREES
from mlforge.compiler.tflite_writer import write_tflite
from mlforge.errors import DataError, ModelError
from mlforge.importing.lightgbm import read_lightgbm
from mlforge.importing.onnx_ml import is_classical, read_onnx_ml
from mlforge.importing.sklearn import Known, read_sklearn
from mlforge.importing.xgboost import read_xgboost
from mlforge.records.ensemble import Ensemble, linked, next_places, sums
from mlforge.records.linear import Linear, linear_sums
from mlforge.targets.host import HostTarget

Model: TypeAlias = Ensemble | Linear
ENOUGH: Final = 0.99  # of the examples: where a model decides fewer as the source does, a finer one is taken
PROBABLE: Final = 0.05  # of probabilities and scores, relative; the same
ERROR: Final = 0.02  # of values, relative; beyond it a finer model is taken
MAX_BYTES: Final = 32 << 20  # of a file: text takes some 100 bytes a node


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    model: Model
    name: str
    known: Known | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    border: Border
    graph: Graph
    ours: NDArray[np.float32]
    agrees: float | None
    error: float

    @property
    def is_enough(self) -> bool:
        return self.error <= ERROR if self.agrees is None else self.agrees >= ENOUGH and self.error <= PROBABLE


def import_classical(
    path: Path, kind: ModelKind | None, data: bytes, x: NDArray[np.float32], *, int8: bool = False
) -> Imported:
    """The first of these that decides as the source does: int8 and int16 with one scale for all features; floats, each
    with a scale of its own, in int8 and int16; or the first of all. `x`: examples, float32 [N, ...], `features` each.

    Raises:
        ModelError: the file is damaged, or holds more than numeric splits and sums, or the model is too large.
        DataError: the examples have another number of features.
        BuildError: the host has no C compiler.
    """
    try:
        if len(data) > MAX_BYTES:
            raise ModelError(f"larger than {MAX_BYTES >> 20} MiB")
        read = _read(kind, data)
        rows = _rows(read.model, x)
        source = results(read.model, rows)
        tried = _tried(read.model, rows, source.astype(np.float32), int8=int8)
    except ModelError as error:
        raise ModelError(f"{path}: {error.message}", hint=error.hint) from error
    last = tried[-1]
    floats, departure = _held(read)
    return Imported(
        write_tflite(last.graph),
        ImportReport(
            framework=read.name if read.known else f"{read.name}, computed in float64",
            converter=_converter(read.name.split(":")[0], last, tried[0]),
            source_shape=tuple(x.shape[1:]),
            input_order=tuple(range(x.ndim - 1)),
            examples=len(rows),
            float_error=floats.error,
            int8_error=last.error,
            float_agreement=None if last.agrees is None else floats.agreement,
            int8_agreement=last.agrees,
            departure=departure or _departure(read.model, rows, last.border, source.astype(np.float32), last.ours),
            engine="",
        ),
        floats=data,
        is_network=False,
    )


def is_read(kind: ModelKind | None, data: bytes) -> bool:
    """Whether MLForge reads the file itself."""
    return kind in CLASSICAL or (kind is ModelKind.ONNX and is_classical(data))


def answers(kind: ModelKind, data: bytes, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the source computes, float32 [N, outputs] of float32 [N, ...]. Raises ModelError, DataError."""
    model = _read(kind, data).model
    return results(model, _rows(model, x)).astype(np.float32)


def results(model: Model, x: NDArray[np.float32]) -> NDArray[np.float64]:
    """float64 [N, outputs] of float32 [N, features]: probabilities, scores, or values."""
    total = linear_sums(model, x) if isinstance(model, Linear) else sums(model, x)
    return linked(total, model.link)


def _read(kind: ModelKind | None, data: bytes) -> _Read:
    if kind is ModelKind.SKLEARN:
        found = read_sklearn(data)
        return _Read(found.model, found.name, found.known)
    if kind is ModelKind.ONNX:
        model = read_onnx_ml(data)
        return _Read(model, f"ONNX: {_size(model)}")
    light = kind is ModelKind.LIGHTGBM
    ensemble = (read_lightgbm if light else read_xgboost)(data)
    return _Read(ensemble, f"{'LightGBM' if light else 'XGBoost'}: {_size(ensemble)}")


def _size(model: Model) -> str:
    if isinstance(model, Linear):
        return f"a linear model, {model.outputs} x {model.features}"
    return f"{len(model.trees)} trees"


def _rows(model: Model, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Trees of ONNX do not say how many features there are beyond the last that they ask for."""
    rows = x.reshape(len(x), -1)
    if rows.shape[1] != model.features:
        what = "linear model" if isinstance(model, Linear) else "trees"
        raise DataError(f"the examples have {rows.shape[1]} features, the {what} {model.features}")
    return rows


def _tried(model: Model, x: NDArray[np.float32], source: NDArray[np.float32], *, int8: bool) -> list[_Tried]:
    """Up to the first that is enough. Raises ModelError where there is none that can be made."""
    if isinstance(model, Ensemble) and len(model.trees) > MAX_TREES:
        raise ModelError(f"it has {len(model.trees)} trees: at most {MAX_TREES}", hint="train fewer trees")
    found: list[_Tried] = []
    refused: ModelError | None = None
    for border in _borders(model, x, source.astype(np.float64)):
        try:
            graph = graph_of(model, x, border)
        except ModelError as error:
            refused = refused or error
            continue
        ours = _computed(graph, x, border)
        agrees = agreement(source, ours) if _decides(model) else None
        found.append(_Tried(border, graph, ours, agrees, _error(model, source, ours)))
        if int8 or found[-1].is_enough:
            break
    if not found and refused:
        raise refused
    return found


def _decides(model: Model) -> bool:
    return model.decides if isinstance(model, Linear) else model.outputs > 1


def graph_of(model: Model, x: NDArray[np.float32], border: Border) -> Graph:
    if isinstance(model, Linear):
        return from_linear.linear_graph(model, x, border)
    return from_ensemble.graph_of(model, border)


def _borders(model: Model, x: NDArray[np.float32], source: NDArray[np.float64]) -> Iterator[Border]:
    for dtype in (DType.INT8, DType.INT16):
        yield border_of(x, source, dtype)
    for dtype in (DType.INT8, DType.INT16):
        if isinstance(model, Linear):
            yield from_linear.own_scales(x, source, dtype)
        else:
            yield from_ensemble.own_scales(model, source, dtype)


def _converter(name: str, last: _Tried, first: _Tried) -> str:
    how = f"in {last.border.dtype}"
    if last.border.own:
        how = f"which takes floats, each with a scale of its own in {last.border.dtype}"
    if last is first:
        return f"MLForge's reader of {name}, {how}"
    found = f"has an error of {first.error:.2g}" if first.agrees is None else f"decides {first.agrees:.1%} alike"
    return f"MLForge's reader of {name}, {how}: int8 {found}"


def _computed(graph: Graph, x: NDArray[np.float32], border: Border) -> NDArray[np.float32]:
    """The results of the model's C, on this machine: float32 [N, outputs]."""
    compiled = compile_graph(graph, "imported")
    target = HostTarget()
    given = to_bytes((border.given(x),), compiled.inputs, "input")
    (values,) = from_bytes(target.infer(target.build(compiled.program), given).outputs, compiled.outputs)
    output = compiled.outputs[0]
    return np.asarray((values.astype(np.float64) - output.zero_point) * output.scale, np.float32)


def _error(model: Model, source: NDArray[np.float32], ours: NDArray[np.float32]) -> float:
    """The root mean square of the difference, as a share of the source's values. Of scores only differences count."""
    wanted, got = source.astype(np.float64), ours.astype(np.float64)
    if isinstance(model, Linear) and model.decides:
        wanted, got = (values - values.mean(axis=1, keepdims=True) for values in (wanted, got))
    size = float(np.sqrt(np.mean(wanted**2)))
    return float(np.sqrt(np.mean((wanted - got) ** 2))) / (size or 1.0)


@dataclass(frozen=True, slots=True)
class _Floats:
    """How far what the file's numbers come to is from the library's own answers; nothing where it has none."""

    error: float
    agreement: float


def _held(read: _Read) -> tuple[_Floats, Departure | None]:
    if read.known is None:
        return _Floats(0.0, 1.0), None
    found, wanted = results(read.model, read.known.x), read.known.decisions
    if _decides(read.model):
        alike = found.argmax(axis=1) == wanted.reshape(len(found), -1)[:, 0]
        wrong = np.flatnonzero(~alike)
        floats = _Floats(0.0, float(alike.mean()))
        told = f"example {wrong[0]} of the file, class {found[wrong[0]].argmax()}" if wrong.size else ""
        return floats, Departure("float", read.name, told, float((~alike).mean())) if wrong.size else None
    size = float(np.sqrt(np.mean(wanted**2))) or 1.0
    error = float(np.sqrt(np.mean((found - wanted.reshape(found.shape)) ** 2))) / size
    return _Floats(error, 1.0), Departure("float", read.name, "output", error) if error > 1e-3 else None


def _departure(
    model: Model, x: NDArray[np.float32], border: Border, source: NDArray[np.float32], ours: NDArray[np.float32]
) -> Departure | None:
    """Of the first example that is decided otherwise, the first split that it passes the other way."""
    off = np.abs(source.astype(np.float64) - ours).max(axis=1)
    if _decides(model):
        wrong = np.flatnonzero(source.argmax(axis=1) != ours.argmax(axis=1))
    else:
        wrong = np.flatnonzero(off > ERROR * np.abs(source).max())
    if not wrong.size:
        return None
    example = int(wrong[0])
    where = "rounding of the results"
    if isinstance(model, Ensemble):
        where = _parting(model, x[example : example + 1], border) or where
    kind = "FULLY_CONNECTED" if isinstance(model, Linear) else "MLFORGE_TREES"
    return Departure(str(border.dtype), kind, f"example {example}, {where}", float(off[example]))


def _parting(ensemble: Ensemble, x: NDArray[np.float32], border: Border) -> str:
    """Where the walks of one example in floats and in integers part; empty where they do not."""
    given, example = border.quantised(x).astype(np.float32), np.zeros(1, np.int64)
    for number, tree in enumerate(ensemble.trees):
        rounded = replace(tree, thresholds=from_ensemble.integer_thresholds(tree, ensemble.strict, border))
        place = np.array([tree.root])
        while place[0] >= 0:
            way = next_places(tree, x, place, example, ensemble.strict)
            if next_places(rounded, given, place, example, False)[0] != way[0]:
                feature, threshold = int(tree.features[place[0]]), tree.thresholds[place[0]]
                sign = "<" if ensemble.strict else "<="
                return f"tree {number}, feature {feature} = {x[0, feature]:.6g} {sign} {threshold:.6g}"
            place = way
    return ""

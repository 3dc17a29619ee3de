"""Trees of another library as a quantised `.tflite`, compared with what the library's own numbers come to.

Files are read as data, by MLForge itself; the source's results are computed from them in float64. The quantised model's
are those of its C, run on this machine.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.app.import_report import Departure, Imported, ImportReport, agreement
from mlforge.app.vectors import from_bytes, to_bytes
from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.from_ensemble import Border, border_of, graph_of, integer_thresholds
from mlforge.compiler.graph import DType, Graph
from mlforge.compiler.model_kind import ModelKind
from mlforge.compiler.ops.trees import MAX_TREES
from mlforge.compiler.tflite_writer import write_tflite
from mlforge.errors import DataError, ModelError
from mlforge.importing.lightgbm import read_lightgbm
from mlforge.importing.xgboost import read_xgboost
from mlforge.records.ensemble import Ensemble, next_places, results
from mlforge.targets.host import HostTarget

ENOUGH: Final = 0.99  # of the examples: where int8 decides fewer as the source does, int16 is taken
ERROR: Final = 0.02  # of values, relative; beyond it int16 is taken
MAX_BYTES: Final = 32 << 20  # of a file: text takes some 100 bytes a node
_NAMES: Final = {ModelKind.LIGHTGBM: "LightGBM"}


def import_trees(path: Path, kind: ModelKind, data: bytes, x: NDArray[np.float32]) -> Imported:
    """In int8 where that decides as the source does, else in int16. `x`: examples, float32 [N, ...], `features` each.

    Raises:
        ModelError: the file is damaged, or holds more than numeric splits and sums, or the trees are too large.
        DataError: the examples have another number of features.
        BuildError: the host has no C compiler.
    """
    try:
        if len(data) > MAX_BYTES:
            raise ModelError(f"larger than {MAX_BYTES >> 20} MiB")
        ensemble = (read_lightgbm if kind is ModelKind.LIGHTGBM else read_xgboost)(data)
        if len(ensemble.trees) > MAX_TREES:
            raise ModelError(f"it has {len(ensemble.trees)} trees: at most {MAX_TREES}", hint="train fewer trees")
        rows = _rows(ensemble, x)
        source = results(ensemble, rows).astype(np.float32)
        tried = []
        for dtype in (DType.INT8, DType.INT16):
            border = border_of(rows, source.astype(np.float64), dtype)
            graph = graph_of(ensemble, border)
            ours = _computed(graph, rows, border)
            tried.append((border, graph, ours, agreement(source, ours), _error(source, ours)))
            if _is_enough(*tried[-1][3:]):
                break
    except ModelError as error:
        raise ModelError(f"{path}: {error.message}", hint=error.hint) from error
    border, graph, ours, agrees, error_share = tried[-1]
    name = _NAMES.get(kind, "XGBoost")
    report = ImportReport(
        framework=f"{name}: {len(ensemble.trees)} trees, computed in float64",
        converter=_converter(name, border, tried[0][3], tried[0][4]),
        source_shape=tuple(x.shape[1:]),
        input_order=tuple(range(x.ndim - 1)),
        examples=len(rows),
        float_error=0.0,
        int8_error=error_share,
        float_agreement=None if agrees is None else 1.0,
        int8_agreement=agrees,
        departure=_departure(ensemble, rows, border, source, ours),
        engine="",
    )
    return Imported(write_tflite(graph), report)


def _rows(ensemble: Ensemble, x: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = x.reshape(len(x), -1)
    if rows.shape[1] != ensemble.features:
        raise DataError(f"the examples have {rows.shape[1]} features, the trees {ensemble.features}")
    return rows


def _is_enough(agrees: float | None, error: float) -> bool:
    return error <= ERROR if agrees is None else agrees >= ENOUGH


def _converter(name: str, border: Border, agrees: float | None, error: float) -> str:
    if border.dtype is DType.INT8:
        return f"MLForge's reader of {name}, in int8"
    found = f"has an error of {error:.2g}" if agrees is None else f"decides {agrees:.1%} alike"
    return f"MLForge's reader of {name}, in int16: int8 {found}"


def _computed(graph: Graph, x: NDArray[np.float32], border: Border) -> NDArray[np.float32]:
    """The results of the model's C, on this machine: float32 [N, outputs]."""
    compiled = compile_graph(graph, "imported")
    target = HostTarget()
    given = to_bytes((_quantised(x, border),), compiled.inputs, "input")
    (values,) = from_bytes(target.infer(target.build(compiled.program), given).outputs, compiled.outputs)
    output = compiled.outputs[0]
    return np.asarray((values.astype(np.float64) - output.zero_point) * output.scale, np.float32)


def _quantised(x: NDArray[np.float32], border: Border) -> NDArray[np.generic]:
    info = np.iinfo(border.dtype.value)
    values = np.rint(x.astype(np.float64) / border.input.scale) + border.input.zero_point
    return np.asarray(values.clip(info.min, info.max).astype(border.dtype.value))


def _error(source: NDArray[np.float32], ours: NDArray[np.float32]) -> float:
    """The root mean square of the difference, as a share of the source's values."""
    size = float(np.sqrt(np.mean(source.astype(np.float64) ** 2)))
    return float(np.sqrt(np.mean((source.astype(np.float64) - ours) ** 2))) / (size or 1.0)


def _departure(
    ensemble: Ensemble, x: NDArray[np.float32], border: Border, source: NDArray[np.float32], ours: NDArray[np.float32]
) -> Departure | None:
    """Of the first example that is decided otherwise, the first split that it passes the other way."""
    off = np.abs(source.astype(np.float64) - ours).max(axis=1)
    if source.shape[1] > 1:
        wrong = np.flatnonzero(source.argmax(axis=1) != ours.argmax(axis=1))
    else:
        wrong = np.flatnonzero(off > ERROR * np.abs(source).max())
    if not wrong.size:
        return None
    example = int(wrong[0])
    where = _parting(ensemble, x[example : example + 1], border) or "rounding of the results"
    return Departure(str(border.dtype), "MLFORGE_TREES", f"example {example}, {where}", float(off[example]))


def _parting(ensemble: Ensemble, x: NDArray[np.float32], border: Border) -> str:
    """Where the walks of one example in floats and in integers part; empty where they do not."""
    given, example = _quantised(x, border).astype(np.float32), np.zeros(1, np.int64)
    for number, tree in enumerate(ensemble.trees):
        rounded = replace(tree, thresholds=integer_thresholds(tree, ensemble.strict, border))
        place = np.array([tree.root])
        while place[0] >= 0:
            way = next_places(tree, x, place, example, ensemble.strict)
            if next_places(rounded, given, place, example, False)[0] != way[0]:
                feature, threshold = int(tree.features[place[0]]), tree.thresholds[place[0]]
                sign = "<" if ensemble.strict else "<="
                return f"tree {number}, feature {feature} = {x[0, feature]:.6g} {sign} {threshold:.6g}"
            place = way
    return ""

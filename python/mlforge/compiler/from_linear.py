"""From linear models in floats to a quantised graph: a FULLY_CONNECTED, and a SOFTMAX behind classifiers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.border import PROBABILITY, Border, own_border, range_of, scale_of
from mlforge.compiler.fixed_point import INT32_MAX
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor, validate
from mlforge.compiler.lowering import check_graph
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from mlforge.errors import ModelError
from mlforge.records.ensemble import Link
from mlforge.records.linear import Linear, centred, linear_sums

_WEIGHT_MAX: Final = 127
_MARGIN: Final = 0.1  # of a feature's range, on both sides: the field goes further than examples
_MAX_WIDE_BIAS: Final = 1 << 46
_LARGEST_STEP: Final = 2.4  # of sums in front of an int16 SOFTMAX


def own_scales(x: NDArray[np.float32], results: NDArray[np.float64], dtype: DType) -> Border:
    """Floats, each feature with a scale of the range that it has in `x`, and a little more."""
    low, high = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
    margin = _MARGIN * (high - low)
    return own_border(low - margin, high + margin, results, dtype)


def linear_graph(model: Linear, x: NDArray[np.float32], border: Border) -> Graph:
    """The graph: [1, features] to [1, outputs]; `x` are examples, for the range of the sums.

    Raises ModelError where it is too large, or numbers are beyond what quantises.
    """
    model = centred(model)
    tensors, nodes, source = border.begin(model.features)
    scale, weights, bias = border.input.scale, model.coefficients, model.intercepts
    if border.own:
        scale = 1.0
        bias = bias + weights @ border.own.offsets.astype(np.float64)
        weights = weights * border.own.steps.astype(np.float64)
    sums = _sums(linear_sums(model, x), border.dtype, model.link)
    steps = np.abs(weights).max(axis=1) / _WEIGHT_MAX
    steps = np.array([scale_of(max(step, np.abs(weights).max() * 1e-6, 1e-19)) for step in steps])
    at = len(tensors)
    tensors += [
        Tensor(
            "weights",
            weights.shape,
            DType.INT8,
            Quantization(tuple(map(float, steps)), (0,) * len(steps)),
            np.rint(weights / steps[:, None]).astype(np.int8),
        ),
        _bias(bias / (steps * scale), border.dtype),
        Tensor("sums", (1, model.outputs), border.dtype, sums),
    ]
    nodes.append(Node("FULLY_CONNECTED", (source, at, at + 1), (at + 2,), FullyConnectedAttributes()))
    if model.link is Link.SOFTMAX:
        tensors.append(Tensor("probabilities", (1, model.outputs), border.dtype, PROBABILITY[border.dtype]))
        nodes.append(Node("SOFTMAX", (at + 2,), (at + 3,), SoftmaxAttributes(1.0)))
    graph = Graph(tuple(tensors), tuple(nodes), (0,), (len(tensors) - 1,))
    validate(graph)
    check_graph(graph)
    return graph


def _sums(values: NDArray[np.float64], dtype: DType, link: Link) -> Quantization:
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    if dtype is DType.INT8:
        return range_of(low, high)
    scale = scale_of(max(-low, high) / np.iinfo(np.int16).max)
    return Quantization((min(scale, _LARGEST_STEP) if link is Link.SOFTMAX else scale,), (0,))


def _bias(values: NDArray[np.float64], dtype: DType) -> Tensor:
    limit = INT32_MAX if dtype is DType.INT8 else _MAX_WIDE_BIAS
    if (largest := float(np.abs(values).max())) > limit:
        raise ModelError(
            f"an intercept is {largest:.3g} times the smallest step of its sum: at most {limit:.3g}",
            hint="standardise the features before training",
        )
    kind = DType.INT32 if dtype is DType.INT8 else DType.INT64
    return Tensor("bias", values.shape, kind, None, np.rint(values).astype(kind.value))

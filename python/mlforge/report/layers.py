"""An architecture as a list that people read: one row a layer, with the shapes that enter and leave it.

Knows the architecture language only. A design that cannot be built (a failed trial's) is listed up to where it breaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from mlforge.errors import ArchitectureError
from mlforge.records.architecture import (
    Activation,
    Architecture,
    AveragePool,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Head,
    Layer,
    MaxPool,
    Pair,
    Residual,
    SeparableConv,
    Shape,
    Trees,
    output_shape,
    tree_count,
)


@dataclass(frozen=True, slots=True)
class LayerRow:
    depth: int  # 1 inside a residual block
    kind: str
    detail: str
    shape: str  # what leaves the layer
    parameters: int  # weights and biases after batch norm is folded


def shape_text(shape: Shape) -> str:
    """`128 × 1 × 6`."""
    return " × ".join(str(size) for size in shape)


def layer_rows(architecture: Architecture) -> tuple[LayerRow, ...]:
    """Input, each layer, the final dense layer and the head."""
    shape = architecture.input_shape
    rows = [LayerRow(0, "Input", architecture.front_end, shape_text(shape), 0)]
    if architecture.imported:
        return (*rows, LayerRow(0, "Imported", architecture.imported.name, str(architecture.outputs), 0))
    if architecture.trees:
        return (*rows, _trees(architecture, architecture.trees))
    for index, layer in enumerate(architecture.layers):
        try:
            after = output_shape(layer, shape, f"layers[{index}]")
        except ArchitectureError as error:
            return (*rows, LayerRow(0, _kind(layer), f"cannot be built: {error.reason}", "–", 0))
        rows.extend(_rows(layer, shape, after, 0))
        shape = after
    outputs = architecture.outputs
    rows.append(LayerRow(0, "Dense", f"{outputs} units", str(outputs), (prod(shape) + 1) * outputs))
    if architecture.head is Head.SOFTMAX:
        rows.append(LayerRow(0, "Softmax", "class probabilities", str(outputs), 0))
    return tuple(rows)


def _trees(architecture: Architecture, trees: Trees) -> LayerRow:
    """Before they are grown: as many as there may be."""
    count = tree_count(architecture.outputs, architecture.head, trees.rounds)
    detail = f"up to {count}, {trees.growth}, at most {trees.depth} comparisons each"
    return LayerRow(0, "Trees", detail, str(architecture.outputs), 0)


def summary(architecture: Architecture) -> str:
    """One line, such as `Conv 8 · Separable 16 · GlobalAveragePool`, behind the front end where there are several."""
    if architecture.imported:
        return f"imported: {architecture.imported.name}"
    network = " · ".join(_brief(layer) for layer in architecture.layers) or "Dense only"
    return f"{architecture.front_end}: {network}" if architecture.front_end else network


def _rows(layer: Layer, before: Shape, after: Shape, depth: int) -> list[LayerRow]:
    row = LayerRow(depth, _kind(layer), _detail(layer), shape_text(after), _parameters(layer, before))
    if not isinstance(layer, Residual):
        return [row]
    rows = [row]
    for step in layer.body:
        inner = output_shape(step, before)
        rows.extend(_rows(step, before, inner, depth + 1))
        before = inner
    return rows


def _kind(layer: Layer) -> str:
    return type(layer).__name__


def _brief(layer: Layer) -> str:
    match layer:
        case Conv() | SeparableConv():
            return f"{_kind(layer)} {layer.filters}"
        case Dense():
            return f"Dense {layer.units}"
        case Residual():
            return f"Residual({', '.join(_brief(step) for step in layer.body)})"
        case Trees():
            return f"Trees {layer.rounds} × depth {layer.depth}, {layer.growth}"
        case _:
            return _kind(layer)


def _detail(layer: Layer) -> str:
    match layer:
        case Conv() | SeparableConv():
            return _join(f"{layer.filters} filters", _window(layer.kernel, layer.stride), layer.padding, *_after(layer))
        case DepthwiseConv():
            multiplier = f"multiplier {layer.multiplier}" if layer.multiplier != 1 else ""
            return _join(multiplier, _window(layer.kernel, layer.stride), layer.padding, *_after(layer))
        case Dense():
            return _join(f"{layer.units} units", _activation(layer.activation))
        case MaxPool() | AveragePool():
            return _join(_window(layer.size, layer.stride), layer.padding)
        case GlobalAveragePool():
            return "over height and width"
        case Dropout():
            return f"rate {layer.rate:g}, in training only"
        case Residual():
            return _join("adds its input to what follows", _activation(layer.activation))
        case Trees():
            return f"{layer.growth}, at most {layer.depth} comparisons each"


def _after(layer: Conv | DepthwiseConv | SeparableConv) -> tuple[str, str]:
    return "batch norm folded" if layer.batch_norm else "", _activation(layer.activation)


def _activation(activation: Activation) -> str:
    return {Activation.NONE: "", Activation.RELU: "ReLU", Activation.RELU6: "ReLU6"}[activation]


def _window(size: Pair, stride: Pair) -> str:
    text = f"{size[0]}×{size[1]}"
    return text if stride == (1, 1) else f"{text}, stride {stride[0]}×{stride[1]}"


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _parameters(layer: Layer, before: Shape) -> int:
    match layer:
        case Conv():
            return (prod(layer.kernel) * before[2] + 1) * layer.filters
        case DepthwiseConv():
            return (prod(layer.kernel) + 1) * before[2] * layer.multiplier
        case SeparableConv():
            return (prod(layer.kernel) + 1) * before[2] + (before[2] + 1) * layer.filters
        case Dense():
            return (prod(before) + 1) * layer.units
        case _:
            return 0

"""The architecture language: a network design as data, typed, hashed and validated, with no executable code.

An `Architecture` says what is computed, never how it is trained or placed. Shapes are channels-last without the batch:
`(length, 1, channels)` for a 1-D signal, `(height, width, channels)` for a picture, `(features,)` for a plain vector.
A 1-D convolution is a `Conv` with kernel `(k, 1)`. Batch norm is folded into the convolution before quantisation, so it
costs nothing on the target; dropout exists in training only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from typing import Final, TypeAlias

from mlforge.errors import ArchitectureError
from mlforge.records.serial import OMIT_IF_DEFAULT, new_converter, structure

Shape: TypeAlias = tuple[int, ...]
Pair: TypeAlias = tuple[int, int]

MAX_ELEMENTS: Final = 1 << 24  # of one activation or one weight tensor; beyond any microcontroller
MAX_LAYERS: Final = 256
MAX_TREES: Final = 4096  # what the operator of trees holds, as the three below
MAX_DEPTH: Final = 12
MAX_LEAVES: Final = 32767
MAX_FEATURES: Final = 65535


class Padding(StrEnum):
    SAME = "same"
    VALID = "valid"


class Activation(StrEnum):
    """Fused into the layer that it belongs to; there are no stand-alone activations."""

    NONE = "none"
    RELU = "relu"
    RELU6 = "relu6"


class Head(StrEnum):
    """What stands behind the last layer."""

    SOFTMAX = "softmax"  # class probabilities
    LINEAR = "linear"  # regression values, or an autoencoder's reconstruction


@dataclass(frozen=True, slots=True)
class Conv:
    filters: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = Padding.SAME
    activation: Activation = Activation.RELU
    batch_norm: bool = True


@dataclass(frozen=True, slots=True)
class DepthwiseConv:
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = Padding.SAME
    activation: Activation = Activation.RELU
    batch_norm: bool = True
    multiplier: int = 1


@dataclass(frozen=True, slots=True)
class SeparableConv:
    """A `DepthwiseConv` and a 1x1 `Conv`, each with the batch norm and activation given here."""

    filters: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = Padding.SAME
    activation: Activation = Activation.RELU
    batch_norm: bool = True


@dataclass(frozen=True, slots=True)
class Dense:
    """Flattens its input first where that is not a vector."""

    units: int
    activation: Activation = Activation.RELU


@dataclass(frozen=True, slots=True)
class MaxPool:
    size: Pair
    stride: Pair
    padding: Padding = Padding.VALID


@dataclass(frozen=True, slots=True)
class AveragePool:
    size: Pair
    stride: Pair
    padding: Padding = Padding.VALID


@dataclass(frozen=True, slots=True)
class GlobalAveragePool:
    """Averages over height and width; its output is a vector of the channels."""


@dataclass(frozen=True, slots=True)
class Dropout:
    rate: float


@dataclass(frozen=True, slots=True)
class Residual:
    """Adds the body's output to its input, then applies `activation`. The shapes must agree."""

    body: tuple[Conv | DepthwiseConv | SeparableConv, ...]
    activation: Activation = Activation.RELU


class Growth(StrEnum):
    BOOSTED = "boosted"  # each tree corrects those before it
    FOREST = "forest"  # each sees other examples and features, and all are averaged


@dataclass(frozen=True, slots=True)
class Trees:
    """Decision trees on the flattened input. They stand alone: no layer before or behind them is there or implied.

    `rounds` trees for each output, or for both of two classes, of up to 2^`depth` leaves. Training may leave fewer and
    smaller ones.
    """

    growth: Growth
    rounds: int
    depth: int


Convolution: TypeAlias = Conv | DepthwiseConv | SeparableConv
Layer: TypeAlias = (
    Conv
    | DepthwiseConv
    | SeparableConv
    | Dense
    | MaxPool
    | AveragePool
    | GlobalAveragePool
    | Dropout
    | Residual
    | Trees
)

_CONVERTER: Final = new_converter(Convolution, Layer)


@dataclass(frozen=True, slots=True)
class Imported:
    """A model from elsewhere, trained already: the SHA-256 of two artefacts of the study, its `.tflite` and the float
    model that it is from. `name` is that of its file, to be shown."""

    int8: str
    floats: str
    name: str


@dataclass(frozen=True, slots=True)
class Architecture:
    """One design. The last layer, a `Dense` of `outputs` units without activation, and the head are implied, but for
    `Trees`, which are the only layer and give the head's results themselves."""

    input_shape: Shape
    layers: tuple[Layer, ...]
    outputs: int
    head: Head
    # Which of the contract's front ends makes its input: empty, and not written down, where there is one.
    front_end: str = field(default="", metadata=OMIT_IF_DEFAULT)
    # In place of layers and head; None, and not written down, for what a search proposes.
    imported: Imported | None = field(default=None, metadata=OMIT_IF_DEFAULT)

    @property
    def id(self) -> str:
        """16 hex digits of the SHA-256 of the canonical JSON: equal designs have equal ids."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    @property
    def trees(self) -> Trees | None:
        """The trees that it consists of; None for a network."""
        first = self.layers[0] if len(self.layers) == 1 else None
        return first if isinstance(first, Trees) else None

    def to_json(self) -> str:
        return json.dumps(_CONVERTER.unstructure(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Architecture:
        """Reads and validates. Raises ArchitectureError for anything that is not a buildable architecture."""
        try:
            architecture = structure(_CONVERTER, json.loads(text), cls)
        except (ValueError, RecursionError) as error:
            raise ArchitectureError("", f"not an architecture: {error}") from error
        validate(architecture)
        return architecture


def validate(architecture: Architecture) -> Shape:
    """Checks that each layer can be built on the one before it. Returns the shape that enters the final dense layer, or
    the trees.

    Raises:
        ArchitectureError: with the layer's path and the reason.
    """
    shape = architecture.input_shape
    if len(shape) not in (1, 3) or any(size < 1 for size in shape) or prod(shape) > MAX_ELEMENTS:
        raise ArchitectureError(
            "input_shape", f"{shape}: expected (features,) or (height, width, channels), all at least 1"
        )
    if architecture.outputs < 1 or (architecture.head is Head.SOFTMAX and architecture.outputs < 2):
        raise ArchitectureError("outputs", f"{architecture.outputs}: too few for a {architecture.head} head")
    if len(architecture.layers) > MAX_LAYERS:
        raise ArchitectureError("layers", f"{len(architecture.layers)} layers: at most {MAX_LAYERS}")
    if architecture.imported:
        if architecture.layers:
            raise ArchitectureError("layers", "an imported model stands alone: no layer may be beside it")
        return shape
    if architecture.trees:
        _check_trees(architecture, architecture.trees)
        return shape
    for index, layer in enumerate(architecture.layers):
        shape = output_shape(layer, shape, f"layers[{index}]")
    if prod(shape) * architecture.outputs > MAX_ELEMENTS:
        raise ArchitectureError("outputs", "the final dense layer has too many weights")
    return shape


def tree_count(outputs: int, head: Head, rounds: int) -> int:
    """How many trees so many rounds grow: one for each output, but one alone for two classes."""
    return rounds * (1 if head is Head.SOFTMAX and outputs == 2 else outputs)


def _check_trees(architecture: Architecture, trees: Trees) -> None:
    _positive("layers[0]", rounds=trees.rounds, depth=trees.depth)
    count = tree_count(architecture.outputs, architecture.head, trees.rounds)
    if architecture.head is Head.LINEAR and architecture.outputs > 1:
        raise ArchitectureError("layers[0]", f"trees for {architecture.outputs} values: they give one, or classes")
    if trees.depth > MAX_DEPTH or count > MAX_TREES or count << trees.depth > MAX_LEAVES:
        found = f"{count} trees of depth {trees.depth}"
        most = f"at most {MAX_TREES} trees, depth {MAX_DEPTH} and {MAX_LEAVES} leaves in all"
        raise ArchitectureError("layers[0]", f"{found}: {most}")
    if prod(architecture.input_shape) > MAX_FEATURES:
        found = f"trees on {prod(architecture.input_shape)} features"
        raise ArchitectureError("input_shape", f"{found}: at most {MAX_FEATURES}")


def output_shape(layer: Layer, shape: Shape, path: str = "layer") -> Shape:
    """The shape that `layer` makes of `shape`. Raises ArchitectureError where it cannot be built."""
    match layer:
        case Conv():
            _positive(path, filters=layer.filters)
            result: Shape = (*_slide(path, shape, layer.kernel, layer.stride, layer.padding), layer.filters)
            weights = prod(layer.kernel) * shape[2] * layer.filters
        case DepthwiseConv():
            _positive(path, multiplier=layer.multiplier)
            result = (*_slide(path, shape, layer.kernel, layer.stride, layer.padding), shape[2] * layer.multiplier)
            _one_stride(path, layer.stride, shape)
            weights = prod(layer.kernel) * result[2]
        case SeparableConv():
            _positive(path, filters=layer.filters)
            result = (*_slide(path, shape, layer.kernel, layer.stride, layer.padding), layer.filters)
            _one_stride(path, layer.stride, shape)
            weights = shape[2] * max(prod(layer.kernel), layer.filters)
        case Dense():
            _positive(path, units=layer.units)
            result, weights = (layer.units,), prod(shape) * layer.units
        case MaxPool() | AveragePool():
            result, weights = (*_slide(path, shape, layer.size, layer.stride, layer.padding), shape[-1]), 0
        case GlobalAveragePool():
            if len(shape) != 3:
                raise ArchitectureError(path, f"global pooling needs (height, width, channels), got {shape}")
            result, weights = (shape[2],), 0
        case Dropout():
            if not 0.0 <= layer.rate < 1.0:
                raise ArchitectureError(path, f"dropout rate {layer.rate}: expected 0 up to, not including, 1")
            result, weights = shape, 0
        case Residual():
            result, weights = _residual_shape(path, layer, shape), 0
        case Trees():
            raise ArchitectureError(path, "trees stand alone: no other layer may be beside them")
    if prod(result) > MAX_ELEMENTS or weights > MAX_ELEMENTS:
        raise ArchitectureError(path, f"a tensor of over {MAX_ELEMENTS} elements")
    return result


def _residual_shape(path: str, layer: Residual, shape: Shape) -> Shape:
    if not layer.body:
        raise ArchitectureError(path, "a residual block without layers")
    inner = shape
    for index, step in enumerate(layer.body):
        inner = output_shape(step, inner, f"{path}.body[{index}]")
    if inner != shape:
        raise ArchitectureError(path, f"the body makes {inner} of {shape}; they must agree to be added")
    return shape


def _slide(path: str, shape: Shape, kernel: Pair, stride: Pair, padding: Padding) -> Pair:
    """Height and width behind a sliding window (TensorFlow's rules for SAME and VALID)."""
    if len(shape) != 3:
        raise ArchitectureError(path, f"needs (height, width, channels), got {shape}")
    _positive(path, kernel_height=kernel[0], kernel_width=kernel[1], stride_height=stride[0], stride_width=stride[1])
    sizes = []
    for axis, (size, k, s) in enumerate(zip(shape[:2], kernel, stride, strict=True)):
        if padding is Padding.VALID and k > size:
            raise ArchitectureError(
                path, f"a window of {k} does not fit into {size} ({'height' if axis == 0 else 'width'})"
            )
        if k > 4 * size:
            raise ArchitectureError(path, f"a window of {k} over {size} would be padding almost everywhere")
        sizes.append(-(-size // s) if padding is Padding.SAME else (size - k) // s + 1)
    return sizes[0], sizes[1]


def _one_stride(path: str, stride: Pair, shape: Shape) -> None:
    """TensorFlow's depthwise convolution has one stride for both axes; it means nothing along an axis of one step."""
    if stride[0] != stride[1] and 1 not in shape[:2]:
        raise ArchitectureError(path, f"a depthwise stride of {stride}: both axes must have the same")


def _positive(path: str, **values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise ArchitectureError(path, f"{name.replace('_', ' ')} is {value}: expected at least 1")

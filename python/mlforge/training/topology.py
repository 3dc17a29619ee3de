"""Which weights write and read which channels of an architecture: what equalisation and pruning must agree on.

Walks an Architecture as `build.build` does and names the same Keras layers. Knows shapes only; imports no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.records.architecture import (
    Activation,
    Architecture,
    Conv,
    Convolution,
    Dense,
    DepthwiseConv,
    Layer,
    Residual,
    SeparableConv,
    Shape,
    output_shape,
)

Indices: TypeAlias = NDArray[np.int64]

OUTPUTS = "outputs"  # the name of the last layer
INPUT_UNITS = 0  # the set of units that the network's input is made of


class Kind(StrEnum):
    CONV = "conv"  # kernel [height, width, in, out]
    DEPTHWISE = "depthwise"  # kernel [height, width, in, multiplier]
    DENSE = "dense"  # kernel [in, out]


@dataclass(frozen=True, slots=True)
class Carrier:
    """The channels of one activation: channel c, flattened or not, belongs to unit `c % channels // repeat` of the set
    `units`. `producer` is the linear layer whose output this is, unless an addition or the input stands between."""

    units: int
    channels: int
    repeat: int = 1
    producer: int | None = None


@dataclass(frozen=True, slots=True)
class Linear:
    """One layer with weights. `name` is its Keras layer's, `norm` that of the batch norm behind it, or empty."""

    name: str
    kind: Kind
    norm: str
    activation: Activation
    source: Carrier
    target: Carrier
    inputs: int  # along the kernel's input axis; a multiple of the channels where it is flattened

    @property
    def source_units(self) -> Indices:
        """The unit of each position along the kernel's input axis."""
        return np.arange(self.inputs) % self.source.channels // self.source.repeat

    @property
    def target_units(self) -> Indices:
        """The unit of each output channel."""
        return np.arange(self.target.channels) // self.target.repeat


@dataclass(frozen=True, slots=True)
class Topology:
    """`sizes` holds the number of units by set; `fixed` the sets that must stay as they are: the network's input and
    output. `readers` says for each linear layer how often its output is read, additions included."""

    linears: tuple[Linear, ...]
    sizes: dict[int, int]
    fixed: frozenset[int]
    readers: tuple[int, ...]

    def pairs(self) -> Iterator[tuple[Linear, Linear]]:
        """Layers whose output one other layer alone reads, with nothing but pools, dropout and ReLU between."""
        for later in self.linears:
            earlier = later.source.producer
            if earlier is not None and self.readers[earlier] == 1:
                yield self.linears[earlier], later


def topology(architecture: Architecture) -> Topology:
    """Raises ArchitectureError where the architecture cannot be built."""
    walk = _Walk(architecture.input_shape)
    carrier = Carrier(INPUT_UNITS, architecture.input_shape[-1])
    shape = architecture.input_shape
    for index, layer in enumerate(architecture.layers):
        carrier = walk.layer(layer, carrier, shape, f"l{index}")
        shape = output_shape(layer, shape)
    last = walk.dense(OUTPUTS, architecture.outputs, Activation.NONE, carrier, shape)
    walk.fixed.add(last.units)
    return walk.finished()


class _Walk:
    """Collects layers; sets of units that an addition forces to agree are merged at the end."""

    def __init__(self, input_shape: Shape) -> None:
        self.linears: list[Linear] = []
        self.sizes = {INPUT_UNITS: input_shape[-1]}
        self.fixed = {INPUT_UNITS}
        self.merged: dict[int, int] = {}
        self.reads: dict[int, int] = {}

    def layer(self, layer: Layer, source: Carrier, shape: Shape, name: str) -> Carrier:
        match layer:
            case Conv() | DepthwiseConv() | SeparableConv():
                return self.convolution(layer, source, name)
            case Dense():
                return self.dense(f"{name}_dense", layer.units, layer.activation, source, shape)
            case Residual():
                return self.residual(layer, source, name)
            case _:
                return source

    def convolution(self, layer: Convolution, source: Carrier, name: str) -> Carrier:
        """As `build` names them: `NAME_conv`, `NAME_depthwise`, `NAME_pointwise`, and the norms behind them."""
        norm = layer.batch_norm
        match layer:
            case Conv():
                return self.conv(f"{name}_conv", layer.filters, f"{name}_norm" if norm else "", layer, source)
            case DepthwiseConv():
                normed = f"{name}_norm" if norm else ""
                return self.depthwise(f"{name}_depthwise", layer.multiplier, normed, layer, source)
            case SeparableConv():
                first, second = f"{name}_depthwise", f"{name}_pointwise"
                between = self.depthwise(first, 1, f"{first}_norm" if norm else "", layer, source)
                return self.conv(second, layer.filters, f"{second}_norm" if norm else "", layer, between)

    def conv(self, name: str, filters: int, norm: str, layer: Convolution, source: Carrier) -> Carrier:
        target = Carrier(self.new_set(filters), filters, producer=len(self.linears))
        return self.add(Linear(name, Kind.CONV, norm, layer.activation, source, target, source.channels))

    def depthwise(self, name: str, multiplier: int, norm: str, layer: Convolution, source: Carrier) -> Carrier:
        channels, repeat = source.channels * multiplier, source.repeat * multiplier
        target = Carrier(source.units, channels, repeat, producer=len(self.linears))
        return self.add(Linear(name, Kind.DEPTHWISE, norm, layer.activation, source, target, source.channels))

    def dense(self, name: str, units: int, activation: Activation, source: Carrier, shape: Shape) -> Carrier:
        target = Carrier(self.new_set(units), units, producer=len(self.linears))
        inputs = int(np.prod(shape))
        return self.add(Linear(name, Kind.DENSE, "", activation, source, target, inputs))

    def residual(self, layer: Residual, source: Carrier, name: str) -> Carrier:
        inner = source
        for index, step in enumerate(layer.body):
            inner = self.convolution(step, inner, f"{name}_{index}")
        self.read(source)
        self.read(inner)
        one, other = self.root(source.units), self.root(inner.units)
        if source.repeat != inner.repeat:
            self.fixed |= {one, other}
        elif one != other:
            self.merged[max(one, other)] = min(one, other)
        return Carrier(source.units, source.channels, source.repeat)

    def new_set(self, size: int) -> int:
        self.sizes[len(self.sizes)] = size
        return len(self.sizes) - 1

    def add(self, linear: Linear) -> Carrier:
        self.read(linear.source)
        self.linears.append(linear)
        return linear.target

    def read(self, carrier: Carrier) -> None:
        if carrier.producer is not None:
            self.reads[carrier.producer] = self.reads.get(carrier.producer, 0) + 1

    def root(self, units: int) -> int:
        while units in self.merged:
            units = self.merged[units]
        return units

    def finished(self) -> Topology:
        def settled(carrier: Carrier) -> Carrier:
            return Carrier(self.root(carrier.units), carrier.channels, carrier.repeat, carrier.producer)

        linears = tuple(
            Linear(one.name, one.kind, one.norm, one.activation, settled(one.source), settled(one.target), one.inputs)
            for one in self.linears
        )
        sizes = {units: size for units, size in self.sizes.items() if self.root(units) == units}
        readers = tuple(self.reads.get(index, 0) for index in range(len(linears)))
        return Topology(linears, sizes, frozenset(self.root(units) for units in self.fixed), readers)

"""Random networks over time, and what a stream of columns makes of them: whole window after whole window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import Activation
from mlforge.compiler.graph import Graph, Node
from mlforge.compiler.ops.pad import PadAttributes
from mlforge.compiler.ops.shared.reduction import ReduceAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes, slide
from mlforge.compiler.ops.slice import SliceAttributes
from tests.oracle.graphs import Network
from tests.unit.compiler.cases import Maker

_MOST = 6  # columns and channels of a layer


class OverTime(Network):
    """Windows that are VALID along time, or causal where their zeros are cut away again."""

    def __init__(self, seed: int, paddings: tuple[Padding, ...]) -> None:
        self.paddings = paddings
        super().__init__(seed)
        self.maker = Maker(seed)
        self.random = self.maker.random
        shape = (1, self.random.randint(12, 40), self.random.choice([1, 1, 3, 4]), self.random.randint(1, _MOST))
        before = Network(seed)
        self.last = self.maker.activation(shape, before.maker.quantization(before.last))
        self.source = self.last
        self.nodes: list[Node] = []
        self.seen = [self.last]

    def window(self) -> tuple[WindowAttributes, tuple[int, int], tuple[int, int]]:
        while True:
            kernel = (self.random.randint(1, 5), self.random.randint(1, 3))
            attributes = WindowAttributes(
                (self.random.choice([1, 1, 1, 2, 3]), self.random.choice([1, 1, 2])),
                self.random.choice(self.paddings),
                (1, 1),
                self.random.choice([Activation.NONE, Activation.RELU]),
            )
            sizes = [slide(self.shape[1 + i], kernel[i], attributes.stride[i], 1, attributes, i)[0] for i in (0, 1)]
            if min(sizes) > 0:
                return attributes, kernel, (sizes[0], sizes[1])

    def dilated(self) -> None:
        """Causal, as converters write it: zeros in front, a dilated window behind."""
        kernel, dilation = self.random.randint(2, 3), self.random.randint(1, 3)
        edges = [(0, 0), ((kernel - 1) * dilation, 0), (0, 0), (0, 0)]
        shape = self.shape
        longer = (1, shape[1] + edges[1][0], *shape[2:])
        self.put("PAD", [self.last, self.maker.integers(edges)], longer, PadAttributes())
        filters = self.random.randint(1, _MOST)
        weights, scale = self.weights((filters, kernel, 1, shape[3]), 0, kernel * shape[3])
        attributes = WindowAttributes((1, 1), Padding.VALID, (dilation, 1), Activation.RELU)
        self.put("CONV_2D", [self.last, *weights], (*shape[:3], filters), attributes, scale)

    def crop(self) -> None:
        """Some columns less, in front or behind."""
        shape = self.shape
        start = self.random.randint(0, min(3, shape[1] - 1))
        count = self.random.randint(1, shape[1] - start)
        begin, size = [0, start, 0, 0], [1, count, *shape[2:]]
        self.put(
            "SLICE", [self.last, self.maker.integers(begin), self.maker.integers(size)], tuple(size), SliceAttributes()
        )

    def last_columns(self) -> None:
        shape = self.shape
        count = self.random.randint(1, 3)
        if count < shape[1]:
            begin, size = [0, shape[1] - count, 0, 0], [1, count, *shape[2:]]
            indices = [self.maker.integers(begin), self.maker.integers(size)]
            self.put("SLICE", [self.last, *indices], tuple(size), SliceAttributes())

    def mean(self) -> None:
        shape = (1, self.shape[3])
        self.put("MEAN", [self.last, self.maker.integers([1, 2])], shape, ReduceAttributes(False), 1 / 40)


LAYERS = (
    Network.conv_2d,
    Network.conv_2d,
    Network.depthwise,
    Network.pool,
    Network.pair,
    Network.unary,
    Network.concatenation,
    OverTime.dilated,
    OverTime.crop,
)


def over_time(seed: int, paddings: tuple[Padding, ...] = (Padding.VALID,)) -> Graph:
    made = OverTime(seed, paddings)
    for _ in range(made.random.randint(1, 6)):
        if made.shape[1] > 1 and made.shape[3] < 20:
            made.random.choice(LAYERS)(made)
    end = made.random.randrange(4)
    if end == 0:
        made.last_columns()
    if end == 1:
        made.mean()
    elif end < 3:
        made.head()
    return made.graph()


def windows_of(stream: NDArray[np.generic], window: int, hop: int) -> NDArray[np.generic]:
    """[pushes, window, ...]: all whole windows of the columns [n, ...] that end where a push does."""
    ends = range(hop, len(stream) + 1, hop)
    return np.stack([stream[end - window : end] for end in ends if end >= window])

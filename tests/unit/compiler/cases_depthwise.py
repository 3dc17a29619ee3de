"""Random DEPTHWISE_CONV_2D graphs with numbers as a trained model has them, so that special kernels accept them.

The shapes are those that tell such kernels apart: 3x3 and long rows of taps, borders that overlap, widths around
multiples of four, odd numbers of channels, and pictures of which scratch holds only a band.
"""

from __future__ import annotations

import numpy as np

from mlforge.compiler.fixed_point import Activation, float32
from mlforge.compiler.graph import DType, Graph, Quantization, Tensor
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes, slide
from tests.unit.compiler.cases import Maker

Sizes = tuple[int, int]


def depthwise(m: Maker) -> Graph:
    """One graph of any of the shapes above."""
    r = m.random
    match r.randrange(6):
        case 0 | 1:  # 3x3, often with padding on all sides
            stride = r.choice([(1, 1), (1, 1), (2, 2), (1, 2), (2, 1), (3, 3)])
            return graph(m, (r.randint(1, 15), r.randint(1, 15)), (3, 3), stride, r.choice([(1, 1), (1, 1), (2, 1)]))
        case 2:  # a signal
            length, taps = r.randint(1, 60), r.choice([3, 5, 7, 9, 2, 16])
            sizes, kernel = ((length, 1), (taps, 1)) if r.random() < 0.5 else ((1, length), (1, taps))
            return graph(m, sizes, kernel, (r.choice([1, 1, 2, 3]),) * 2, (r.choice([1, 1, 2, 5]),) * 2)
        case 3:  # several bands
            stride = r.choice([(1, 1), (2, 2), (3, 1), (4, 4)])
            kernel = r.choice([(3, 3), (3, 3), (5, 3), (2, 6)])
            return graph(m, (r.randint(25, 45), r.randint(25, 45)), kernel, stride, (1, 1), r.randint(3, 9))
        case _:
            kernel = (r.randint(1, 6), r.randint(1, 6))
            stride, dilation = (r.randint(1, 4), r.randint(1, 4)), (r.randint(1, 3), r.randint(1, 3))
            return graph(m, (r.randint(1, 12), r.randint(1, 12)), kernel, stride, dilation)


def graph(
    m: Maker,
    sizes: Sizes,
    kernel: Sizes,
    stride: Sizes,
    dilation: Sizes = (1, 1),
    channels: int = 0,
    multiplier: int = 1,
    pictures: int = 1,
) -> Graph:
    """`channels` 0: any number."""
    channels = channels or m.random.choice([1, 2, 3, 4, 5, 7, 8, 12, 13])
    attributes = WindowAttributes(stride, m.random.choice(list(Padding)), dilation, m.fused())
    if min(_outputs(sizes, kernel, attributes)) < 1:
        attributes = WindowAttributes(stride, Padding.SAME, dilation, m.fused())
    height, width = _outputs(sizes, kernel, attributes)
    source = m.activation((pictures, *sizes, channels))
    outputs = channels * multiplier
    weights = m.weights((1, *kernel, outputs), m.random.choice([3, None]))
    bias = m.numbers.integers(-9000, 9000, outputs).astype(np.int32)
    inputs = [source, weights, m.add(Tensor("b", (outputs,), DType.INT32, None, bias))]
    step = max(m.quantization(weights).scales) * m.quantization(source).scale
    scale = float32(step * 127 * 6 * (kernel[0] * kernel[1]) ** 0.5)
    zero_point = -128 if attributes.activation is Activation.RELU else m.zero_point()
    output = m.activation((pictures, height, width, outputs), Quantization((scale,), (zero_point,)))
    return m.graph("DEPTHWISE_CONV_2D", inputs, output, attributes)


def _outputs(sizes: Sizes, kernel: Sizes, attributes: WindowAttributes) -> Sizes:
    height, width = (
        slide(sizes[i], kernel[i], attributes.stride[i], attributes.dilation[i], attributes, i)[0] for i in (0, 1)
    )
    return height, width

"""Random graphs of the signal library's operators. States are inputs that no file has, the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mlforge.compiler.graph import DType, Graph, Shape, Tensor
from mlforge.compiler.ops import REMEMBERING
from mlforge.compiler.ops.signal.operator import INT16_TYPE, INT32_TYPE, SignalAttributes, with_states
from tests.unit.compiler.cases import Maker

SHARE = 1 << 14


def signal(m: Maker, dtype: DType, *shape: int) -> int:
    return m.add(Tensor(f"s{len(m.tensors)}", shape, dtype))


def constant(m: Maker, values: Sequence[int] | np.ndarray) -> int:
    data = np.array(values, np.int16)
    return m.add(Tensor(f"c{len(m.tensors)}", data.shape, DType.INT16, None, data))


def graph(m: Maker, kind: str, inputs: list[int], outputs: list[int], **options: int) -> Graph:
    made = m.graph(kind, inputs, outputs[0], SignalAttributes(tuple(sorted(options.items()))))
    node = type(made.nodes[0])(kind, tuple(inputs), tuple(outputs), made.nodes[0].attributes)
    return with_states(Graph(made.tensors, (node,), made.inputs, tuple(outputs)), REMEMBERING)


def outer(m: Maker) -> Shape:
    return tuple(m.random.choice([1, 2, 3]) for _ in range(m.random.choice([0, 0, 1, 2])))


def window(m: Maker) -> Graph:
    size = m.random.randint(1, 40)
    shape = (*outer(m), size)
    weights = constant(m, m.numbers.integers(-(1 << 15), 1 << 15, size))
    ends = [signal(m, DType.INT16, *shape) for _ in range(2)]
    return graph(m, "SignalWindow", [ends[0], weights], ends[1:], shift=m.random.choice([0, 12, 12, 15, 31]))


def scale(m: Maker) -> Graph:
    size = m.random.randint(1, 300)
    ends = [signal(m, DType.INT16, size), signal(m, DType.INT16, size), signal(m, DType.INT32)]
    return graph(m, "SignalFftAutoScale", ends[:1], ends[1:])


def of_transform(m: Maker) -> tuple[DType, int]:
    """The type of samples, and T."""
    return m.random.choice([(DType.INT16, INT16_TYPE), (DType.INT16, INT16_TYPE), (DType.INT32, INT32_TYPE)])


def rfft(m: Maker) -> Graph:
    length = 1 << m.random.choice([3, 4, 5, 6, 7, 8, 9])
    size, rows = m.random.choice([length, m.random.randint(1, length)]), outer(m) if length < 512 else ()
    dtype, kind = of_transform(m)
    ends = [signal(m, dtype, *rows, size), signal(m, dtype, *rows, length + 2)]
    return graph(m, "SignalRfft", ends[:1], ends[1:], T=kind, fft_length=length)


def irfft(m: Maker) -> Graph:
    length = 1 << m.random.choice([3, 4, 5, 6, 7, 8, 9])
    rows = outer(m) if length < 512 else ()
    dtype, kind = of_transform(m)
    ends = [signal(m, dtype, *rows, length + 2), signal(m, dtype, *rows, length)]
    return graph(m, "SignalIrfft", ends[:1], ends[1:], T=kind, fft_length=length)


def energy(m: Maker) -> Graph:
    bins = m.random.randint(1, 100)
    count = m.random.choice([bins, m.random.randint(1, bins)])
    start, end = (0, count) if m.random.random() < 0.6 else sorted(m.random.randint(0, count) for _ in range(2))
    ends = [signal(m, DType.INT16, 2 * bins), signal(m, DType.UINT32, count)]
    return graph(m, "SignalEnergy", ends[:1], ends[1:], start_index=start, end_index=end)


def filter_bank(m: Maker) -> Graph:
    channels, bins = m.random.randint(1, 20), m.random.randint(4, 60)
    starts = [m.random.randint(0, bins - 1) for _ in range(channels + 1)]
    widths = [m.random.choice([0, -1, m.random.randint(1, bins - start)]) for start in starts]
    offsets = [sum(max(width, 0) for width in widths[:at]) for at in range(channels + 1)]
    total = max(1, sum(max(width, 0) for width in widths))
    source, result = signal(m, DType.UINT32, bins), signal(m, DType.UINT64, channels)
    tables = [m.numbers.integers(low, 1 << 15, total) for low in (0, -(1 << 15))]
    inputs = [constant(m, one) for one in (*tables, *(np.array(one) for one in (starts, offsets, widths)))]
    return graph(m, "SignalFilterBank", [source, *inputs], [result], num_channels=channels)


def roots(m: Maker) -> Graph:
    count = m.random.randint(1, 50)
    ends = [signal(m, DType.UINT64, count), signal(m, DType.INT32), signal(m, DType.UINT32, count)]
    return graph(m, "SignalFilterBankSquareRoot", ends[:2], ends[2:])


def subtraction(m: Maker) -> Graph:
    count = m.random.randint(1, 50)
    smoothing, alternate = (m.random.randint(0, SHARE) for _ in range(2))
    ends = [signal(m, DType.UINT32, count) for _ in range(3)]
    return graph(
        m,
        "SignalFilterBankSpectralSubtraction",
        ends[:1],
        ends[1:],
        num_channels=count,
        smoothing=smoothing,
        one_minus_smoothing=SHARE - smoothing,
        alternate_smoothing=alternate,
        alternate_one_minus_smoothing=SHARE - alternate,
        min_signal_remaining=m.random.randint(0, SHARE),
        clamping=m.random.randint(0, 1),
        smoothing_bits=m.random.choice([0, 10, 10, 31]),
        spectral_subtraction_bits=m.random.choice([14, 14, 10]),
    )


def pcan(m: Maker) -> Graph:
    count = m.random.randint(1, 50)
    gains = constant(m, m.numbers.integers(-(1 << 15), 1 << 15, m.random.choice([125, 130])))
    ends = [signal(m, DType.UINT32, count) for _ in range(3)]
    return graph(m, "SignalPCAN", [*ends[:2], gains], ends[2:], snr_shift=m.random.choice([0, 6, 6, 40]))


def logarithms(m: Maker) -> Graph:
    count = m.random.randint(1, 50)
    ends = [signal(m, DType.UINT32, count), signal(m, DType.INT16, count)]
    bits, factor = m.random.choice([0, 3, 31]), m.random.choice([0, 64, 1600, (1 << 31) - 1])
    return graph(m, "SignalFilterBankLog", ends[:1], ends[1:], input_correction_bits=bits, output_scale=factor)


def framer(m: Maker) -> Graph:
    step, frames, rows = m.random.randint(1, 9), m.random.randint(1, 3), outer(m)
    size, prefill = m.random.randint(1, 30), m.random.randint(0, 1)
    size = max(size, step) if prefill else size
    ends = [
        signal(m, DType.INT16, *rows, frames * step),
        signal(m, DType.INT16, *rows, frames, size),
        signal(m, DType.BOOL),
    ]
    return graph(m, "SignalFramer", ends[:1], ends[1:], frame_size=size, frame_step=step, prefill=prefill)


def stacker(m: Maker) -> Graph:
    channels, left, right = m.random.randint(1, 9), m.random.randint(0, 3), m.random.randint(0, 2)
    frames = left + right + 1
    ends = [signal(m, DType.INT16, channels), signal(m, DType.INT16, channels * frames), signal(m, DType.BOOL)]
    return graph(
        m,
        "SignalStacker",
        ends[:1],
        ends[1:],
        num_channels=channels,
        stacker_left_context=left,
        stacker_right_context=right,
        stacker_step=m.random.randint(1, frames),
    )


def overlap_add(m: Maker) -> Graph:
    size, frames, rows = m.random.randint(1, 30), m.random.randint(1, 3), outer(m)
    step = m.random.randint(1, size)
    ends = [signal(m, DType.INT16, *rows, frames, size), signal(m, DType.INT16, *rows, frames * step)]
    return graph(m, "SignalOverlapAdd", ends[:1], ends[1:], T=INT16_TYPE, frame_step=step)


def delay(m: Maker) -> Graph:
    shape = (*outer(m), m.random.randint(1, 20))
    ends = [signal(m, DType.INT16, *shape) for _ in range(2)]
    return graph(m, "SignalDelay", ends[:1], ends[1:], delay_length=m.random.randint(0, 40))


CASES: dict[str, Callable[[Maker], Graph]] = {
    "SignalDelay": delay,
    "SignalEnergy": energy,
    "SignalFftAutoScale": scale,
    "SignalFilterBank": filter_bank,
    "SignalFilterBankLog": logarithms,
    "SignalFilterBankSpectralSubtraction": subtraction,
    "SignalFilterBankSquareRoot": roots,
    "SignalFramer": framer,
    "SignalIrfft": irfft,
    "SignalOverlapAdd": overlap_add,
    "SignalPCAN": pcan,
    "SignalRfft": rfft,
    "SignalStacker": stacker,
    "SignalWindow": window,
}

"""How far before its input an output must start, so that a kernel may write over an input that it is done with.

A kernel writes its output from the front to the back. Its output may lie across the start of its input as long as no
byte is written before the last read of it. The distance follows from what the kernel has yet to read when it writes
each piece; `Lowered.overlap` hands it to the memory planner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.ops.shared.window import Axis, Window

# Neighbouring pixels that a window kernel may read the windows of before it writes any of them.
PIXELS_IN_FLIGHT: Final = 4


def window_overlap(
    source: int, window: Window, input_bytes: int, output_bytes: int, in_flight: int = PIXELS_IN_FLIGHT
) -> Mapping[int, int]:
    """For a kernel that makes the output pixels in order, with at most `in_flight` of them in work at a time.

    Args:
        source: the input tensor.
        window: as the kernel walks it.
        input_bytes: of one pixel with all its channels.
        output_bytes: of one pixel with all its channels.
        in_flight: a pixel's bytes may be written while the windows of so many pixels, up to and with its own, are read.
            0 where the kernel works on a copy of the windows of a pixel and of all before it.
    """
    rows, columns = _first_taps(window.height), _first_taps(window.width)
    first_read = (rows[:, None] * window.width.input + columns[None, :]).reshape(-1) * input_bytes
    return {source: distance(first_read, output_bytes, in_flight)}


def _first_taps(axis: Axis) -> NDArray[np.int64]:
    """For each output position, the first input position that its window covers; all int64[output]."""
    origins: NDArray[np.int64] = np.arange(axis.output, dtype=np.int64) * axis.stride - axis.pad
    in_padding: NDArray[np.int64] = np.maximum(0, -(origins // axis.dilation))
    first: NDArray[np.int64] = np.minimum(origins + in_padding * axis.dilation, axis.input - 1)
    return first


def distance(first_read: NDArray[np.int64], output_bytes: int, in_flight: int = 1) -> int:
    """Bytes by which the output must start before the input.

    Args:
        first_read: int64[pieces], for each piece of output the first byte of the input that it needs.
        output_bytes: of one piece.
        in_flight: as in `window_overlap`.
    """
    still_read = np.minimum.accumulate(first_read[::-1])[::-1]
    pieces = np.arange(len(first_read))
    ends = (pieces + 1) * output_bytes
    still_read = np.append(still_read, ends[-1])  # after the last piece, anything goes
    return max(0, int((ends - still_read[np.maximum(0, pieces - in_flight + 1)]).max()))


def elements_overlap(source: int, count: int, input_bytes: int, output_bytes: int) -> Mapping[int, int]:
    """For an element-wise kernel that reads an element before it writes the one that comes of it."""
    return {source: max(0, count * (output_bytes - input_bytes))}

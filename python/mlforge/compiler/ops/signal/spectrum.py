"""SignalWindow, SignalFftAutoScale, SignalRfft, SignalEnergy: from samples to energies of a spectrum. SignalIrfft."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Lowered, View
from mlforge.compiler.ops.signal.operator import (
    INT16_TYPE,
    INT32_TYPE,
    SignalOperator,
    constant_int16,
    mismatch,
    outside,
    shapes,
    table,
    told,
)

_SIZES: Final = tuple(1 << power for power in range(3, 15))  # of transforms
_MAX_SHIFT: Final = 31
_TRANSFORMED: Final = {INT16_TYPE: DType.INT16, INT32_TYPE: DType.INT32}  # by the option T


def window_fits(view: View) -> str:
    """Input and output are int16 of one shape; the weights are constant int16 of one dimension, whose size divides the
    elements of the input; the shift is 0 to 31."""
    if found := mismatch(view, [DType.INT16], [DType.INT16]) or constant_int16(view, 1):
        return found
    if view.input().shape != view.output.shape or view.input().elements % view.input(1).elements:
        return shapes(view)
    return "" if view.input().shape else shapes(view)


def shift_is_in_range(view: View) -> str:
    """The shift is 0 to 31."""
    return outside(view, shift=(0, _MAX_SHIFT))


class SignalWindow(SignalOperator):
    kind = "SignalWindow"
    options_of = ("shift",)
    inputs = (2, 2)
    constraints = (window_fits, shift_is_in_range)

    def lower(self, view: View, isa: Isa) -> Lowered:
        size = view.input(1).elements
        return Lowered(
            kernel="mlforge_signal_window",
            parameters_type="mlforge_signal_window",
            parameters={
                "rows": view.input().elements // size,
                "size": size,
                "shift": told(view)["shift"],
                "weights": table(view, 1, "weights"),
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            in_place=frozenset(view.node.inputs[:1]),
        )


def scale_fits(view: View) -> str:
    """The input is int16 of one dimension, the first output, too, and the second one int32."""
    if found := mismatch(view, [DType.INT16], [DType.INT16, DType.INT32]):
        return found
    source, result, bits = view.input().shape, *(tensor.shape for tensor in view.results)
    return "" if len(source) == 1 and result == source and bits == () else shapes(view)


class SignalFftAutoScale(SignalOperator):
    kind = "SignalFftAutoScale"
    inputs = (1, 1)
    outputs = (2, 2)
    constraints = (scale_fits,)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return Lowered(
            kernel="mlforge_signal_scale",
            parameters_type="mlforge_signal_scale",
            parameters={"size": view.input().elements},
            inputs=view.node.inputs,
            outputs=view.node.outputs,
        )


def transform_fits(view: View) -> str:
    """Input and output are int16 (T is 7) or int32 (T is 2); fft_length is a power of 2 from 8 to 16384, not less than
    the input's last dimension; the output's is 2 more; all others are the same."""
    if found := _transform_mismatch(view):
        return found
    length, source, result = told(view)["fft_length"], view.input().shape, view.output.shape
    return "" if source and source[-1] <= length and result == (*source[:-1], length + 2) else shapes(view)


def inverse_fits(view: View) -> str:
    """Input and output are int16 (T is 7) or int32 (T is 2); fft_length is a power of 2 from 8 to 16384, and the
    output's last dimension; the input's is 2 more; all others are the same."""
    if found := _transform_mismatch(view):
        return found
    length, source, result = told(view)["fft_length"], view.input().shape, view.output.shape
    return "" if result and result[-1] == length and source == (*result[:-1], length + 2) else shapes(view)


def _transform_mismatch(view: View) -> str:
    kind, length = told(view)["T"], told(view)["fft_length"]
    if kind not in _TRANSFORMED or length not in _SIZES:
        return f"T is {kind}, fft_length {length}"
    return mismatch(view, [_TRANSFORMED[kind]], [_TRANSFORMED[kind]])


def _transform(view: View, kernel: str, size: int, rows: int) -> Lowered:
    suffix = "_s32" if view.output.dtype is DType.INT32 else ""
    length = told(view)["fft_length"]
    return Lowered(
        kernel=kernel + suffix,
        parameters_type="mlforge_signal_fft" + suffix,
        parameters={
            "rows": rows,
            "size": size,
            "fft": {"cosines": Constant("cosines", _cosines(length, view.output.dtype)), "size": length},
        },
        inputs=view.node.inputs,
        outputs=view.node.outputs,
    )


class SignalRfft(SignalOperator):
    kind = "SignalRfft"
    options_of = ("T", "fft_length")
    inputs = (1, 1)
    constraints = (transform_fits,)

    def lower(self, view: View, isa: Isa) -> Lowered:
        size = view.input().shape[-1]
        return _transform(view, "mlforge_signal_rfft", size, view.input().elements // size)


class SignalIrfft(SignalOperator):
    kind = "SignalIrfft"
    options_of = ("T", "fft_length")
    inputs = (1, 1)
    constraints = (inverse_fits,)

    def lower(self, view: View, isa: Isa) -> Lowered:
        size = view.output.shape[-1]
        return _transform(view, "mlforge_signal_irfft", size, view.output.elements // size)


def _cosines(size: int, dtype: DType) -> NDArray[np.signedinteger]:
    """Of struct mlforge_tflm_fft; Kiss FFT's factors."""
    largest = np.iinfo(dtype.value).max
    turns = (2 * math.pi * at / size for at in range(size // 4 + 1))
    return np.array([math.floor(0.5 + largest * math.cos(turn)) for turn in turns], dtype.value)


def energy_fits(view: View) -> str:
    """The input is int16, the output uint32, both of one dimension; start_index and end_index lie within both, the
    input being pairs, and start_index is not above end_index."""
    if found := mismatch(view, [DType.INT16], [DType.UINT32]):
        return found
    if len(view.input().shape) != 1 or len(view.output.shape) != 1:
        return shapes(view)
    start, end = told(view)["start_index"], told(view)["end_index"]
    if 0 <= start <= end <= min(view.input().elements // 2, view.output.elements):
        return ""
    return f"start_index is {start}, end_index {end}, {shapes(view)}"


class SignalEnergy(SignalOperator):
    """Energies outside of start and end are whatever lies in memory for the reference, and 0 here."""

    kind = "SignalEnergy"
    options_of = ("end_index", "start_index")
    inputs = (1, 1)
    constraints = (energy_fits,)

    def lower(self, view: View, isa: Isa) -> Lowered:
        same = view.input().size_bytes == view.output.size_bytes
        return Lowered(
            kernel="mlforge_signal_energy",
            parameters_type="mlforge_signal_energy",
            parameters={
                "count": view.output.elements,
                "start": told(view)["start_index"],
                "end": told(view)["end_index"],
            },
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            in_place=frozenset(view.node.inputs if same else ()),
        )

"""SignalFilterBank and what follows it: square roots, spectral subtraction, PCAN, and logarithms."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlforge.compiler.graph import MAX_DIMENSION, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, View
from mlforge.compiler.ops.signal.operator import (
    RememberingOperator,
    SignalOperator,
    constant_int16,
    mismatch,
    outside,
    shapes,
    table,
    told,
    values,
)

_WEIGHTS, _RESTS, _BINS, _OFFSETS, _WIDTHS = 1, 2, 3, 4, 5
_GAINS: Final = 125  # MLFORGE_TFLM_GAINS
_MAX_INT32: Final = (1 << 31) - 1


def bank_fits(view: View) -> str:
    """The input is uint32, the output uint64 of num_channels, both of one dimension, num_channels at most 32766; the
    others are constant int16 of one dimension: the last three have a value for each channel, and one more."""
    if found := mismatch(view, [DType.UINT32], [DType.UINT64]):
        return found
    channels = told(view)["num_channels"]
    if not 1 <= channels < MAX_DIMENSION:
        return f"num_channels is {channels}"
    for position in (_BINS, _OFFSETS, _WIDTHS):
        if found := constant_int16(view, position, channels + 1):
            return found
    if found := constant_int16(view, _WEIGHTS) or constant_int16(view, _RESTS):
        return found
    return "" if len(view.input().shape) == 1 and view.output.shape == (channels,) else shapes(view)


def segments_lie_inside(view: View) -> str:
    """All bins of a channel lie within the input, and its weights within the weights."""
    bins, offsets, widths = (
        values(view, at)[: told(view)["num_channels"] + 1].astype(np.int64) for at in (_BINS, _OFFSETS, _WIDTHS)
    )
    weights = min(view.input(_WEIGHTS).elements, view.input(_RESTS).elements)
    wrong = (bins < 0) | (offsets < 0) | (bins + widths > view.input().elements) | (offsets + widths > weights)
    at = np.flatnonzero(wrong)
    return f"channel {at[0]} begins with bin {bins[at[0]]}, weight {offsets[at[0]]}" if at.size else ""


class SignalFilterBank(SignalOperator):
    kind = "SignalFilterBank"
    options_of = ("num_channels",)
    inputs = (6, 6)
    wide = True
    constraints = (bank_fits, segments_lie_inside)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return Lowered(
            kernel="mlforge_signal_filter_bank",
            parameters_type="mlforge_signal_filter_bank",
            parameters={
                "bank": {
                    "bins": table(view, _BINS, "bins"),
                    "offsets": table(view, _OFFSETS, "offsets"),
                    "widths": table(view, _WIDTHS, "widths"),
                    "weights": table(view, _WEIGHTS, "weights"),
                    "rests": table(view, _RESTS, "rests"),
                    "filters": told(view)["num_channels"],
                }
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            macs=2 * int(np.maximum(values(view, _WIDTHS), 0).sum(dtype=np.int64)),
        )


def roots_fit(view: View) -> str:
    """The first input is uint64, the second one int32, the output uint32; the first and the output have one dimension
    of the same size."""
    if found := mismatch(view, [DType.UINT64, DType.INT32], [DType.UINT32]):
        return found
    fits = len(view.output.shape) == 1 and view.input().shape == view.output.shape and view.input(1).shape == ()
    return "" if fits else shapes(view)


class SignalFilterBankSquareRoot(SignalOperator):
    kind = "SignalFilterBankSquareRoot"
    inputs = (2, 2)
    wide = True
    constraints = (roots_fit,)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return Lowered(
            kernel="mlforge_signal_root",
            parameters_type="mlforge_signal_root",
            parameters={"count": view.output.elements},
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            overlap={view.node.inputs[0]: 0},
        )


def subtraction_fits(view: View) -> str:
    """Input and outputs are uint32 of num_channels; smoothing_bits is 0 to 31, spectral_subtraction_bits 0 to 32,
    clamping 0 or 1, and no share is negative."""
    if found := mismatch(view, [DType.UINT32], [DType.UINT32, DType.UINT32]):
        return found
    expected = (told(view)["num_channels"],)
    if any(tensor.shape != expected for tensor in (view.input(), *view.results)):
        return f"num_channels is {expected[0]}, {shapes(view)}"
    shares = dict.fromkeys(_SHARES, (0, _MAX_INT32))
    return outside(view, smoothing_bits=(0, 31), spectral_subtraction_bits=(0, 32), clamping=(0, 1), **shares)


_SHARES: Final = (
    "alternate_one_minus_smoothing",
    "alternate_smoothing",
    "min_signal_remaining",
    "one_minus_smoothing",
    "smoothing",
)


class SignalFilterBankSpectralSubtraction(RememberingOperator):
    kind = "SignalFilterBankSpectralSubtraction"
    options_of = (
        "alternate_one_minus_smoothing",
        "alternate_smoothing",
        "clamping",
        "min_signal_remaining",
        "num_channels",
        "one_minus_smoothing",
        "smoothing",
        "smoothing_bits",
        "spectral_subtraction_bits",
    )
    inputs = (2, 2)
    outputs = (2, 2)
    states = (1,)
    constraints = (subtraction_fits,)

    def state_bytes(self, view: View) -> int:
        return 4 * view.input().elements

    def lower(self, view: View, isa: Isa) -> Lowered:
        options = told(view)
        return Lowered(
            kernel="mlforge_signal_subtraction",
            parameters_type="mlforge_signal_subtraction",
            parameters={
                "count": view.input().elements,
                "subtraction": {
                    "smoothing": (options["smoothing"], options["alternate_smoothing"]),
                    "keeping": (options["one_minus_smoothing"], options["alternate_one_minus_smoothing"]),
                    "remaining": options["min_signal_remaining"],
                    "bits": options["spectral_subtraction_bits"],
                    "smoothing_bits": options["smoothing_bits"],
                    "clamping": options["clamping"],
                },
            },
            inputs=view.node.inputs[:1],
            states=view.node.inputs[1:],
            outputs=view.node.outputs,
        )


def pcan_fits(view: View) -> str:
    """The first two inputs and the output are uint32 of one dimension of the same size, the third is constant int16 of
    at least 125 gains; snr_shift is 0 to 63."""
    if found := mismatch(view, [DType.UINT32, DType.UINT32], [DType.UINT32]) or constant_int16(view, 2, _GAINS):
        return found
    shape = view.output.shape
    if len(shape) != 1 or view.input(0).shape != shape or view.input(1).shape != shape:
        return shapes(view)
    return outside(view, snr_shift=(0, 63))


class SignalPcan(SignalOperator):
    kind = "SignalPCAN"
    options_of = ("snr_shift",)
    inputs = (3, 3)
    constraints = (pcan_fits,)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return Lowered(
            kernel="mlforge_signal_pcan",
            parameters_type="mlforge_signal_pcan",
            parameters={
                "count": view.output.elements,
                "shift": told(view)["snr_shift"],
                "gains": table(view, 2, "gains"),
            },
            inputs=view.node.inputs[:2],
            outputs=view.node.outputs,
            in_place=frozenset({view.node.inputs[0]} - {view.node.inputs[1]}),
        )


def logarithms_fit(view: View) -> str:
    """The input is uint32, the output int16, both of one dimension of the same size; input_correction_bits is 0 to 31,
    output_scale not negative."""
    if found := mismatch(view, [DType.UINT32], [DType.INT16]):
        return found
    if len(view.output.shape) != 1 or view.input().shape != view.output.shape:
        return shapes(view)
    return outside(view, input_correction_bits=(0, 31), output_scale=(0, _MAX_INT32))


class SignalFilterBankLog(SignalOperator):
    kind = "SignalFilterBankLog"
    options_of = ("input_correction_bits", "output_scale")
    inputs = (1, 1)
    constraints = (logarithms_fit,)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return Lowered(
            kernel="mlforge_signal_log",
            parameters_type="mlforge_signal_log",
            parameters={
                "count": view.output.elements,
                "scale": told(view)["output_scale"],
                "shift": told(view)["input_correction_bits"],
            },
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            overlap={view.node.inputs[0]: 0},
        )

"""SignalFramer, SignalStacker, SignalOverlapAdd and SignalDelay: samples that are kept between inferences."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from mlforge.compiler.graph import MAX_ELEMENTS, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Field, Lowered, View
from mlforge.compiler.ops.signal.operator import (
    INT16_TYPE,
    RememberingOperator,
    mismatch,
    outside,
    shapes,
    told,
)

_COUNT_BYTES = 4  # an int32 in front of a state


class _Keeping(RememberingOperator):
    """`parameters` of the kernel, whose name and struct are the same."""

    inputs = (2, 2)
    states = (1,)
    kernel: str

    def fields(self, view: View) -> Mapping[str, Field]:
        raise NotImplementedError

    def lower(self, view: View, isa: Isa) -> Lowered:
        return Lowered(
            kernel=self.kernel,
            parameters_type=self.kernel,
            parameters=self.fields(view),
            inputs=view.node.inputs[:1],
            states=view.node.inputs[1:],
            outputs=view.node.outputs,
        )


def frames_fit(view: View) -> str:
    """Input and first output are int16, the second one bool; frame_step divides the input's last dimension, in whose
    place the first output has that many frames of frame_size; with prefill frame_size is at least frame_step."""
    if found := mismatch(view, [DType.INT16], [DType.INT16, DType.BOOL]):
        return found
    if found := outside(view, frame_size=(1, MAX_ELEMENTS), frame_step=(1, MAX_ELEMENTS), prefill=(0, 1)):
        return found
    size, step = told(view)["frame_size"], told(view)["frame_step"]
    if told(view)["prefill"] and size < step:
        return f"frame_size is {size}, frame_step {step}"
    source, result, valid = view.input().shape, *(tensor.shape for tensor in view.results)
    if not source or source[-1] % step or valid != () or result != (*source[:-1], source[-1] // step, size):
        return f"frame_size is {size}, frame_step {step}, {shapes(view)}"
    return ""


class SignalFramer(_Keeping):
    """A frame that is not complete yet is whatever lies in memory for the reference, and zeros here."""

    kind = "SignalFramer"
    options_of = ("frame_size", "frame_step", "prefill")
    outputs = (2, 2)
    constraints = (frames_fit,)
    kernel = "mlforge_signal_framer"

    def state_bytes(self, view: View) -> int:
        return _COUNT_BYTES + 2 * prod(view.input().shape[:-1]) * _kept(view)

    def fields(self, view: View) -> Mapping[str, Field]:
        step, last = told(view)["frame_step"], view.input().shape[-1]
        return {
            "rows": view.input().elements // last,
            "frames": last // step,
            "step": step,
            "size": told(view)["frame_size"],
            "kept": _kept(view),
            "needed": step if told(view)["prefill"] else _kept(view),
        }


def _kept(view: View) -> int:
    """Frames are the oldest samples of a buffer of whole steps, unless zeros in front fill up the difference."""
    size, step = told(view)["frame_size"], told(view)["frame_step"]
    return size if told(view)["prefill"] else -(-size // step) * step


def stack_fits(view: View) -> str:
    """Input and first output are int16 of one dimension, the second one bool; the input has num_channels, the first
    output those of stacker_left_context, stacker_right_context and 1 more frames; stacker_step is 1 to so many."""
    if found := mismatch(view, [DType.INT16], [DType.INT16, DType.BOOL]):
        return found
    most = (0, MAX_ELEMENTS)
    if found := outside(view, num_channels=most, stacker_left_context=most, stacker_right_context=most):
        return found
    channels, frames = told(view)["num_channels"], _frames(view)
    result, valid = (tensor.shape for tensor in view.results)
    if view.input().shape != (channels,) or result != (channels * frames,) or valid != ():
        return f"num_channels is {channels}, {shapes(view)}"
    return outside(view, stacker_step=(1, frames))


def _frames(view: View) -> int:
    return told(view)["stacker_left_context"] + told(view)["stacker_right_context"] + 1


class SignalStacker(_Keeping):
    """Where there is no output, it is what lies in memory for the reference, and zeros here."""

    kind = "SignalStacker"
    options_of = ("num_channels", "stacker_left_context", "stacker_right_context", "stacker_step")
    outputs = (2, 2)
    constraints = (stack_fits,)
    kernel = "mlforge_signal_stacker"

    def state_bytes(self, view: View) -> int:
        return _COUNT_BYTES + view.output.size_bytes

    def fields(self, view: View) -> Mapping[str, Field]:
        return {
            "channels": told(view)["num_channels"],
            "frames": _frames(view),
            "right": told(view)["stacker_right_context"],
            "step": told(view)["stacker_step"],
        }


def overlaps_fit(view: View) -> str:
    """Input and output are int16 (T is 7); the input has at least two dimensions, the last two frames and their size,
    in whose place the output has frame_step for each frame; frame_step is at most that size."""
    if found := mismatch(view, [DType.INT16], [DType.INT16]):
        return found
    source, step = view.input().shape, told(view)["frame_step"]
    if told(view)["T"] != INT16_TYPE or step < 1:
        return f"T is {told(view)['T']}, frame_step {step}"
    if len(source) < 2 or step > source[-1] or view.output.shape != (*source[:-2], source[-2] * step):
        return f"frame_step is {step}, {shapes(view)}"
    return ""


class SignalOverlapAdd(_Keeping):
    kind = "SignalOverlapAdd"
    options_of = ("T", "frame_step")
    constraints = (overlaps_fit,)
    kernel = "mlforge_signal_overlap_add"

    def state_bytes(self, view: View) -> int:
        return 2 * view.input().elements // view.input().shape[-2]

    def fields(self, view: View) -> Mapping[str, Field]:
        frames, size = view.input().shape[-2:]
        return {
            "rows": view.input().elements // (frames * size),
            "frames": frames,
            "size": size,
            "step": told(view)["frame_step"],
        }


def delay_fits(view: View) -> str:
    """Input and output are int16 of one shape; delay_length is not negative, and all that is kept at most 2^24
    samples."""
    if found := mismatch(view, [DType.INT16], [DType.INT16]):
        return found
    if not view.input().shape or view.input().shape != view.output.shape:
        return shapes(view)
    rows = prod(view.input().shape[:-1])
    return outside(view, delay_length=(0, MAX_ELEMENTS // rows))


class SignalDelay(_Keeping):
    kind = "SignalDelay"
    options_of = ("delay_length",)
    constraints = (delay_fits,)
    kernel = "mlforge_signal_delay"

    def state_bytes(self, view: View) -> int:
        return 2 * prod(view.input().shape[:-1]) * told(view)["delay_length"]

    def fields(self, view: View) -> Mapping[str, Field]:
        size = view.input().shape[-1]
        return {"rows": view.input().elements // size, "size": size, "delay": told(view)["delay_length"]}

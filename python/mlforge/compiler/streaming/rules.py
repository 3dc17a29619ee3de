"""How each operator moves along time: what of its input a column of its output is made of, or why that cannot be said.

One function for each kind of operator, from a node and the tracks of its inputs to a `Step` or an `Obstacle`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import Final, TypeAlias

from mlforge.compiler.graph import DType, Graph, Node
from mlforge.compiler.ops.concatenation import ConcatenationAttributes
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.movement import integers, resolved_axis
from mlforge.compiler.ops.shared.padding import paddings_of
from mlforge.compiler.ops.shared.pooling import PoolAttributes
from mlforge.compiler.ops.shared.reduction import axes_of
from mlforge.compiler.ops.shared.window import Axis, Padding, Pair, WindowAttributes, window_of
from mlforge.compiler.ops.stream.running_sum import MAX_ROWS
from mlforge.compiler.ops.strided_slice import ranges_of
from mlforge.compiler.streaming.track import Link, Obstacle, Step, Total, Track, obstacle

_ENDS: Final = "what comes behind runs on a whole window"

Tracks: TypeAlias = Mapping[int, Track]
Found: TypeAlias = Step | Total | Obstacle
Rule: TypeAlias = Callable[[View, Tracks], Found]


def follow(graph: Graph, node: Node, tracks: Tracks) -> Found:
    """`tracks`: those of the node's inputs that lie along time, of which there is at least one."""
    rule = _RULES.get(node.kind)
    if any(graph.tensors[index].is_variable for index in node.inputs if index >= 0):
        return obstacle(graph, node, "it keeps a state of its own", "as it is, it takes a stream already")
    if rule is None:
        return obstacle(graph, node, "it does not go from column to column", _ENDS)
    return rule(View(graph, node), {index: tracks[index] for index in node.inputs if index in tracks})


def _refuse(view: View, reason: str, cure: str) -> Obstacle:
    return obstacle(view.graph, view.node, reason, cure)


def _moved(track: Track, link: Link, length: int, axis: int) -> Track:
    """The output's track, as one input alone has it."""
    first = -(-(track.first + link.before) // link.stride)
    last = (track.last - link.reach + link.before) // link.stride + 1
    stride = track.stride * link.stride
    return Track(axis, length, stride, track.hop, max(0, first), min(length, last))


def _one(view: View, tracks: Tracks) -> tuple[int, Track]:
    return next(iter(tracks.items()))


# Sliding windows.


def _kernel(view: View) -> Pair:
    if isinstance(view.node.attributes, PoolAttributes):
        return view.node.attributes.size
    return view.input(1).shape[1], view.input(1).shape[2]


def _window(view: View, tracks: Tracks) -> Step | Obstacle:
    index, track = _one(view, tracks)
    if set(tracks) != {view.node.inputs[0]}:
        return _refuse(view, "its weights lie along time", "constant weights")
    along = track.axis - 1
    if along not in (0, 1) or (along == 1 and view.output.shape[1] != 1):
        return _refuse(view, "time is neither its height nor, with a height of 1, its width", "time as the height")
    window = window_of(view, _kernel(view))
    axes = window.height, window.width
    link = Link(index, axes[along].stride, axes[along].pad, (axes[along].kernel - 1) * axes[along].dilation + 1)
    after = _moved(track, link, axes[along].output, track.axis)
    if after.last <= after.first:
        where = f"each of its columns sees zeros in front of the window or behind it ({link.reach} columns wide)"
        return _refuse(view, where, "padding VALID along time, or a longer window")
    dilation = axes[along].dilation * track.spacing
    if isinstance(view.node.attributes, PoolAttributes) and dilation > 1 and axes[along].kernel > 1:
        cure = f"a hop that is a multiple of {track.stride} columns"
        return _refuse(view, f"the hop of {track.hop} columns is no multiple of the stride so far", cure)
    stride = after.grid // track.grid
    attributes = _for_columns(view.node.attributes_as(WindowAttributes), axes, along, stride, dilation)
    return Step(replace(view.node, attributes=attributes), after, (link,))


def _for_columns(
    attributes: WindowAttributes, axes: tuple[Axis, Axis], along: int, stride: int, dilation: int
) -> WindowAttributes:
    """Nothing is padded along time; what SAME pads along the other axis is written out."""
    axis = axes[1 - along]
    reach = (axis.kernel - 1) * axis.dilation + 1
    behind = max(0, (axis.output - 1) * axis.stride + reach - axis.input - axis.pad)
    across = replace(attributes, padding=Padding.VALID, extra_before=(axis.pad, axis.pad), extra_after=(behind, behind))
    return along_time(across, along, stride=stride, dilation=dilation, zeros=(0, 0))


def along_time(
    attributes: WindowAttributes, along: int, *, stride: int, dilation: int, zeros: Pair
) -> WindowAttributes:
    """A VALID window with another walk along one axis, and so many zeros in front and behind."""

    def pair(of_time: int, both: Pair) -> Pair:
        return (of_time, both[1]) if along == 0 else (both[0], of_time)

    return replace(
        attributes,
        stride=pair(stride, attributes.stride),
        dilation=pair(dilation, attributes.dilation),
        extra_before=pair(zeros[0], attributes.extra_before),
        extra_after=pair(zeros[1], attributes.extra_after),
    )


# What makes each column of the same column.


def _pointwise(view: View, tracks: Tracks) -> Step | Obstacle:
    track = _one(view, tracks)[1]
    for index in view.node.inputs:
        if problem := _companion(view, index, track, tracks):
            return _refuse(view, problem, "a constant, or a tensor of as many columns")
    if view.output.shape[track.axis] != track.length or len(view.output.shape) != len(_shape(view, tracks)):
        return _refuse(view, "its output is not as long as its input", "equal shapes")
    return _same_columns(view, tracks, track.axis)


def _shape(view: View, tracks: Tracks) -> tuple[int, ...]:
    return view.graph.tensors[next(iter(tracks))].shape


def _companion(view: View, index: int, track: Track, tracks: Tracks) -> str:
    """What is wrong with an input."""
    tensor = view.graph.tensors[index]
    if index in tracks:
        other = tracks[index]
        same = (other.axis, other.length, other.stride) == (track.axis, track.length, track.stride)
        return "" if same else f'"{tensor.name}" has another rate than its other input'
    if not tensor.is_constant:
        return f'its input "{tensor.name}" is no tensor over time'
    place = track.axis - len(view.output.shape) + len(tensor.shape)
    return f'the constant "{tensor.name}" changes along time' if place >= 0 and tensor.shape[place] > 1 else ""


def _same_columns(view: View, tracks: Tracks, axis: int) -> Step | Obstacle:
    links = tuple(Link(index) for index in tracks)
    made = [_moved(tracks[link.tensor], link, tracks[link.tensor].length, axis) for link in links]
    after = replace(made[0], first=max(one.first for one in made), last=min(one.last for one in made))
    if after.last <= after.first:
        return _refuse(view, "its inputs have no columns in common that see no zeros", "padding VALID along time")
    return Step(view.node, after, links)


def _over_channels(view: View, tracks: Tracks) -> Step | Obstacle:
    """SOFTMAX works along the last axis."""
    if _one(view, tracks)[1].axis == len(view.output.shape) - 1:
        return _refuse(view, "it goes over time", "an axis of channels behind that of time")
    return _pointwise(view, tracks)


def _concatenation(view: View, tracks: Tracks) -> Step | Obstacle:
    axis = resolved_axis(view.node.attributes_as(ConcatenationAttributes).axis, len(view.output.shape))
    if axis == _one(view, tracks)[1].axis:
        return _refuse(view, "it puts columns behind each other", "channels")
    if any(view.graph.tensors[index].is_constant for index in view.node.inputs):
        return _refuse(view, "one of its inputs is constant", "tensors over time")
    return _pointwise(view, tracks)


def _reduction(view: View, tracks: Tracks) -> Found:
    track, axes = _one(view, tracks)[1], axes_of(view)
    if track.axis in axes:
        return _total(view, tracks, axes) or _refuse(view, "it goes over time", _ENDS)
    kept_dims = len(view.output.shape) == len(view.input().shape)
    before = 0 if kept_dims else sum(axis < track.axis for axis in axes)
    return _same_columns(view, tracks, track.axis - before)


def _total(view: View, tracks: Tracks, axes: frozenset[int]) -> Total | None:
    """Where each sum is over all columns, and the rest of a column in front of what is kept of it."""
    index, track = _one(view, tracks)
    shape = view.input().shape
    wide = [axis for axis in range(track.axis, len(shape)) if shape[axis] > 1]
    reduced = [axis for axis in wide if axis in axes]
    rows = prod(shape[axis] for axis in reduced if axis != track.axis)
    in_front = wide[: len(reduced)] == reduced
    sums = view.kind in ("MEAN", "SUM", "AVERAGE_POOL_2D") and view.input().dtype is DType.INT8
    return Total(view.node, index, rows) if sums and in_front and rows <= MAX_ROWS else None


def _average(view: View, tracks: Tracks) -> Found:
    """One pool over all there is is a mean."""
    window = window_of(view, _kernel(view))
    all_of_it = all(
        axis.output == 1 and axis.kernel == axis.input and axis.pad == 0 for axis in (window.height, window.width)
    )
    found = _total(view, tracks, frozenset({1, 2})) if all_of_it else None
    return found or _window(view, tracks)


def _dense(view: View, tracks: Tracks) -> Step | Obstacle:
    track = _one(view, tracks)[1]
    if set(tracks) != {view.node.inputs[0]}:
        return _refuse(view, "its weights lie along time", "constant weights")
    column = prod(view.input().shape[track.axis + 1 :])
    shape = view.output.shape
    stays = track.axis < len(shape) - 1 and shape[: track.axis + 1] == view.input().shape[: track.axis + 1]
    if column % view.input(1).shape[1] or not stays:
        return _refuse(view, "it takes several columns at once", _ENDS)
    return _same_columns(view, tracks, track.axis)


# Other words for the same columns.


def _reshape(view: View, tracks: Tracks) -> Step | Obstacle:
    track = _one(view, tracks)[1]
    axis = next((axis for axis, size in enumerate(view.output.shape) if size > 1), 0)
    if view.output.shape[axis : axis + 1] != (track.length,):
        return _refuse(view, "it mixes time with other axes", _ENDS)
    return replace(
        _view(view, tracks, Link(view.node.inputs[0]), axis), node=replace(view.node, inputs=view.node.inputs[:1])
    )


def _view(view: View, tracks: Tracks, link: Link, axis: int, length: int | None = None) -> Step:
    track = tracks[link.tensor]
    return Step(view.node, _moved(track, link, length or track.length, axis), (link,), is_view=True)


def _pad(view: View, tracks: Tracks) -> Step | Obstacle:
    index, track = _one(view, tracks)
    paddings = paddings_of(view)
    if any(pair != (0, 0) for axis, pair in enumerate(paddings) if axis != track.axis):
        if paddings[track.axis] != (0, 0):
            return _refuse(view, "it pads time together with another axis", "a PAD for each of them")
        return _pointwise_pad(view, tracks)
    link = Link(index, before=paddings[track.axis][0])
    return _view(view, tracks, link, track.axis, view.output.shape[track.axis])


def _pointwise_pad(view: View, tracks: Tracks) -> Step | Obstacle:
    return _same_columns(view, tracks, _one(view, tracks)[1].axis)


def _slice(view: View, tracks: Tracks) -> Step | Obstacle:
    begin, shape = integers(view, 1), view.output.shape
    return _piece(view, tracks, tuple(zip(begin, shape, (1,) * len(shape), strict=True)))


def _strided_slice(view: View, tracks: Tracks) -> Step | Obstacle:
    return _piece(view, tracks, tuple((one.start, one.count, one.stride) for one in ranges_of(view)))


def _piece(view: View, tracks: Tracks, taken: tuple[tuple[int, int, int], ...]) -> Step | Obstacle:
    index, track = _one(view, tracks)
    shape = view.input().shape
    start, count, stride = taken[track.axis]
    whole = all(
        one[:2] == (0, size) for axis, (one, size) in enumerate(zip(taken, shape, strict=True)) if axis != track.axis
    )
    if not whole or (stride != 1 and count > 1):
        return _refuse(view, "it takes more than neighbouring, whole columns", "a slice of time alone, with the step 1")
    link = Link(index, before=-start)
    return _view(view, tracks, link, track.axis, count)


_POINTWISE: Final = """
    ABS ADD CAST DEQUANTIZE DIV ELU HARD_SWISH LEAKY_RELU LOGISTIC MAXIMUM MINIMUM MUL PRELU QUANTIZE RELU RELU6 RSQRT
    SQUARED_DIFFERENCE SUB TANH
"""
_RULES: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(_POINTWISE.split(), _pointwise),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D"), _window),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), _reduction),
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), _reshape),
    "AVERAGE_POOL_2D": _average,
    "CONCATENATION": _concatenation,
    "FULLY_CONNECTED": _dense,
    "PAD": _pad,
    "SLICE": _slice,
    "SOFTMAX": _over_channels,
    "STRIDED_SLICE": _strided_slice,
}

"""runtime/decision on the host: the scores of a whole recording through the code that the target runs."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.records.decision import Decision
from mlforge.toolchain.host import shared_library
from mlforge.toolchain.sources import root, runtime_sources

Scale: TypeAlias = tuple[float, int]


class NativeDecider(ctypes.Structure):
    """`struct mlforge_decider`."""

    _fields_: ClassVar = [
        ("begun", ctypes.c_bool),
        *((name, ctypes.c_int32) for name in ("decision", "proposed", "in_a_row", "event")),
        *((name, ctypes.c_uint32) for name in ("quiet", "averaged", "oldest")),
    ]


class NativeDecision(ctypes.Structure):
    """`struct mlforge_decision`."""

    _fields_: ClassVar = [
        ("thresholds", ctypes.c_void_p),
        ("background", ctypes.c_void_p),
        ("classes", ctypes.c_uint16),
        ("smoothing", ctypes.c_uint8),
        ("consecutive", ctypes.c_uint8),
        ("refractory", ctypes.c_uint16),
        ("decider", ctypes.POINTER(NativeDecider)),
        ("ring", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
        ("averages", ctypes.c_void_p),
        ("given", ctypes.c_void_p),
        ("decide", ctypes.c_void_p),
    ]


@cache
def _library() -> ctypes.CDLL:
    """Raises ToolError or BuildError."""
    sources = (*runtime_sources("decision"), root() / "runtime" / "host" / "decide_all.c")
    built = ctypes.CDLL(str(shared_library("mlforge_decision", sources)))
    built.mlforge_decide_all.restype = None
    built.mlforge_decide_all.argtypes = [
        ctypes.POINTER(NativeDecision),
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_void_p,
    ]
    tensor: list[Any] = [ctypes.c_float, ctypes.c_int32, ctypes.c_void_p]
    built.mlforge_levels_all.restype = None
    built.mlforge_levels_all.argtypes = [*tensor, *tensor, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p]
    return built


def error_levels(given: NDArray[np.int8], made: NDArray[np.int8], given_as: Scale, made_as: Scale) -> NDArray[np.int8]:
    """The scores of an autoencoder, int8 [N, 2] (normal, anomaly), of its inputs and outputs int8 [N, bytes] in their
    scales and zero points."""
    given, made = (np.ascontiguousarray(each.reshape(len(each), -1), np.int8) for each in (given, made))
    levels = np.full((len(given), 2), np.iinfo(np.int8).min, np.int8)
    found = np.empty(len(given), np.int8)
    one, other = (*given_as, given.ctypes.data), (*made_as, made.ctypes.data)
    _library().mlforge_levels_all(*one, *other, given.shape[1], len(given), found.ctypes.data)
    levels[:, 1] = found
    return levels


def decide(decision: Decision, scores: NDArray[np.int8]) -> NDArray[np.int32]:
    """The class whose event begins with each window, or -1: [N], of scores int8 [N, classes] of one recording.

    Raises:
        DataError: scores of another number of classes.
    """
    if scores.ndim != 2 or scores.shape[1] != decision.classes:
        raise DataError(f"scores of shape {scores.shape}: expected {decision.classes} classes")
    values = np.ascontiguousarray(scores, np.int8)
    thresholds = np.array(decision.thresholds, np.int8)
    background = np.array(decision.background, np.uint8)
    ring = np.zeros((decision.smoothing, decision.classes), np.int8)
    sums, averages = np.zeros(decision.classes, np.int32), np.zeros(decision.classes, np.int8)
    decider = NativeDecider()
    native = NativeDecision(
        thresholds.ctypes.data,
        background.ctypes.data,
        decision.classes,
        decision.smoothing,
        decision.consecutive,
        decision.refractory,
        ctypes.pointer(decider),
        ring.ctypes.data,
        sums.ctypes.data,
        averages.ctypes.data,
        None,
        None,
    )
    events = np.zeros(len(values), np.int32)
    _library().mlforge_decide_all(ctypes.byref(native), values.ctypes.data, len(values), events.ctypes.data)
    return events

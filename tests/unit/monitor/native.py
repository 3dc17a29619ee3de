"""runtime/monitor as a shared library, and its structures by ctypes."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from mlforge.toolchain.host import shared_library
from mlforge.toolchain.sources import runtime_sources


class Tensor(ctypes.Structure):
    """struct mlforge_tensor."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("offset", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int32),
        ("type", ctypes.c_uint8),
        ("rank", ctypes.c_uint8),
        ("shape", ctypes.c_uint16 * 6),
    )


class Moments(ctypes.Structure):
    """struct mlforge_moments."""

    _fields_ = (("sum", ctypes.c_int64), ("squares", ctypes.c_uint64))


class Pair(ctypes.Structure):
    """struct mlforge_moment_pair, Q8.8."""

    _fields_ = (("mean", ctypes.c_int32), ("deviation", ctypes.c_uint32))


class Decider(ctypes.Structure):
    """struct mlforge_decider."""

    _fields_ = (
        ("begun", ctypes.c_bool),
        *((name, ctypes.c_int32) for name in ("decision", "proposed", "in_a_row", "event")),
        *((name, ctypes.c_uint32) for name in ("quiet", "averaged", "oldest")),
    )


class MonitorState(ctypes.Structure):
    """struct mlforge_monitor_state."""

    _fields_ = (
        ("allowed", ctypes.c_bool),
        ("decider", Decider),
        *((name, ctypes.c_uint32) for name in ("error_q16", "inferences", "windows", "alarms", "values", "frames")),
        *((name, ctypes.c_uint32) for name in ("frame_windows", "frame_values", "calibrations")),
    )


class Correction(ctypes.Structure):
    """struct mlforge_correction."""

    _fields_ = (("offset", ctypes.c_int32), ("gain", ctypes.c_int32))


class Reference(ctypes.Structure):
    """struct mlforge_reference."""

    _fields_ = (("frames", ctypes.c_int64), ("inputs", Moments))


class Report(ctypes.Structure):
    """struct mlforge_drift_report."""

    _fields_ = (
        ("scores", ctypes.c_uint32),
        ("classes", ctypes.c_uint32),
        ("windows_needed", ctypes.c_uint32),
        ("drift", ctypes.c_uint8),
    )


class Model(ctypes.Structure):
    """struct mlforge_model."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("arena_bytes", ctypes.c_uint32),
        ("inputs_count", ctypes.c_uint8),
        ("outputs_count", ctypes.c_uint8),
        ("inputs", ctypes.POINTER(Tensor)),
        ("outputs", ctypes.POINTER(Tensor)),
        ("invoke", ctypes.c_void_p),
        ("state_bytes", ctypes.c_uint32),
        ("reset", ctypes.c_void_p),
        ("hop", ctypes.c_void_p),
    )


class Instance(ctypes.Structure):
    """struct mlforge_instance."""

    _fields_ = (
        ("model", ctypes.POINTER(Model)),
        ("arena", ctypes.c_void_p),
        ("features", ctypes.c_void_p),
        ("frame_frac_bits", ctypes.c_int8),
        ("classes_count", ctypes.c_uint8),
        ("classes", ctypes.c_void_p),
        ("deadline_us", ctypes.c_uint32),
        ("supervisor", ctypes.c_void_p),
        ("decision", ctypes.c_void_p),
    )


class Supervisor(ctypes.Structure):
    """struct mlforge_supervisor."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("allowed", "frame", "infer", "forget", "passes"))


class Monitor(ctypes.Structure):
    """struct mlforge_monitor."""

    _fields_ = (
        ("supervisor", Supervisor),
        ("instance", ctypes.POINTER(Instance)),
        ("bundle", ctypes.c_void_p),
        ("state", ctypes.POINTER(MonitorState)),
        ("task", ctypes.c_uint8),
        ("classes", ctypes.c_uint16),
        ("channels", ctypes.c_uint16),
        ("most_windows", ctypes.c_uint32),
        ("moments", ctypes.POINTER(Moments)),
        ("class_counts", ctypes.POINTER(ctypes.c_uint32)),
        ("score_counts", ctypes.POINTER(ctypes.c_uint32)),
        ("corrections", ctypes.POINTER(Correction)),
        ("references", ctypes.POINTER(Reference)),
        ("frame", ctypes.POINTER(ctypes.c_int32)),
        ("given", ctypes.c_void_p),
        ("lock", ctypes.c_void_p),
        ("unlock", ctypes.c_void_p),
    )


class Standardise(ctypes.Structure):
    """struct mlforge_standardise."""

    _fields_ = (
        ("mean", ctypes.POINTER(ctypes.c_int32)),
        ("multiplier", ctypes.POINTER(ctypes.c_int32)),
        ("shift", ctypes.POINTER(ctypes.c_uint8)),
        ("narrow", ctypes.c_uint8),
    )


@cache
def library() -> ctypes.CDLL:
    sources = runtime_sources("monitor", "bundle", "features", "decision")
    undefined = ("-fsanitize=undefined", "-fno-sanitize-recover=all")  # whose report ends the process
    found = ctypes.CDLL(str(shared_library("mlforge_monitor", sources, flags=undefined)))
    found.mlforge_moments_read.restype = Pair
    for name in ("mlforge_psi", "mlforge_normal_index", "mlforge_error_q16", "mlforge_sqrt"):
        getattr(found, name).restype = ctypes.c_uint32
    for name in ("mlforge_monitor_error", "mlforge_monitor_channel_index"):
        getattr(found, name).restype = ctypes.c_uint32
    for name in ("mlforge_monitor_infer", "mlforge_monitor_restore"):
        getattr(found, name).restype = ctypes.c_bool
    found.mlforge_monitor_moments.restype = Pair
    found.mlforge_monitor_frame.restype = ctypes.c_void_p
    found.mlforge_monitor_drift.restype = Report
    return found


def pointer(values: np.ndarray[Any, Any]) -> ctypes.c_void_p:
    return values.ctypes.data_as(ctypes.c_void_p)

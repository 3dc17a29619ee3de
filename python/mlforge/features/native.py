"""runtime/features on the host: the C structures by ctypes, and one call that runs a recording through a pipeline."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlforge.features.pipeline import EmittedStage, Pipeline
from mlforge.toolchain.host import shared_library
from mlforge.toolchain.sources import runtime_sources


class _Stage(ctypes.Structure):
    """`struct mlforge_stage`."""

    _fields_: ClassVar = [
        ("process", ctypes.c_void_p),
        ("reset", ctypes.c_void_p),
        ("tables", ctypes.c_void_p),
        ("state", ctypes.c_void_p),
        ("output", ctypes.c_void_p),
        ("input_length", ctypes.c_uint32),
        ("output_length", ctypes.c_uint32),
    ]


class _Collector(ctypes.Structure):
    """`struct mlforge_collector`; its state is three uint32."""

    _fields_: ClassVar = [
        ("ring", ctypes.c_void_p),
        ("state", ctypes.c_void_p),
        ("length", ctypes.c_uint32),
        ("hop", ctypes.c_uint32),
        ("block_bytes", ctypes.c_uint32),
    ]


class _Pipeline(ctypes.Structure):
    """`struct mlforge_pipeline`."""

    _fields_: ClassVar = [
        ("stages", ctypes.POINTER(_Stage)),
        ("stages_count", ctypes.c_uint32),
        ("frame_length", ctypes.c_uint32),
        ("collector", _Collector),
    ]


@cache
def library() -> ctypes.CDLL:
    """runtime/features, built by the host's compiler once. Raises ToolError or BuildError."""
    built = ctypes.CDLL(str(shared_library("mlforge_features", runtime_sources("features", "host"))))
    built.mlforge_features_extract.restype = ctypes.c_uint32
    built.mlforge_features_extract.argtypes = [
        ctypes.POINTER(_Pipeline),
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_uint32,
    ]
    return built


def run_native(
    pipeline: Pipeline, stages: Sequence[EmittedStage], frames: NDArray[np.int32], value: type[Any]
) -> NDArray[Any]:
    """All model inputs of one recording, `value` [inputs, *input_shape], through the given stages.

    `value` is the type of what the last stage makes: int8 behind quantise, else int32.
    """
    code = library()
    kept: list[Any] = []  # what the structures point to
    chain = (_Stage * max(1, len(stages)))()
    for index, stage in enumerate(stages):
        tables = stage.native_tables()
        output = (ctypes.c_int32 * pipeline.channels)()
        kept += [tables, output]
        chain[index] = _Stage(
            process=ctypes.cast(getattr(code, stage.function), ctypes.c_void_p),
            tables=ctypes.cast(ctypes.pointer(tables), ctypes.c_void_p),
            output=ctypes.cast(output, ctypes.c_void_p),
            input_length=pipeline.channels,
            output_length=pipeline.channels,
        )
    window, block_bytes = pipeline.window, pipeline.channels * np.dtype(value).itemsize
    ring, state = (ctypes.c_uint8 * (window.length * block_bytes))(), (ctypes.c_uint32 * 3)()
    collector = _Collector(ctypes.addressof(ring), ctypes.addressof(state), window.length, window.hop, block_bytes)
    native = _Pipeline(chain, len(stages), pipeline.channels, collector)
    inputs = np.zeros((window.count(len(frames)), *pipeline.input_shape), dtype=value)
    raw = np.ascontiguousarray(frames, dtype=np.int32)
    made = code.mlforge_features_extract(
        ctypes.byref(native), raw.ctypes.data, len(raw), inputs.ctypes.data, len(inputs)
    )
    return inputs[:made]

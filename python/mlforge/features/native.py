"""runtime/features on the host: the C structures by ctypes, and one call that runs a recording through a pipeline."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.features.chain import Branches
from mlforge.features.flow import Element, Flow
from mlforge.features.layout import Layout, Place, lay_out
from mlforge.features.pipeline import Pipeline
from mlforge.features.stage import Stage
from mlforge.toolchain.host import shared_library
from mlforge.toolchain.sources import runtime_sources

_TYPES = {Element.INT8: np.int8, Element.INT16: np.int16, Element.INT32: np.int32}


class NativeStage(ctypes.Structure):
    """`struct mlforge_stage`."""

    _fields_: ClassVar = [
        ("process", ctypes.c_void_p),
        ("wants", ctypes.c_void_p),
        ("reset", ctypes.c_void_p),
        ("tables", ctypes.c_void_p),
        ("state", ctypes.c_void_p),
        ("output", ctypes.c_void_p),
        ("work", ctypes.c_void_p),
        ("input_length", ctypes.c_uint32),
        ("output_length", ctypes.c_uint32),
    ]


class NativeCollector(ctypes.Structure):
    """`struct mlforge_collector`; its state is three uint32."""

    _fields_: ClassVar = [
        ("ring", ctypes.c_void_p),
        ("state", ctypes.c_void_p),
        ("length", ctypes.c_uint32),
        ("hop", ctypes.c_uint32),
        ("block_bytes", ctypes.c_uint32),
    ]


class NativePipeline(ctypes.Structure):
    """`struct mlforge_pipeline`."""

    _fields_: ClassVar = [
        ("stages", ctypes.POINTER(NativeStage)),
        ("stages_count", ctypes.c_uint32),
        ("frame_length", ctypes.c_uint32),
        ("head", ctypes.c_uint32),
        ("batch", ctypes.c_uint32),
        ("samples", ctypes.c_int),
        ("converted", ctypes.c_void_p),
        ("collector", NativeCollector),
    ]


@cache
def library() -> ctypes.CDLL:
    """runtime/features, built by the host's compiler once. Raises ToolError or BuildError."""
    built = ctypes.CDLL(str(shared_library("mlforge_features", runtime_sources("features", "decision", "host"))))
    built.mlforge_features_extract.restype = ctypes.c_uint32
    built.mlforge_features_extract.argtypes = [
        ctypes.POINTER(NativePipeline),
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_uint32,
    ]
    return built


def run_native(pipeline: Pipeline, stages: Sequence[Stage], frames: NDArray[np.int32]) -> NDArray[Any]:
    """All model inputs of one recording, [inputs, *input_shape], through the given stages: int8 where the last one is
    quantise, else int32.

    Raises:
        DataError: the stages do not go together, or do not make the input's shape.
    """
    code = library()
    flows = [pipeline.source]
    for stage in stages:
        flows.append(stage.output(flows[-1]))
    if prod(pipeline.input_shape) != pipeline.window.length * flows[-1].length:
        raise DataError(f"{pipeline.window.length} blocks of {flows[-1].length} values are no {pipeline.input_shape}")
    layout = lay_out(stages, flows, pipeline.window.length)
    chain = _Chain(code, stages, flows, layout)
    window, value = pipeline.window, _TYPES[flows[-1].element]
    block_bytes = flows[-1].size_bytes
    ring, state = (ctypes.c_uint8 * (window.length * block_bytes))(), (ctypes.c_uint32 * 3)()
    collector = NativeCollector(ctypes.addressof(ring), ctypes.addressof(state), window.length, window.hop, block_bytes)
    narrow = pipeline.samples is Element.INT16
    native = NativePipeline(
        chain.stages, len(stages), pipeline.channels, layout.head, layout.batch, narrow, None, collector
    )
    inputs = np.zeros((pipeline.inputs_of(len(frames)), *pipeline.input_shape), dtype=value)
    raw = np.ascontiguousarray(frames, dtype=_TYPES[pipeline.samples])
    made = code.mlforge_features_extract(
        ctypes.byref(native), raw.ctypes.data, len(raw), inputs.ctypes.data, len(inputs)
    )
    return inputs[:made]


class NativeBranch(ctypes.Structure):
    """`struct mlforge_branch`."""

    _fields_: ClassVar = [
        ("stages", ctypes.POINTER(NativeStage)),
        ("stages_count", ctypes.c_uint32),
        ("length", ctypes.c_uint32),
    ]


class _Chain:
    """The stages in memory, with all that they point to. `shared` is where their scratch begins: another's, or its
    own."""

    def __init__(
        self, code: ctypes.CDLL, stages: Sequence[Stage], flows: Sequence[Flow], layout: Layout, shared: int = 0
    ) -> None:
        self._kept: list[Any] = []
        self._shared = shared or self._keep((ctypes.c_uint64 * (layout.shared_bytes // 8 + 1))())
        self._code = code
        self.stages = (NativeStage * max(1, len(stages)))()
        for index, (stage, place) in enumerate(zip(stages, layout.places, strict=True)):
            self.stages[index] = NativeStage(
                process=_address(code, stage.process(flows[index])),
                wants=_address(code, stage.wants),
                reset=_address(code, stage.reset),
                tables=self._tables(stage, flows[index], place),
                state=self._memory(stage.state_bytes(flows[index])),
                output=self._output(place),
                work=self._memory(place.saved_bytes) or self._at(place.work),
                input_length=flows[index].length,
                output_length=flows[index + 1].length,
            )

    def _tables(self, stage: Stage, flow: Flow, place: Place) -> int:
        tables = stage.native_tables(flow)
        if isinstance(stage, Branches):
            chains = []
            for part in stage.parts(flow):
                inner = _Chain(self._code, part.stages, part.flows, part.layout, self._shared + (place.work or 0))
                self._kept.append(inner)
                chains.append(NativeBranch(inner.stages, len(part.stages), part.flows[-1].length))
            tables.branches = self._keep((NativeBranch * len(chains))(*chains))
        return self._keep(tables)

    def _keep(self, item: Any) -> int:
        self._kept.append(item)
        return ctypes.addressof(item)

    def _memory(self, size_bytes: int) -> int | None:
        return self._keep((ctypes.c_uint64 * (size_bytes // 8 + 1))()) if size_bytes else None

    def _at(self, offset: int | None) -> int | None:
        return None if offset is None else self._shared + offset

    def _output(self, place: Place) -> int | None:
        return self._memory(place.kept_bytes) if place.kept_bytes else self._at(place.output)


def _address(code: ctypes.CDLL, name: str) -> int | None:
    return ctypes.cast(getattr(code, name), ctypes.c_void_p).value if name else None

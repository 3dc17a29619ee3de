"""The stages that there are, and what passes between them in a chain; and the stage that runs several chains."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, TypeAlias

from mlforge.errors import DataError
from mlforge.features.bands import Bands
from mlforge.features.beats import Beats
from mlforge.features.dct import Dct
from mlforge.features.delta import Delta
from mlforge.features.difference import Difference
from mlforge.features.fft import Fft
from mlforge.features.fft16 import Fft16
from mlforge.features.filter import Filter
from mlforge.features.flow import INT32_RANGE, Element, Flow
from mlforge.features.framer import Framer
from mlforge.features.layout import Layout, lay_out_branch
from mlforge.features.level import Level
from mlforge.features.log import Log
from mlforge.features.magnitude import Magnitude
from mlforge.features.mel import Mel
from mlforge.features.moving_mean import MovingMean
from mlforge.features.noise_reduction import NoiseReduction
from mlforge.features.pcan import Pcan
from mlforge.features.pre_emphasis import PreEmphasis
from mlforge.features.rectify import Rectify
from mlforge.features.resample import Resample
from mlforge.features.spectral import Peaks, Spectral
from mlforge.features.squared_slope import SquaredSlope
from mlforge.features.stack import Stack
from mlforge.features.stage import PlainStage, Stage, require
from mlforge.features.standardise import Standardise
from mlforge.features.statistics import FrameStatistics
from mlforge.features.tflm_bands import TflmBands
from mlforge.features.tflm_levels import TflmLevels, TflmScale
from mlforge.features.tflm_spectrum import TflmSpectrum
from mlforge.features.user import User

LeafStage: TypeAlias = (
    Standardise
    | Framer
    | Fft
    | Fft16
    | Mel
    | Log
    | Level
    | Dct
    | Delta
    | Filter
    | PreEmphasis
    | Difference
    | Resample
    | Magnitude
    | Rectify
    | SquaredSlope
    | MovingMean
    | FrameStatistics
    | TflmSpectrum
    | TflmBands
    | NoiseReduction
    | Pcan
    | TflmLevels
    | TflmScale
    | Bands
    | Spectral
    | Peaks
    | Beats
    | Stack
    | User
)


MOST_BRANCHES: Final = 16


class BranchesTables(ctypes.Structure):
    """`struct mlforge_branches`."""

    _fields_: ClassVar = [("branches", ctypes.c_void_p), ("count", ctypes.c_uint32), ("samples", ctypes.c_uint8)]


@dataclass(frozen=True, slots=True)
class Part:
    """A branch where it stands: its scratch lies in that of the stage."""

    stages: tuple[FittedStage, ...]
    flows: tuple[Flow, ...]
    layout: Layout


@dataclass(frozen=True, slots=True)
class Branches(PlainStage):
    """What each chain makes of the same block, one behind the other; a chain of no stages makes the block itself.

    Its C half is runtime/features/branches.c. Chains complete their blocks with the same frame of the signal, and each
    has a fixed point of its own.
    """

    branches: tuple[tuple[FittedStage, ...], ...]

    template: ClassVar[str] = "branches.c.j2"
    function: ClassVar[str] = "mlforge_branches_process"
    wants: ClassVar[str] = "mlforge_branches_wants"
    reset: ClassVar[str] = "mlforge_branches_reset"

    def output(self, flow: Flow) -> Flow:
        require(1 <= len(self.branches) <= MOST_BRANCHES, "branches", f"{len(self.branches)} branches")
        require(flow.element is not Element.INT8, "branches", "it takes int16 or int32")
        ends = [self._flows(flow, branch)[-1] for branch in self.branches]
        for stages, end in zip(self.branches, ends, strict=True):
            plain = end.exponents is None and end.noise_bits is None and not (stages and stages[-1].keeps_output)
            wide = end.element is Element.INT32 or not stages
            require(plain and wide, "branches", "a branch makes no int32 values of one fixed point")
        first = ends[0]
        together = all((end.span, end.hop) == (first.span, first.hop) for end in ends)
        require(together, "branches", "they do not make their blocks at the same time")
        same = all(end.channels == first.channels for end in ends)
        bits = [end.frac_bits + own for end in ends for own in _bits_of_rows(end, same)]
        low, high = INT32_RANGE
        made = replace(first, rows=len(bits), channels=first.channels if same else 1, element=Element.INT32)
        own = tuple(one - bits[0] for one in bits)
        made = replace(made, frac_bits=bits[0], row_bits=own if any(own) else (), low=low, high=high)
        return replace(made, degree=1, grain=-bits[0], tflm_size=0)

    def parts(self, flow: Flow) -> tuple[Part, ...]:
        return tuple(
            Part(stages, flows, lay_out_branch(stages, flows))
            for stages, flows in ((branch, self._flows(flow, branch)) for branch in self.branches)
        )

    def runs(self, flow: Flow) -> int:
        """How many frames of the signal it takes at once."""
        return min(part.layout.batch for part in self.parts(flow))

    def work_bytes(self, flow: Flow) -> int:
        return max(part.layout.shared_bytes for part in self.parts(flow))

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        """Without its branches: native.py adds them, with their memory."""
        return BranchesTables(None, len(self.branches), int(flow.element is Element.INT16))

    @staticmethod
    def _flows(flow: Flow, branch: Sequence[Stage]) -> tuple[Flow, ...]:
        flows = [flow]
        for stage in branch:
            flows.append(stage.output(flows[-1]))
        return tuple(flows)


def _bits_of_rows(flow: Flow, by_channel: bool) -> list[int]:
    """Of each row, or, where rows of several branches do not have the same channels, of each value."""
    rows = list(flow.row_bits) or [0] * flow.rows
    return rows if by_channel else [own for own in rows for _ in range(flow.channels)]


FittedStage: TypeAlias = LeafStage | Branches


def each_stage(stages: Sequence[Stage]) -> Iterator[Stage]:
    """The stages, and those of their branches."""
    for stage in stages:
        yield stage
        if isinstance(stage, Branches):
            for branch in stage.branches:
                yield from each_stage(branch)


def flows_of(source: Flow, stages: Sequence[Stage]) -> tuple[Flow, ...]:
    """The signal, and what each stage makes of what the one before it makes.

    Raises:
        DataError: a stage cannot take what it is given, or an intermediate might overflow.
    """
    flows = [source]
    for stage in stages:
        flows.append(stage.output(flows[-1]))
    if flows[-1].exponents is not None or flows[-1].noise_bits is not None or (stages and stages[-1].keeps_output):
        raise DataError("a feature pipeline cannot end here: its last stage makes no values of one fixed point")
    return tuple(flows)

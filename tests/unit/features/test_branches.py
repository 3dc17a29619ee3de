"""Branches: what they make of a block is what each chain makes of it alone, whatever the chains are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract.stages import (
    BranchesSpec,
    DctSpec,
    DeltaSpec,
    FftSpec,
    FrameSpec,
    LogSpec,
    MelSpec,
    SignalSpec,
    Spectrum,
    StageSpec,
    StandardiseSpec,
    WindowSpec,
)
from mlforge.contract.stages_frames import Statistic, StatisticsSpec
from mlforge.contract.stages_signal import (
    DecimateSpec,
    DifferenceSpec,
    FilterSpec,
    FilterType,
    MagnitudeSpec,
    PreEmphasisSpec,
    SmoothSpec,
)
from mlforge.contract.stages_spectrum import BandsSpec, PeaksSpec, Rr, RrSpec, Shape, SpectralSpec, StackSpec
from mlforge.errors import DataError
from mlforge.features import Pipeline, extract_float, extract_int8, fit
from mlforge.features.chain import Branches
from mlforge.features.framer import Framer
from mlforge.features.statistics import make_statistics

RATE = 1000
AXES = SignalSpec(RATE, ("x", "y", "z"), "", "int16", 15)
WIDE = SignalSpec(RATE, ("x", "y", "z"), "m/s^2")
MIC = SignalSpec(RATE, ("mic",), "", "int16", 15)
SIGNAL = np.random.default_rng(4).normal(0, 0.2, (900, 3)).clip(-0.99, 0.99).astype(np.float32)
FRAME = FrameSpec(100, 40)
END: list[StageSpec] = [StandardiseSpec(), WindowSpec(1, 1)]


def of_frames(random: np.random.Generator) -> list[StageSpec]:
    """What may describe a frame, with settings of any kind."""
    transform = FftSpec(128, output=list(Spectrum)[random.integers(2)], bits=int(random.choice([16, 32])))
    chains: list[list[StageSpec]] = [
        [StatisticsSpec(tuple(Statistic)[int(random.integers(3)) :: int(random.integers(1, 5))])],
        [transform, BandsSpec((0, 60, 200, 500), share=bool(random.integers(2)))],
        [transform, SpectralSpec(tuple(Shape))],
        [transform, PeaksSpec(int(random.integers(1, 4)))],
        [transform, MelSpec(int(random.integers(1, 9)), 20, 500), LogSpec(), DctSpec(1)],
        [transform],
        [RrSpec(tuple(Rr), 8, 0.3)],
    ]
    return chains[random.integers(len(chains))]


def of_samples(random: np.random.Generator) -> list[StageSpec]:
    """What may stand in front of frames of the same time."""
    chains: list[list[StageSpec]] = [
        [],
        [MagnitudeSpec()],
        [FilterSpec(FilterType.HIGH_PASS, (5,), 2)],
        [SmoothSpec(4), DifferenceSpec(3)],
        [PreEmphasisSpec(0.9)],
    ]
    return chains[random.integers(len(chains))]


def alone(stages: list[StageSpec], what: SignalSpec) -> NDArray[np.float32]:
    """[inputs, values] of a chain on its own."""
    made = extract_float(fit([*stages, *END], [SIGNAL[:, : len(what.channels)]], what), SIGNAL[:, : len(what.channels)])
    return made.reshape(len(made), -1)


@pytest.mark.parametrize("seed", range(16))
def test_branches_are_their_chains_side_by_side(seed: int) -> None:
    random = np.random.default_rng(seed)
    what = [AXES, WIDE, MIC][seed % 3]
    count = int(random.integers(2, 5))
    if seed % 2:
        branches = [of_frames(random) for _ in range(count)]
        before: list[StageSpec] = [FRAME]
    else:
        branches = [[*of_samples(random), FRAME, *of_frames(random)] for _ in range(count)]
        before = [DifferenceSpec(1)] if seed % 4 else []
    signal = SIGNAL[:, : len(what.channels)]
    pipeline = fit([*before, BranchesSpec(tuple(map(tuple, branches))), *END], [signal], what)
    got = extract_float(pipeline, signal)
    parts = [alone([*before, *branch], what) for branch in branches]
    np.testing.assert_array_equal(got.reshape(len(got), -1), np.concatenate(parts, axis=1))
    assert pipeline.input_shape[1] * pipeline.input_shape[2] == sum(part.shape[1] for part in parts)
    assert Pipeline.from_json(pipeline.to_json()) == pipeline


def test_the_signal_itself_beside_what_is_made_of_it() -> None:
    pipeline = fit([BranchesSpec(((), (MagnitudeSpec(),))), StandardiseSpec(), WindowSpec(5, 2)], [SIGNAL], AXES)
    got = extract_float(pipeline, SIGNAL)
    assert pipeline.input_shape == (5, 1, 4)
    both = np.concatenate([SIGNAL, np.linalg.norm(SIGNAL, axis=1, keepdims=True)], axis=1)
    expected = (both - both.mean(axis=0)) / both.std(axis=0)
    np.testing.assert_allclose(got[3, :, 0], expected[6:11], atol=2e-3)


def test_branches_in_branches_share_a_transform() -> None:
    inner = BranchesSpec(((BandsSpec((0, 100, 500)),), (SpectralSpec(tuple(Shape)),), ()))
    shared: list[StageSpec] = [FRAME, FftSpec(128), inner]
    apart: list[StageSpec] = [FRAME, StatisticsSpec((Statistic.RMS,))]
    pipeline = fit([BranchesSpec((tuple(apart), tuple(shared))), *END], [SIGNAL], WIDE)
    got = extract_float(pipeline, SIGNAL)
    parts = [apart, [*shared[:2], BandsSpec((0, 100, 500))], [*shared[:2], SpectralSpec(tuple(Shape))], shared[:2]]
    expected = np.concatenate([alone(list(part), WIDE) for part in parts], axis=1)
    np.testing.assert_array_equal(got.reshape(len(got), -1), expected)


OF_FRAMES: list[StageSpec] = [
    FRAME,
    BranchesSpec(
        (
            (StatisticsSpec(tuple(Statistic)),),
            (FftSpec(128, bits=16), BandsSpec((0, 60, 500))),
            (FftSpec(128), BranchesSpec(((SpectralSpec((Shape.CENTROID,)),), (PeaksSpec(2),)))),
        )
    ),
]
OF_THE_SIGNAL: list[StageSpec] = [
    SmoothSpec(2),
    BranchesSpec(
        (
            (FrameSpec(100, 40), StatisticsSpec((Statistic.RMS,))),
            (DecimateSpec(2, 21), FrameSpec(50, 20), FftSpec(64), LogSpec()),
            (MagnitudeSpec(), FilterSpec(FilterType.LOW_PASS, (50,), 2), FrameSpec(100, 40), FftSpec(128)),
        )
    ),
]


def test_columns_in_context_on_the_way_to_one_column() -> None:
    levels: list[StageSpec] = [FRAME, FftSpec(128), LogSpec()]
    parts: list[list[StageSpec]] = [[DeltaSpec(3)], [StackSpec(3)]]
    pipeline = fit([*levels, BranchesSpec((tuple(parts[0]), tuple(parts[1]))), *END], [SIGNAL[:, :1]], MIC)
    got = extract_float(pipeline, SIGNAL[:, :1])
    expected = np.concatenate([alone([*levels, *part], MIC) for part in parts], axis=1)
    np.testing.assert_array_equal(got.reshape(len(got), -1), expected)


def test_a_reset_forgets_what_branches_have_seen() -> None:
    pipeline = fit([*OF_THE_SIGNAL, *END], [SIGNAL], AXES).with_quantisation(0.05, 3)
    first = extract_int8(pipeline, SIGNAL)
    extract_int8(pipeline, SIGNAL[:333])
    np.testing.assert_array_equal(extract_int8(pipeline, SIGNAL), first)


def test_branches_that_cannot_be_are_refused() -> None:
    pipeline = fit([*OF_FRAMES, *END], [SIGNAL], AXES)
    source, framer = pipeline.source, Framer(100, 40)
    of_frames = (framer, make_statistics(StatisticsSpec((Statistic.RMS,)), framer.output(source)))
    with pytest.raises(DataError, match="same time"):
        Branches(((), of_frames)).output(source)
    with pytest.raises(DataError, match="0 branches"):
        Branches(()).output(source)
    with pytest.raises(DataError, match="no int32 values"):
        Branches(((Framer(2, 2),),)).output(source)
    with pytest.raises(DataError):
        Pipeline.from_json(pipeline.to_json().replace('"kind":"Branches"', '"kind":"Branch"'))

"""How much signal one model input takes, by the contract, is what the fitted pipeline takes."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.contract.stages import (
    DeltaSpec,
    FftSpec,
    FrameSpec,
    FrontEnd,
    LogSpec,
    SignalSpec,
    StageSpec,
    StandardiseSpec,
    WindowSpec,
)
from mlforge.contract.stages_signal import DecimateSpec, ResampleSpec
from mlforge.features import fit

SIGNAL = np.random.default_rng(1).normal(size=(4000, 2)).astype(np.float32)
COLUMNS: list[StageSpec] = [FrameSpec(48, 20), FftSpec(64), LogSpec()]


@pytest.mark.parametrize(
    "stages",
    [
        [WindowSpec(7, 3), StandardiseSpec()],
        [*COLUMNS, WindowSpec(5, 2)],
        [*COLUMNS, DeltaSpec(5), WindowSpec(5, 2)],
        [DecimateSpec(4, 17), *COLUMNS, DeltaSpec(3), WindowSpec(5, 2)],
        [DecimateSpec(4, 17), WindowSpec(7, 3)],
        [ResampleSpec(2, 5, 50), *COLUMNS, WindowSpec(5, 2)],
        [ResampleSpec(2, 5, 50), WindowSpec(7, 2)],
    ],
    ids=["raw", "columns", "slopes", "decimated", "decimated raw", "resampled", "resampled raw"],
)
def test_contract_and_pipeline_agree(stages: list[StageSpec]) -> None:
    needed = FrontEnd((), tuple(stages)).samples_needed
    assert fit(stages, [SIGNAL], SignalSpec(1000)).frames_for(1) == needed

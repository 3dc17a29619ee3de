"""Windows of int16 samples: as the device has them, without a copy of 32 bits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract.stages import SignalSpec, StageSpec, StandardiseSpec, WindowSpec
from mlforge.errors import DataError
from mlforge.features import Pipeline, extract_float, extract_int8, fit
from mlforge.features.flow import Element

MIC = SignalSpec(16_000, ("mic",), "", "int16", 15)
SIGNAL = np.random.default_rng(4).normal(0, 0.3, (4000, 1)).clip(-1, 0.9999)
CHAINS: dict[str, list[StageSpec]] = {
    "raw": [WindowSpec(40, 40)],
    "standardised": [WindowSpec(40, 20), StandardiseSpec()],
}


def rounded(pipeline: Pipeline, signal: NDArray[np.float64]) -> NDArray[np.float64]:
    assert pipeline.quantisation is not None
    real = extract_float(pipeline, signal).astype(float) / pipeline.quantisation.scale
    return np.asarray(np.clip(np.floor(real + 0.5) + pipeline.quantisation.zero_point, -128, 127))


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize(("scale", "zero_point"), [(1 / 128, 0), (0.0313, -128), (0.00091, 77), (3e-5, 3), (5.0, 0)])
def test_int8_is_the_rounded_float(name: str, scale: float, zero_point: int) -> None:
    pipeline = fit(CHAINS[name], [SIGNAL], MIC).with_quantisation(scale, zero_point)
    assert pipeline.samples is Element.INT16
    assert pipeline.input_frac_bits == 15
    loud = np.concatenate([SIGNAL, np.full((40, 1), -1.0), np.full((40, 1), 1.0)])
    got, want = extract_int8(pipeline, loud).astype(float), rounded(pipeline, loud)
    real = extract_float(pipeline, loud).astype(float) / scale
    tie = np.abs(real - np.floor(real) - 0.5) < 0.005
    np.testing.assert_array_equal(got[~tie], want[~tie])
    assert np.abs(got - want).max() <= 1


def test_a_scale_that_int16_cannot_fill_is_refused() -> None:
    with pytest.raises(DataError, match="too fine for int16"):
        extract_int8(fit(CHAINS["raw"], [SIGNAL], MIC).with_quantisation(1e-9, 0), SIGNAL)

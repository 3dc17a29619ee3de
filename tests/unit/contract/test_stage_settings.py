"""The settings of stages in the contract: what they become, and each mistake with its line and its cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.contract import load_contract
from mlforge.contract.stages import LogSpec, StageSpec
from mlforge.contract.stages_frames import Statistic, StatisticsSpec
from mlforge.contract.stages_signal import (
    DecimateSpec,
    DifferenceSpec,
    EnvelopeSpec,
    FilterSpec,
    FilterType,
    MagnitudeSpec,
    MovingMeanSpec,
    PreEmphasisSpec,
    RateOfChangeSpec,
    ResampleSpec,
    SmoothSpec,
    SquaredSlopeSpec,
)
from mlforge.contract.stages_spectrum import BandsSpec, PeaksSpec, Rr, RrSpec, Shape, SpectralSpec, StackSpec
from mlforge.errors import ContractError

CONTRACT = """\
name: stages
task: classification
data:
  csv: data
  split: {{validate: 0.2, test: 0.2}}
  signal: {{rate: {rate}, channels: [x, y, z]}}
features:
{stages}limits: {{ram: 10 KiB}}
goals: {{accuracy: 0.8}}
"""
FIRST_LINE = 8


def load(directory: Path, *stages: str, rate: str = "1 kHz") -> tuple[StageSpec, ...]:
    text = CONTRACT.format(rate=rate, stages="".join(f"  - {stage}\n" for stage in stages))
    (directory / "mlforge.yaml").write_text(text)
    return load_contract(directory / "mlforge.yaml").features


LOW, HIGH, BAND, STOP = FilterType.LOW_PASS, FilterType.HIGH_PASS, FilterType.BAND_PASS, FilterType.BAND_STOP
GOOD = [
    ("filter: {type: low_pass, cutoff: 40 Hz}", FilterSpec(LOW, (40.0,), 2)),
    ("filter: {type: high_pass, cutoff: 0.5 Hz, order: 1}", FilterSpec(HIGH, (0.5,), 1)),
    ("filter: {type: band_pass, low: 0.5 Hz, high: 40 Hz, order: 3}", FilterSpec(BAND, (0.5, 40.0), 3)),
    ("filter: {type: band_stop, low: 49 Hz, high: 51 Hz}", FilterSpec(STOP, (49.0, 51.0), 2)),
    ("dc: {}", FilterSpec(HIGH, (20.0,), 1)),
    ("gravity: {cutoff: 0.25 Hz}", FilterSpec(HIGH, (0.25,), 1)),
    ("pre_emphasis: {factor: 0.95}", PreEmphasisSpec(0.95)),
    ("difference: {over: 20 ms}", DifferenceSpec(20)),
    ("jerk: {}", DifferenceSpec(1)),
    ("ema: {time: 2 s}", SmoothSpec(2000.0)),
    ("moving_mean: {length: 150 ms}", MovingMeanSpec(150)),
    ("squared_slope: {}", SquaredSlopeSpec()),
    ("decimate: {factor: 4}", DecimateSpec(4, 81)),
    ("resample: {to: 400 Hz}", ResampleSpec(2, 5, 56)),
    ("resample: {to: 500 Hz, taps: 31}", ResampleSpec(1, 2, 31)),
    ("magnitude: {}", MagnitudeSpec()),
    ("magnitude: {of: [x, z], keep: true}", MagnitudeSpec(((0, 2),), True)),
    ("magnitude: {of: [[x, y], [2]]}", MagnitudeSpec(((0, 1), (2,)))),
    ("envelope: {cutoff: 10 Hz}", EnvelopeSpec(10.0, 2)),
]


@pytest.mark.parametrize(("stage", "spec"), GOOD, ids=[stage for stage, _ in GOOD])
def test_what_a_stage_becomes(tmp_path: Path, stage: str, spec: StageSpec) -> None:
    assert load(tmp_path, stage)[0] == spec


def test_times_behind_decimation_are_of_the_lower_rate(tmp_path: Path) -> None:
    stages = load(tmp_path, "decimate: {factor: 10}", "difference: {over: 50 ms}")
    assert stages[1] == DifferenceSpec(5)
    with pytest.raises(ContractError, match=r"less than half the rate of the signal here, 50 Hz"):
        load(tmp_path, "decimate: {factor: 10}", "filter: {type: low_pass, cutoff: 60 Hz}")


def test_rates_behind_resampling(tmp_path: Path) -> None:
    stages = load(tmp_path, "resample: {to: 16 kHz}", "difference: {over: 50 ms}", rate="44.1 kHz")
    assert stages == (ResampleSpec(160, 441, 62), DifferenceSpec(800))
    assert load(tmp_path, "resample: {to: 8 kHz}", rate="48 kHz") == (ResampleSpec(1, 6, 132),)


@pytest.mark.parametrize(
    ("stages", "rate", "key", "found", "expected"),
    [
        (["resample: {to: 16001 Hz}"], "44.1 kHz", "features[0].resample.to", "16001 to 44100", "such as 16 kHz"),
        (["decimate: {factor: 2}", "resample: {to: 400 Hz}"], "1 kHz", "features[1].resample", "behind", "in front of"),
        (
            ["resample: {to: 16 kHz}", "window: {length: 100 ms, hop: 15 ms}"],
            "44.1 kHz",
            "features[1].window",
            "no whole number of the signal's samples",
            "2 times this hop",
        ),
    ],
)
def test_impractical_resampling(
    tmp_path: Path, stages: list[str], rate: str, key: str, found: str, expected: str
) -> None:
    with pytest.raises(ContractError) as caught:
        load(tmp_path, *stages, rate=rate)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert found in problem.found
    assert expected in problem.expected


WRONG = [
    ("filter: {}", "filter.type", "nothing", "one of: low_pass"),
    ("filter: {type: notch, cutoff: 5 Hz}", "filter.type", "notch", "one of: low_pass"),
    ("filter: {type: low_pass}", "filter.cutoff", "nothing", "a frequency"),
    ("filter: {type: low_pass, cutoff: 500 Hz}", "filter.cutoff", "500 Hz", "less than half the rate"),
    ("filter: {type: low_pass, cutoff: 0.1 Hz}", "filter.cutoff", "too low for 32-bit", "or `decimate` in front"),
    ("filter: {type: low_pass, cutoff: 40}", "filter.cutoff", "40", "with its unit"),
    ("filter: {type: low_pass, cutoff: 40 Hz, order: 9}", "filter.order", "9", "from 1 to 8"),
    ("filter: {type: low_pass, low: 4 Hz, cutoff: 40 Hz}", "filter.low", "the unknown key", "cutoff"),
    ("filter: {type: band_pass, low: 5 Hz}", "filter.high", "nothing", "a frequency"),
    ("filter: {type: band_pass, low: 40 Hz, high: 5 Hz}", "filter.low", "40 Hz to 5 Hz", "low below high"),
    ("filter: {type: band_pass, low: 5 Hz, high: 5.5 Hz}", "filter.low", "5 Hz to 5.5 Hz", "by at least 1 Hz"),
    ("filter: {type: band_stop, low: 0.5 Hz, high: 5 Hz}", "filter.low", "too low", "at least 1 Hz"),
    ("filter: {type: band_stop, low: 1 Hz, high: 400 Hz}", "filter.high", "too wide", "a narrower band"),
    ("filter: {type: band_pass, low: 1 Hz, high: 400 Hz, order: 5}", "filter.high", "too wide", "behind each other"),
    ("filter: {type: band_stop, low: 100 Hz, high: 120 Hz, order: 6}", "filter.order", "too high", "at most 5"),
    ("pre_emphasis: {factor: 1.5}", "pre_emphasis.factor", "1.5", "at most 1"),
    ("difference: {over: 0}", "difference.over", "0", "from 1 to"),
    ("ema: {}", "ema.time", "nothing", "a time"),
    ("ema: {time: 100 s}", "ema.time", "100000 samples", "1 to 8192"),
    ("decimate: {}", "decimate.factor", "nothing", "from 2 to 64"),
    ("decimate: {factor: 1}", "decimate.factor", "1", "from 2 to 64"),
    ("decimate: {factor: 4, taps: 80}", "decimate.taps", "an even number", "such as 81"),
    ("resample: {}", "resample.to", "nothing", "a frequency"),
    ("resample: {to: 1 kHz}", "resample.to", "1 kHz", "less than the signal's rate"),
    ("resample: {to: 2 kHz}", "resample.to", "2 kHz", "or no `resample`"),
    ("resample: {to: 5 Hz}", "resample.to", "200 times less", "at least 63 Hz"),
    ("resample: {to: 400}", "resample.to", "400", "with its unit"),
    ("resample: {to: 400 Hz, taps: 1}", "resample.taps", "1", "from 2 to 4095"),
    ("resample: {to: 400 Hz, factor: 2}", "resample.factor", "the unknown key", "to"),
    ("magnitude: {of: [x, w]}", "magnitude.of", "the unknown channel", "x"),
    ("magnitude: {of: x}", "magnitude.of", "x", "a list of channels"),
    ("magnitude: {of: [3]}", "magnitude.of", "the unknown channel", "x"),
    ("envelope: {}", "envelope.cutoff", "nothing", "a frequency"),
    ("rate_of_change: {}", "rate_of_change.over", "nothing", "a time"),
    ("jerk: {over: 2}", "jerk.over", "the unknown key", "no settings"),
]


@pytest.mark.parametrize(("stage", "key", "found", "expected"), WRONG, ids=[stage for stage, *_ in WRONG])
def test_mistakes_have_line_and_cure(tmp_path: Path, stage: str, key: str, found: str, expected: str) -> None:
    with pytest.raises(ContractError) as caught:
        load(tmp_path, stage)
    (problem,) = caught.value.problems
    assert problem.line == FIRST_LINE
    assert problem.key == f"features[0].{key}"
    assert found in problem.found
    assert expected in problem.expected


def test_order_of_stages(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="`filter` behind `frame`, which makes frames of the signal"):
        load(tmp_path, "frame: {length: 64}", "filter: {type: low_pass, cutoff: 5 Hz}")
    with pytest.raises(ContractError, match="dc twice"):
        load(tmp_path, "dc: {}", "dc: {}")


def test_statistics(tmp_path: Path) -> None:
    frame, standardise = "frame: {length: 64}", "standardise: {}"
    stages = load(tmp_path, frame, "statistics: [rms, crest]", standardise)
    assert stages[1] == StatisticsSpec((Statistic.RMS, Statistic.CREST))
    for wrong, message in (
        ("statistics: [rms, creast]", "the unknown statistic 'creast', expected 'crest'"),
        ("statistics: [rms, rms]", "rms twice"),
        ("statistics: []", "a list of statistics"),
        ("statistics: {}", "a list of statistics"),
    ):
        with pytest.raises(ContractError, match=message):
            load(tmp_path, frame, wrong, standardise)
    with pytest.raises(ContractError, match="`statistics` without `standardise`"):
        load(tmp_path, frame, "statistics: [rms, crest]")
    with pytest.raises(ContractError, match="`statistics` behind nothing"):
        load(tmp_path, "statistics: [rms]")


PRESETS = [
    ("vibration", "10 kHz", 38),
    ("motion", "50 Hz", 24),
    ("biosignal", "360 Hz", 8),
    ("tflm-speech", "16 kHz", 1),
    ("micro-wake-word", "16 kHz", 1),
]


@pytest.mark.parametrize(("name", "rate", "count"), PRESETS)
def test_presets_are_sound(tmp_path: Path, name: str, rate: str, count: int) -> None:
    text = CONTRACT.format(rate=rate, stages="").replace("features:\n", f"features: {{preset: {name}}}\n")
    (tmp_path / "mlforge.yaml").write_text(text)
    assert len(load_contract(tmp_path / "mlforge.yaml").front_ends) == count


TFLM = ("frame: {length: 512}", "fft: {like: tflm}", "mel: {bands: 8, low: 20 Hz, high: 400 Hz}", "noise_reduction: {}")
TFLM_WRONG = [
    (("frame: {length: 512}", "fft: {like: tflm, taper: hamming}"), "1", "fft.taper", "beside like: tflm"),
    (("frame: {length: 512}", "fft: {like: tflm, bits: 16}"), "1", "fft.bits", "beside like: tflm"),
    ((*TFLM[:2], "mel: {bands: 8, scale: htk}"), "2", "mel.scale", "beside like: tflm"),
    ((*TFLM[:2], "mel: {bands: 8, like: mlforge}"), "2", "mel.like", "behind stages like tflm"),
    (("frame: {length: 512}", "fft: {}", "mel: {bands: 8, like: tflm}"), "2", "mel.like", "MLForge's own"),
    ((*TFLM[:3], "pcan: {}"), "3", "pcan", "`pcan` behind `mel`"),
    ((*TFLM[:3], "noise_reduction: {even: 1.5}"), "3", "noise_reduction.even", "1.5"),
    ((*TFLM, "pcan: {strength: 0}"), "4", "pcan.strength", "0"),
    ((*TFLM, "pcan: {offset: -1}"), "4", "pcan.offset", "-1"),
    (("frame: {length: 512}", "fft: {}", "log: {}", "tflm_scale: {}"), "3", "tflm_scale", "MLForge's own"),
]


@pytest.mark.parametrize(("stages", "index", "key", "found"), TFLM_WRONG, ids=[wrong[2] for wrong in TFLM_WRONG])
def test_mistakes_of_stages_with_the_integers_of_tflm(
    tmp_path: Path, stages: tuple[str, ...], index: str, key: str, found: str
) -> None:
    with pytest.raises(ContractError) as caught:
        load(tmp_path, *stages)
    problem = caught.value.problems[0]
    assert problem.line == FIRST_LINE + int(index)
    assert problem.key == f"features[{index}].{key}"
    assert found in problem.found


def test_the_integers_of_tflm(tmp_path: Path) -> None:
    stages = load(tmp_path, *TFLM, "pcan: {}", "log: {}", "tflm_scale: {}")
    assert [getattr(stage, "like", None) for stage in stages] == [None, "tflm", "tflm", None, None, "tflm", None]


FFT = ("frame: {length: 256}", "fft: {}")
DESCRIBING_WRONG = [
    ((*FFT, "bands: {edges: [0, 600 Hz]}"), "bands.edges", "600 Hz", "500 Hz"),
    ((*FFT, "bands: {edges: [100 Hz, 50 Hz]}"), "bands.edges", "100 Hz", "that rise"),
    ((*FFT, "bands: {edges: [100 Hz]}"), "bands.edges", "1 frequencies", "2 to 257"),
    ((*FFT, "bands: {edges: [0, 100]}"), "bands.edges", "100", "unit"),
    ((*FFT, "spectral: [centre]"), "spectral", "the unknown name 'centre'", "centroid"),
    ((*FFT, "spectral: [spread, spread]"), "spectral", "spread twice", "once"),
    ((*FFT, "peaks: {count: 17}"), "peaks.count", "17", "from 1 to 16"),
    ((*FFT, "stack: {columns: 3}"), "stack", "`stack` behind `fft`", "in front of `stack`"),
    ((*FFT, "spectral: [spread]", "stack: {}"), "stack.columns", "nothing", "from 2 to 64"),
    ((FFT[0], "rr: {of: [mean], threshold: 1}"), "rr.threshold", "1", "below 1"),
    ((FFT[0], "rr: {of: [mean]}"), "rr", "frames of 256 samples", "at least 600 samples"),
    ((FFT[0], "rr: {of: [sdnn], refractory: 20 ms}"), "rr.of", "the unknown name 'sdnn'", "mean"),
]


@pytest.mark.parametrize(
    ("stages", "key", "found", "expected"), DESCRIBING_WRONG, ids=[stages[-1] for stages, *_ in DESCRIBING_WRONG]
)
def test_mistakes_of_stages_that_describe(
    tmp_path: Path, stages: tuple[str, ...], key: str, found: str, expected: str
) -> None:
    with pytest.raises(ContractError) as caught:
        load(tmp_path, *stages)
    problem = next(one for one in caught.value.problems if one.key != "features")
    assert problem.line == FIRST_LINE + len(stages) - 1
    assert problem.key == f"features[{len(stages) - 1}].{key}"
    assert found in problem.found
    assert expected in problem.expected


def test_stages_that_describe(tmp_path: Path) -> None:
    bands = load(tmp_path, *FFT, "bands: {edges: [0, 100 Hz, 500 Hz]}", "log: {}", "stack: {columns: 3}")
    assert bands[2:] == (BandsSpec((0.0, 100.0, 500.0)), LogSpec(), StackSpec(3))
    assert load(tmp_path, *FFT, "spectral: [rolloff]")[2] == SpectralSpec((Shape.ROLLOFF,))
    assert load(tmp_path, *FFT, "peaks: {}", "standardise: {}")[2] == PeaksSpec(3)
    assert load(tmp_path, "frame: {length: 2 s}", "rr: {of: [rmssd]}")[1] == RrSpec((Rr.RMSSD,), 200, 0.3)
    assert load(tmp_path, "rate_of_change: {over: 2 s}") == (RateOfChangeSpec(2000, 1000.0),)
    with pytest.raises(ContractError, match="`peaks` without `standardise`"):
        load(tmp_path, *FFT, "peaks: {}")

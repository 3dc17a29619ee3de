"""The samples that make their own data: the physics in them, and whether the locked model still meets its goals."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import scipy.signal

from mlforge.app.lockfile import locked_model, read_lock
from mlforge.app.model import read_model
from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.data.splits import split_dataset
from mlforge.features.pipeline import Pipeline
from mlforge.targets.host import HostTarget
from mlforge.toolchain.sources import root

VIBRATION = root() / "samples" / "vibration"


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bearing() -> ModuleType:
    return _module(VIBRATION / "bearing.py")


@pytest.mark.parametrize("state", ["outer", "inner", "ball"])
def test_a_damage_is_heard_at_the_frequency_of_the_textbook(bearing: ModuleType, state: str) -> None:
    """SKF's tables for a bearing 6205 have 3.585, 5.415 and 2.357 times the shaft's frequency."""
    shaft_hz = 26.0
    passes_hz, turns_hz = bearing.fault_hz(state, shaft_hz)
    assert passes_hz / shaft_hz == pytest.approx({"outer": 3.585, "inner": 5.415, "ball": 2.357}[state], abs=2e-3)
    machine = {"shaft_hz": shaft_hz, "resonance_hz": 1400.0, "damping": 0.05, "load_zone": 0.6, "imbalance_g": 0.1}
    machine |= {"gear_hz": 500.0, "gear_g": 0.05, "noise_g": 0.02, "damage_g": 0.8}
    signal = bearing.acceleration(machine, state, np.random.default_rng(5))
    band = scipy.signal.butter(2, [900, 1900], "bandpass", fs=bearing.RATE_HZ, output="sos")
    envelope = np.abs(scipy.signal.hilbert(scipy.signal.sosfiltfilt(band, signal)))
    spectrum = np.abs(np.fft.rfft((envelope - envelope.mean()) * np.hanning(envelope.size)))
    hertz = np.fft.rfftfreq(envelope.size, 1 / bearing.RATE_HZ)
    searched = (hertz > 40) & (hertz < passes_hz * 1.5)
    loudest = hertz[searched][np.argmax(spectrum[searched])]
    # Where the load zone is passed, side bands stand beside it, one turn away. The speed differs by up to 2 %.
    assert min(abs(loudest / (passes_hz + side * turns_hz) - 1) for side in (-1, 0, 1)) < 0.03


def test_the_locked_model_meets_its_goal_on_machines_that_it_has_not_seen() -> None:
    contract, lock = load_contract(VIBRATION), read_lock(VIBRATION)
    dataset = load_dataset(contract)
    model = read_model(locked_model(VIBRATION, lock), lock.name, Pipeline.from_json(json.dumps(lock.features)))
    host = HostTarget()
    firmware = host.build(model.program)
    right = []
    for at in split_dataset(dataset, contract.data.split).test:
        frames = np.rint(dataset.signals[at] * 2.0**model.pipeline.input_frac_bits).astype(np.int32)
        outputs = host.infer(firmware, host.extract(firmware, frames)).outputs
        right += [lock.classes[int(np.argmax(output))] == dataset.label_of(at) for output in outputs]
    assert len(right) == 432
    assert np.mean(right) == pytest.approx(0.949, abs=0.002), "the README and the lock say so"

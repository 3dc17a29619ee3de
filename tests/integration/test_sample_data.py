"""The samples that make their own data: the physics in them, and whether the locked model still meets its goals."""

from __future__ import annotations

import collections
import importlib.util
import io
import json
import os
import wave
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from mlforge.app.lockfile import locked_model, read_lock
from mlforge.app.model import read_model
from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.data.splits import split_dataset
from mlforge.features.pipeline import Pipeline
from mlforge.targets.host import HostTarget
from mlforge.toolchain.sources import root

VIBRATION = root() / "samples" / "vibration"
KEYWORD = root() / "samples" / "keyword"


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


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, with two speakers and with directories of its own."""
    module = _module(KEYWORD / "words.py")
    monkeypatch.setattr(module, "SPEAKERS", 2)
    monkeypatch.setattr(module, "KEPT", tmp_path / "kept" / "words.npz")
    monkeypatch.setattr(module, "SPEECH_COMMANDS", tmp_path / "speech_commands")
    return module


def _wav(samples: NDArray[np.float64], rate_hz: int) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return data.getvalue()


def test_words_are_spoken_once_and_always_alike(
    words: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a synthesiser that whistles: 22,050 Hz, and silence before and behind."""
    tone = np.sin(2 * np.pi * 440 * np.arange(11_025) / 22_050)
    (tmp_path / "spoken.wav").write_bytes(_wav(np.pad(0.5 * tone, 2000), 22_050))
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncat {tmp_path}/spoken.wav\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    first, kept = words.synthetic(), words.KEPT.read_bytes()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == 2 * (2 * 4 + 8)
    assert np.array_equal(words.synthetic()["x"], first["x"])
    assert (tmp_path / "asked").read_text().splitlines() == asked, "what was said is kept"
    words.KEPT.unlink()
    words.synthetic()
    assert words.KEPT.read_bytes() == kept
    assert collections.Counter(first["y"]) == {"unknown": 16, "yes": 8, "no": 8, "noise": 8}
    assert {signal.shape for signal in first["x"]} == {(16_000, 1)}
    speech = words.speak("yes", "en-us+m1", 50, 150)
    assert abs(speech.size - 8000) < 20
    assert np.argmax(np.abs(np.fft.rfft(speech, 16_000))) == pytest.approx(440, abs=2)


def test_without_a_synthesiser(words: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="espeak-ng is not installed: apt install espeak-ng"):
        words.synthetic()


def test_the_folders_of_speech_commands(words: ModuleType) -> None:
    with pytest.raises(RuntimeError, match=r"no recordings in .*speech_commands"):
        words.speech_commands()
    for name, seconds in (
        ("yes/0a7c2a8d_nohash_0", 1.0),
        ("no/0a7c2a8d_nohash_0", 0.7),  # many are shorter than a second
        ("bed/00000008_nohash_1", 1.2),
        ("bed/00000009_nohash_1", 1.0),  # one of the seven of eight that are left out
        ("_background_noise_/doing_the_dishes", 3.5),
    ):
        path = words.SPEECH_COMMANDS / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_wav(np.full(round(seconds * 16_000), 0.25), 16_000))
    found = words.speech_commands()
    assert collections.Counter(found["y"]) == {"noise": 3, "yes": 1, "no": 1, "unknown": 1}
    assert {signal.shape for signal in found["x"]} == {(16_000, 1)}
    assert [group for label, group in zip(found["y"], found["speaker"], strict=True) if label == "unknown"] == [
        "00000008"
    ]


def test_mu_law_is_g711() -> None:
    """Decision values and codes of ITU-T G.711, table 2a, and the decoder of src/main.c."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(KEYWORD))
        mu_law = _module(KEYWORD / "make_recording.py").mu_law
    samples = (np.array([0, 31, 95, 223, 479, 991, 2015, 4063, 8158, -1, -8158]) * 4).astype(np.int16)
    assert list(mu_law(samples)) == [0xFF, 0xEF, 0xDF, 0xCF, 0xBF, 0xAF, 0x9F, 0x8F, 0x80, 0x7E, 0x00]
    ramp = np.arange(-32_000, 32_000, 7, dtype=np.int16)
    assert np.max(np.abs(_linear(mu_law(ramp)) - ramp) / (np.abs(ramp.astype(float)) + 132)) < 0.05


def _linear(codes: bytes) -> NDArray[np.int32]:
    bits = ~np.frombuffer(codes, np.uint8) & 0xFF
    sizes = ((((bits & 0xF).astype(np.int32) << 1) + 33) << ((bits >> 4) & 7)) - 33
    return np.where(bits & 0x80, -sizes, sizes) * 4


def test_the_locked_model_hears_what_the_sample_replays() -> None:
    lock = read_lock(KEYWORD)
    model = read_model(locked_model(KEYWORD, lock), lock.name, Pipeline.from_json(json.dumps(lock.features)))
    host = HostTarget()
    frames = _linear((KEYWORD / "src" / "speech.ulaw").read_bytes())[:, None]
    firmware = host.build(model.program)
    outputs = host.infer(firmware, host.extract(firmware, frames)).outputs
    heard = [lock.classes[int(np.argmax(output))] for output in outputs]
    first, last = heard.index("yes"), len(heard) - 1 - heard[::-1].index("no")
    assert first * 0.128 < 1.0 < last * 0.128 + 0.96
    assert heard[-1] == "noise"

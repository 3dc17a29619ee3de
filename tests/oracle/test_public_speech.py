"""Public models for speech, with our features and our engine, beside the whole of TensorFlow Lite Micro.

`speech/` among the models (MLFORGE_MODELS) holds what one likes of: micro_speech_quantized.tflite from the repository
of TensorFlow Lite Micro, models of microWakeWord (version 2), and recordings of 16 kHz as .wav.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.app.model import read_model
from mlforge.contract.stages_tflm import Like
from mlforge.targets.registry import target_named
from tests.oracle.signal_graph import frames_of, speech_front_end
from tests.oracle.test_signal import tables_of
from tests.oracle.wheel import Oracle, Refusal
from tests.programs.models import MODELS
from tests.programs.require import require, unasked
from tests.unit.features.speech import scaled, streams
from tests.unit.features.test_tflm import microfrontend

SPEECH = MODELS.parent / "speech"
MICRO_SPEECH = "micro_speech_quantized.tflite"


def recordings() -> NDArray[np.int16]:
    """All recordings that are there, behind each other and behind made ones."""
    found = [_samples(path) for path in sorted(SPEECH.glob("*.wav"))]
    return np.concatenate([*found, streams(1)["all"]])


def _samples(path: Path) -> NDArray[np.int16]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def as_bytes(levels: NDArray[np.int64]) -> NDArray[np.int8]:
    """As micro_speech scales logarithms."""
    return (np.minimum((levels.astype(np.int64) * 256 + 333) // 666, 255) - 128).astype(np.int8)


def check(newest: Oracle, path: Path, like: Like, hop: int, columns: NDArray[np.int8], length: int) -> None:
    """Our bytes and scores, of windows of so many columns, against the interpreter's."""
    require("host")
    step = 1 if like is Like.TFLM else length
    windows = np.lib.stride_tricks.sliding_window_view(columns, length, axis=0)[::step].transpose(0, 2, 1).copy()
    model = read_model(path.read_bytes(), "speech", scaled(like, hop, length, step))
    host = target_named("host")
    firmware = host.build(model.program)
    got = host.extract(firmware, recordings()[:, None].astype(np.int32))
    np.testing.assert_array_equal(got, windows.reshape(len(windows), -1))
    shape = (len(windows), *model.compiled.inputs[0].shape)
    (answer,) = newest.answers([(path.read_bytes(), [windows.reshape(shape)])])
    assert not isinstance(answer, Refusal), answer
    ours = host.infer(firmware, got).outputs
    np.testing.assert_array_equal(ours, answer[0].view(np.int8).reshape(len(windows), -1))
    assert len(np.unique(ours)) > 1


def test_micro_speech(newest: Oracle) -> None:
    if not (SPEECH / MICRO_SPEECH).is_file():
        unasked(f"no {MICRO_SPEECH}: put it into speech/ below MLFORGE_MODELS")
    fitted = scaled(Like.TFLM, 320, 49, 1)
    front_end = speech_front_end(512, tables_of(fitted))
    (answer,) = newest.answers([(front_end, [frames_of(recordings(), 480, 320)])])
    assert not isinstance(answer, Refusal), answer
    check(newest, SPEECH / MICRO_SPEECH, Like.TFLM, 320, as_bytes(answer[0].astype(np.int64)), 49)


@pytest.mark.requires(packages=["pymicro_features"])
def test_micro_wake_word(newest: Oracle) -> None:
    models = [path for path in sorted(SPEECH.glob("*.tflite")) if path.name != MICRO_SPEECH]
    if not models:
        unasked("no models of microWakeWord: put some into speech/ below MLFORGE_MODELS")
    columns = as_bytes(microfrontend(recordings()))
    for path in models:
        check(newest, path, Like.MICROFRONTEND, 160, columns, 3)

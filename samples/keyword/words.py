"""The data of this sample: spoken words, of the speech synthesiser espeak-ng or of people.

`synthetic` lets espeak-ng speak (Debian: `apt install espeak-ng`), once, and keeps what it said beside the contract. A
speaker is an accent, a voice and a pitch, and speaks each word at several speeds, from several distances, into noise.
`speech_commands` reads the folders of Google's Speech Commands (P. Warden, arXiv:1804.03209), or any others of that
layout: WORD/SPEAKER_anything.wav of one second at 16 kHz, and `_background_noise_` with long recordings.
"""

from __future__ import annotations

import io
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.wav_file import read_wav

RATE_HZ: Final = 16_000
LENGTH: Final = RATE_HZ  # a recording is one second
WORDS: Final = ("yes", "no")
# Some begin, end or rhyme like the words that are looked for.
OTHERS: Final = (
    *("yet", "guess", "yellow", "less", "nest", "know how", "go", "now", "note", "toe", "north", "snow"),
    *("left", "right", "up", "down", "house", "tree", "seven", "four", "happy", "marvin", "water", "turn it on"),
)
ACCENTS: Final = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029")
VOICES: Final = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5")
SPEAKERS: Final = 45
TAKES: Final = {"word": 4, "other": 8, "noise": 4}  # of each speaker
KEPT: Final = Path(__file__).parent / ".mlforge" / "words.npz"
SPEECH_COMMANDS: Final = Path(__file__).parent / "speech_commands"

Signal = NDArray[np.float64]


def synthetic() -> dict[str, Any]:
    """`x`: [16000, 1], full scale 1.0; `y`: yes, no, unknown or noise; `speaker`."""
    if not KEPT.is_file():
        rows = [row for number in range(SPEAKERS) for row in _speaker(number)]
        KEPT.parent.mkdir(exist_ok=True)
        signals = np.stack([np.rint(np.clip(signal, -1, 1) * 32767).astype(np.int16) for _, signal, _ in rows])
        np.savez(KEPT, x=signals, y=np.array([row[0] for row in rows]), speaker=np.array([row[2] for row in rows]))
    with np.load(KEPT, allow_pickle=False) as kept:
        signals = (kept["x"] / np.float32(32768)).astype(np.float32)[:, :, None]
        return {"x": list(signals), "y": kept["y"], "speaker": kept["speaker"]}


def speech_commands() -> dict[str, Any]:
    """The same of recordings of people: of other words every eighth, so that they are not most of the data."""
    found: dict[str, list[Any]] = {"x": [], "y": [], "speaker": []}
    for path in sorted(SPEECH_COMMANDS.glob("*/*.wav")):
        word, speaker = path.parent.name, path.name.partition("_")[0]
        if word == "_background_noise_":
            long = read_wav(path).samples[:, :1]
            pieces = [long[at : at + LENGTH] for at in range(0, len(long) - LENGTH + 1, LENGTH)]
            rows = [("noise", piece, f"{path.stem}-{at // 10}") for at, piece in enumerate(pieces)]
        elif word in WORDS or int(speaker, 16) % 8 == 0:
            short = read_wav(path).samples[:LENGTH, :1]
            whole = np.pad(short, ((0, LENGTH - len(short)), (0, 0)))
            rows = [(word if word in WORDS else "unknown", whole, speaker)]
        else:
            continue
        for label, signal, group in rows:
            found["x"].append(signal.astype(np.float32))
            found["y"].append(label)
            found["speaker"].append(group)
    if not found["x"]:
        raise RuntimeError(f"no recordings in {SPEECH_COMMANDS}: unpack speech_commands_v0.02.tar.gz there")
    return found


def _speaker(number: int) -> Iterator[tuple[str, Signal, str]]:
    """Everything that one speaker says, with the noise of his room alone."""
    random = np.random.default_rng(number)
    voice = f"{ACCENTS[number % len(ACCENTS)]}+{VOICES[number % len(VOICES)]}"
    pitch, room, name = int(random.integers(25, 80)), random.uniform(0.0005, 0.01), f"s{number:02d}"
    said = [word for word in WORDS for _ in range(TAKES["word"])]
    said += list(random.choice(OTHERS, TAKES["other"], replace=False))
    for word in said:
        speech = speak(str(word), voice, pitch, int(random.integers(120, 200)))
        label = str(word) if word in WORDS else "unknown"
        yield label, _placed(speech, random) + _noise(room, random), name
    for _ in range(TAKES["noise"]):
        yield "noise", _noise(room * random.choice([0.1, 1, 5]), random), name


def speak(text: str, voice: str, pitch: int, words_a_minute: int) -> Signal:
    """What espeak-ng says, at 16 kHz, without silence before and behind; the loudest sample is 1."""
    command = ["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(words_a_minute), "--stdout", text]
    try:
        spoken = subprocess.run(command, check=True, capture_output=True).stdout
    except FileNotFoundError:
        raise RuntimeError("espeak-ng is not installed: apt install espeak-ng") from None
    with wave.open(io.BytesIO(spoken)) as file:
        rate_hz, data = file.getframerate(), file.readframes(1 << 30)
    samples = np.frombuffer(data, "<i2").astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return _resampled(samples[loud[0] : loud[-1] + 1], rate_hz)


def _resampled(samples: Signal, rate_hz: int) -> Signal:
    """At 16 kHz: the spectrum up to 8 kHz, and nothing above."""
    count = round(samples.size * RATE_HZ / rate_hz)
    resampled = np.fft.irfft(np.fft.rfft(samples)[: count // 2 + 1], count)
    return resampled / np.abs(resampled).max()


def _placed(speech: Signal, random: np.random.Generator) -> Signal:
    """Somewhere in the second, near or far."""
    speech = speech[:LENGTH]
    start = int(random.integers(0, LENGTH - speech.size + 1))
    signal = np.zeros(LENGTH)
    signal[start : start + speech.size] = speech * 10 ** random.uniform(-1.2, -0.1)
    return signal


def _noise(level: float, random: np.random.Generator) -> Signal:
    """Between white and brown, with some hum of the mains."""
    spectrum = np.fft.rfft(random.normal(size=LENGTH))
    hertz = np.fft.rfftfreq(LENGTH, 1 / RATE_HZ)
    colour = np.fft.irfft(spectrum / np.maximum(hertz, 50) ** random.uniform(0, 1), LENGTH)
    hum = np.sin(2 * np.pi * (50 * np.arange(LENGTH) / RATE_HZ + random.uniform()))
    return level * (colour / colour.std() + random.uniform(0, 0.5) * hum)

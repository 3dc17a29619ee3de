"""Spoken words at 8 kHz: from Speech Commands where it lies beside the contract, else from the synthesiser espeak-ng.

Speech Commands (P. Warden, arXiv:1804.03209): unpack it into `speech_commands/`, so that there are
`speech_commands/yes/SPEAKER_nohash_0.wav` and `speech_commands/_background_noise_/`. Speakers are the groups.

Synthesised: a speaker is an accent with a voice, a pitch and a tempo of its own. Each word is said several times, and
placed in a clip with background noise. Clips are kept in `.mlforge/words.npz`: delete it after a change of this file.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
RATE_HZ = 8000
CLIP = round(1.3 * RATE_HZ)  # four windows of the contract, each with the whole word in it
WORDS = ("yes", "no")
OTHERS = ("up", "down", "left", "right", "go", "stop", "house", "seven", "marvin", "know", "guess", "mess")
ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029")
VOICES = ("m1", "m3", "m7", "f1", "f2", "f4")
SPEAKERS = 24
SAID, NOISES = 8, 16  # clips of each word, and of noise alone, of each speaker

Signal = NDArray[np.float32]


def recordings() -> dict[str, list]:
    """The data set: `x` clips [samples, 1], `y` labels, `speaker`."""
    directory = HERE / "speech_commands"
    if directory.is_dir():
        return speech_commands(directory)
    kept = HERE / ".mlforge" / "words.npz"
    if not kept.is_file():
        _keep(synthesised(), kept)
    with np.load(kept) as stored:
        clips = stored["x"].astype(np.float32) / 32768
        return {"x": list(clips[:, :, None]), "y": stored["y"].tolist(), "speaker": stored["speaker"].tolist()}


def _keep(found: dict[str, list], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    clips = np.rint(np.stack(found["x"])[:, :, 0] * 32767).astype(np.int16)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, x=clips, y=np.array(found["y"]), speaker=np.array(found["speaker"]))
    part.replace(path)


def synthesised() -> dict[str, list]:
    if shutil.which("espeak-ng") is None:
        raise RuntimeError(
            "espeak-ng is not installed (sudo apt install espeak-ng), and no speech_commands/ is beside the contract"
        )
    found: dict[str, list] = {"x": [], "y": [], "speaker": []}
    for number in range(SPEAKERS):
        rng = np.random.default_rng([8, number])
        said = [(word, word) for word in WORDS for _ in range(SAID)]
        said += [(word, "unknown") for word in OTHERS for _ in range(2)]
        said += [("", "noise")] * NOISES
        for word, label in said:
            spoken = speech(word, number, rng) if word else np.zeros(0, np.float32)
            found["x"].append(clip(spoken, rng)[:, None])
            found["y"].append(label)
            found["speaker"].append(f"s{number:02d}")
    return found


def speech(word: str, speaker: int, rng: np.random.Generator) -> Signal:
    """One word by espeak-ng, at 8 kHz, its peak 1. Pitch and tempo are the speaker's, and vary a little."""
    own = np.random.default_rng(speaker)
    voice = f"{ACCENTS[speaker % len(ACCENTS)]}+{VOICES[(speaker // len(ACCENTS) + speaker) % len(VOICES)]}"
    pitch = round(np.clip(own.uniform(25, 75) + rng.normal(0, 8), 0, 99))
    tempo = round(own.uniform(130, 190) * rng.uniform(0.9, 1.1))
    command = ["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(tempo), "--stdout", word]
    told = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(told)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
        resampled = at_rate(samples, file.getframerate())
    loud = np.flatnonzero(np.abs(resampled) > 0.02 * np.abs(resampled).max())
    word_alone = resampled[loud[0] : loud[-1] + 1]
    return (word_alone / np.abs(word_alone).max()).astype(np.float32)


def at_rate(samples: NDArray[np.float64], rate_hz: int) -> NDArray[np.float64]:
    """At 8 kHz: a windowed sinc below 3.6 kHz, then interpolated."""
    taps = np.arange(-64, 65)
    low_pass = np.sinc(2 * 3600 / rate_hz * taps) * np.hamming(len(taps))
    smooth = np.convolve(samples, low_pass / low_pass.sum(), mode="same") if rate_hz > RATE_HZ else samples
    times = np.arange(int(len(smooth) * RATE_HZ / rate_hz)) * rate_hz / RATE_HZ
    return np.interp(times, np.arange(len(smooth)), smooth)


def clip(spoken: Signal, rng: np.random.Generator) -> Signal:
    """A word somewhere from 0.3 s on, where all windows see the whole of it, at a random level above noise and hum."""
    time_s = np.arange(CLIP) / RATE_HZ
    white = rng.normal(size=CLIP)
    brown = np.convolve(white, np.full(32, 1 / 6), mode="same")
    noise = rng.uniform(0.3, 1) * white + rng.uniform(0, 2) * brown
    noise += rng.uniform(0, 0.5) * np.sin(2 * np.pi * rng.uniform(45, 120) * time_s)
    made = noise * 10 ** rng.uniform(-3.2, -1.6)
    last = max(round(0.3 * RATE_HZ), RATE_HZ - len(spoken))
    start = rng.integers(round(0.3 * RATE_HZ), last + 1)
    spoken = spoken[: CLIP - start]
    made[start : start + len(spoken)] += spoken * rng.uniform(0.15, 0.8)
    return np.clip(made, -1, 1).astype(np.float32)


def speech_commands(directory: Path) -> dict[str, list]:
    """The real words: others than ours are `unknown`, 20 of each speaker at most; background is cut into clips."""
    found: dict[str, list] = {"x": [], "y": [], "speaker": []}
    rng, unknown = np.random.default_rng(0), dict[str, int]()
    for folder in sorted(path for path in directory.iterdir() if path.is_dir()):
        for path in sorted(folder.glob("*.wav")):
            samples = read(path)
            if folder.name == "_background_noise_":
                pieces = [samples[at : at + CLIP] for at in range(0, len(samples) - CLIP, CLIP)]
                for index, piece in enumerate(pieces):
                    _add(found, piece, "noise", f"background-{path.stem}-{index % 10}")
                continue
            speaker = path.stem.split("_", 1)[0]
            label = folder.name if folder.name in WORDS else "unknown"
            if label == "unknown":
                unknown[speaker] = unknown.get(speaker, 0) + 1
                if unknown[speaker] > 20:
                    continue
            lead = rng.normal(0, 1e-3, CLIP - min(len(samples), RATE_HZ)).astype(np.float32)
            _add(found, np.concatenate([lead, samples[:RATE_HZ]]), label, speaker)
    return found


def _add(found: dict[str, list], samples: Signal, label: str, speaker: str) -> None:
    found["x"].append(samples[:CLIP, None])
    found["y"].append(label)
    found["speaker"].append(speaker)


def read(path: Path) -> Signal:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
        return at_rate(samples, file.getframerate()).astype(np.float32)

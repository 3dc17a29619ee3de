"""Installs a wheel of TensorFlow Lite Micro below the cache, and asks its interpreter for the outputs of many models.

The wheels lie in directories of their own: two versions cannot live in one environment, and one of them would bring
TensorFlow along.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.toolchain.sources import cache_directory

HERE = Path(__file__).parent
Arrays: TypeAlias = Sequence[NDArray[np.generic]]  # one for each input or output, vectors first
Question: TypeAlias = tuple[bytes, Arrays]  # a model, and its inputs


@dataclass(frozen=True, slots=True)
class Refusal:
    """TensorFlow Lite Micro does not run the model."""

    reason: str


@dataclass(frozen=True, slots=True)
class Oracle:
    """`place` is the directory that the wheel lies in."""

    place: Path

    def answers(self, questions: Sequence[Question]) -> list[list[NDArray[np.generic]] | Refusal]:
        """The outputs for each question, in its order."""
        with tempfile.TemporaryDirectory() as directory:
            batch = Path(directory)
            for number, (model, inputs) in enumerate(questions):
                (batch / f"{number:05d}.tflite").write_bytes(model)
                np.savez(
                    batch / f"{number:05d}.npz",
                    allow_pickle=False,
                    **{f"x{i}": array for i, array in enumerate(inputs)},
                )
            self._run(batch, len(questions))
            return [_answer(batch / f"{number:05d}") for number in range(len(questions))]

    def _run(self, batch: Path, count: int) -> None:
        """Whatever ends the process is an answer, too; the next process goes on behind it."""
        first = 0
        while first < count:
            command = [sys.executable, "-W", "ignore", *map(str, (HERE / "serve.py", self.place, batch, first))]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
            missing = [n for n in range(first, count) if not _is_answered(batch / f"{n:05d}")]
            if not missing:
                return
            died = batch / f"{missing[0]:05d}"
            said = died.with_suffix(".log").read_text() if died.with_suffix(".log").exists() else done.stderr
            if "Traceback" in said or "Traceback" in done.stderr:
                raise RuntimeError(f"the oracle failed: {said[-2000:]}")
            died.with_suffix(".refused").write_text(f"it ended with the status {done.returncode}")
            first = missing[0] + 1


def _is_answered(stem: Path) -> bool:
    return stem.with_suffix(".out.npz").exists() or stem.with_suffix(".refused").exists()


def _answer(stem: Path) -> list[NDArray[np.generic]] | Refusal:
    refused = stem.with_suffix(".refused")
    if refused.exists():
        said = stem.with_suffix(".log").read_text().strip().splitlines()
        return Refusal(": ".join([refused.read_text(), *said[:1]]))
    with np.load(stem.with_suffix(".out.npz")) as file:
        return [file[f"y{index}"] for index in range(len(file.files))]


def install(pins: str) -> Oracle:
    """The oracle of `pins`, a requirements file beside this one. Raises RuntimeError where it cannot be installed."""
    text = (HERE / pins).read_bytes()
    name = hashlib.sha256(text + sys.version.encode()).hexdigest()[:16]
    place = cache_directory() / "tflm-wheels" / name
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=place.parent))
        command = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [sys.executable, *command, "--target", str(unfinished), "-r", str(HERE / pins)],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(unfinished)
            raise RuntimeError(f"{pins} cannot be installed: {done.stderr.strip()[-500:]}")
        try:
            unfinished.rename(place)
        except OSError:  # another worker was faster
            shutil.rmtree(unfinished)
    return Oracle(place)

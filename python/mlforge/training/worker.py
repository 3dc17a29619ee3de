"""The worker process: does one job in a fresh interpreter, so that nothing of an earlier training can leak into it.

What it prints goes to a log that the parent holds. It dies with its parent. Importing this module is cheap: TensorFlow
is imported inside `main`, once the output is redirected.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import re
import signal
import tempfile
import threading
import time
import traceback
import zipfile
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, TypeAlias

from mlforge.errors import ForgeError
from mlforge.training.request import Floats, TrainingRequest, TrainingResult

READY: Final = "ready"
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A job: what a saved float model answers to `x`, float32 [N, *input_shape]."""

    keras: bytes
    x: Floats


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a job that failed. `expected` where a ForgeError said why; otherwise the reason is an exception."""

    reason: str
    expected: bool


Job: TypeAlias = TrainingRequest | Prediction
Answer: TypeAlias = TrainingResult | Floats | Refusal


def main(jobs: Connection, lifeline: Connection, log: Connection, parent: int, keras_home: str) -> None:
    """Says READY once TensorFlow is there, takes one job, answers, ends. `log` is a file in a Connection's clothes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    _die_with(parent, lifeline)
    _environment(keras_home)
    try:
        import mlforge.training.fit
        import mlforge.training.quantise  # noqa: F401

        jobs.send(READY)
        job = jobs.recv()
    except EOFError:
        return  # a spare that was never needed
    try:
        answer: Answer = _do(job)
    except ForgeError as error:
        answer = Refusal(str(error), expected=True)
    except Exception as error:
        traceback.print_exc()
        answer = Refusal(f"{type(error).__name__}: {error}", expected=False)
    jobs.send(answer)


def _die_with(parent: int, lifeline: Connection) -> None:
    """By the kernel's signal, and by the end of the pipe that only the parent holds open."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)

    def watch() -> None:
        try:
            lifeline.recv_bytes()
        except (EOFError, OSError):
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _environment(keras_home: str) -> None:
    """Before TensorFlow is imported: no GPU, one thread, results that do not depend on oneDNN's choice of kernels."""
    os.environ.update(
        CUDA_VISIBLE_DEVICES="-1",
        KERAS_BACKEND="tensorflow",
        KERAS_HOME=keras_home,
        OMP_NUM_THREADS="1",
        TF_CPP_MIN_LOG_LEVEL="1",
        TF_ENABLE_ONEDNN_OPTS="0",
    )


def _do(job: Job) -> Answer:
    return _train(job) if isinstance(job, TrainingRequest) else _predict(job)


def _train(request: TrainingRequest) -> TrainingResult:
    from mlforge.training.build import build
    from mlforge.training.fit import fit, make_deterministic, predict
    from mlforge.training.quantise import quantise, representative

    start = time.monotonic()
    make_deterministic(request.recipe.seed)
    model = build(request.architecture, request.recipe.seed)
    built = time.monotonic()
    fitted = fit(model, request)
    outputs = predict(model, request.x_validate)
    trained = time.monotonic()
    tflite = quantise(model, representative(request))
    return TrainingResult(
        tflite=tflite,
        keras=_saved(model),
        validation_outputs=outputs,
        epochs_run=len(fitted.history),
        best_epoch=fitted.best_epoch,
        history=fitted.history,
        seconds={"build": built - start, "fit": trained - built, "quantise": time.monotonic() - trained},
    )


def _predict(job: Prediction) -> Floats:
    import keras

    from mlforge.training.fit import make_deterministic, predict

    make_deterministic(0)
    with tempfile.TemporaryDirectory(prefix="mlforge-") as place:
        path = Path(place) / "model.keras"
        path.write_bytes(job.keras)
        return predict(keras.saving.load_model(path, compile=False), job.x)


def _saved(model: object) -> bytes:
    """The model as a `.keras` archive, without what Keras writes into it of the time and of memory addresses."""
    from keras.src.saving import saving_lib

    archive, clean = io.BytesIO(), io.BytesIO()
    saving_lib.save_model(model, archive)
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "metadata.json":
                kept = {key: value for key, value in json.loads(content).items() if key != "date_saved"}
                content = json.dumps(kept, sort_keys=True).encode()
            elif name == "config.json":
                content = _renumbered(content.decode()).encode()
            target.writestr(zipfile.ZipInfo(name), content)
    return clean.getvalue()


def _renumbered(config: str) -> str:
    """Keras tells shared objects apart by their addresses; count them instead."""
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"{match[1]}{numbers.setdefault(match[2], len(numbers))}"

    return re.sub(r'("shared_object_id": )(\d+)', number, config)

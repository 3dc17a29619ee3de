"""The worker process: does one job in a fresh interpreter, so that nothing of an earlier training can leak into it.

What it prints goes to a log that the parent holds. It dies with its parent. Importing this module is cheap: TensorFlow
is imported inside `main`, once the output is redirected.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final, TypeAlias

from mlforge.errors import ForgeError
from mlforge.records.trial import Epoch
from mlforge.training.floats import Quantisation
from mlforge.training.methods import Requantisation, Shrinking, Variant
from mlforge.training.request import Floats, Stopped, TrainingRequest, TrainingResult

if TYPE_CHECKING:
    import keras

    from mlforge.training.distil import Lessons

READY: Final = "ready"
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A job: what a saved float model answers to `x`, float32 [N, *input_shape]."""

    keras: bytes
    x: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A job: a training that asks after each of `rungs` epochs whether to go on, by a Report, and waits for a bool."""

    request: TrainingRequest
    rungs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """How far a watched training has come."""

    history: tuple[Epoch, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a job that failed. `expected` where a ForgeError said why; otherwise the reason is an exception."""

    reason: str
    expected: bool


Job: TypeAlias = TrainingRequest | Watched | Prediction | Requantisation | Shrinking | Quantisation
Answer: TypeAlias = TrainingResult | Stopped | Floats | tuple[Variant, ...] | bytes | Refusal


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
        answer: Answer = _do(job, jobs)
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


def _do(job: Job, jobs: Connection) -> Answer:
    match job:
        case TrainingRequest():
            return _train(job)
        case Watched():
            return _train(job.request, lambda history: _go_on(jobs, job.rungs, history))
        case Prediction():
            return _predict(job)
        case Requantisation():
            from mlforge.training.tune import requantised

            return requantised(job)
        case Shrinking():
            from mlforge.training.tune import shrunk

            return shrunk(job)
        case Quantisation():
            from mlforge.training.quantise_floats import quantised

            return quantised(job)


def _go_on(jobs: Connection, rungs: tuple[int, ...], history: tuple[Epoch, ...]) -> bool:
    """Asks the parent at a rung."""
    if len(history) not in rungs:
        return True
    jobs.send(Report(history))
    return bool(jobs.recv())


def _train(
    request: TrainingRequest, look: Callable[[tuple[Epoch, ...]], bool] = lambda _: True
) -> TrainingResult | Stopped:
    from mlforge.training.archive import saved
    from mlforge.training.build import build
    from mlforge.training.fit import fit, make_deterministic, predict
    from mlforge.training.quantise import quantise, representative

    start = time.monotonic()
    make_deterministic(request.recipe.seed)
    model = build(request.architecture, request.recipe.seed)
    inherited = _inherited(model, request)
    built = time.monotonic()
    fitted = fit(model, request, _lessons(request), look)
    if fitted.stopped:
        return Stopped(fitted.history, inherited)
    outputs = predict(model, request.x_validate)
    trained = time.monotonic()
    tflite = quantise(model, representative(request))
    return TrainingResult(
        tflite=tflite,
        keras=saved(model),
        validation_outputs=outputs,
        epochs_run=len(fitted.history),
        best_epoch=fitted.best_epoch,
        history=fitted.history,
        inherited=inherited,
        seconds={"build": built - start, "fit": trained - built, "quantise": time.monotonic() - trained},
    )


def _inherited(model: keras.Model, request: TrainingRequest) -> tuple[str, ...]:
    """The layers that begin with what an earlier network has learnt, in the unit of training."""
    if not request.initial:
        return ()
    from mlforge.training.archive import loaded
    from mlforge.training.inherit import inherit, weights_of
    from mlforge.training.targets import unit_of
    from mlforge.training.topology import OUTPUTS

    taken = inherit(model, weights_of(loaded(request.initial)))
    if OUTPUTS in taken:
        outputs = model.get_layer(OUTPUTS)
        outputs.set_weights(unit_of(request).learnt(*outputs.get_weights()))
    return taken


def _lessons(request: TrainingRequest) -> Lessons | None:
    if not request.teacher:
        return None
    from mlforge.training.archive import loaded
    from mlforge.training.distil import Lessons

    return Lessons(loaded(request.teacher), request)


def _predict(job: Prediction) -> Floats:
    from mlforge.training.archive import loaded
    from mlforge.training.fit import make_deterministic, predict

    make_deterministic(0)
    return predict(loaded(job.keras), job.x)

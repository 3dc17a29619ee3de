"""The worker processes: each does one job in a fresh copy of a process that has imported TensorFlow and done nothing
with it, so that nothing of an earlier training can leak into it.

What they print goes to logs that the parent holds. They die with their parent. Importing this module is cheap:
TensorFlow is imported inside `fork_copies`, once the output is redirected.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final, TypeAlias

from mlforge.errors import ForgeError
from mlforge.records.trial import Epoch
from mlforge.training.cpu import CAP, SETTINGS
from mlforge.training.floats import Comparison, Quantisation, Stages
from mlforge.training.grown import Growing, Grown
from mlforge.training.methods import Requantisation, Shrinking, Variant
from mlforge.training.request import Floats, Stopped, TrainingRequest, TrainingResult

if TYPE_CHECKING:
    import keras

    from mlforge.training.distil import Lessons

ORDER: Final = struct.Struct("=ci")  # COPY, with three descriptors; or END or AWAIT and the number of a copy
COPY, END, AWAIT = b"c", b"e", b"a"
ANSWER: Final = struct.Struct("=i")  # 0 when ready; then the number of the copy, or how it ended
_PATIENCE_S: Final = 5.0
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A job: what a float model, a Keras archive or a `.tflite`, answers to `x`, float32 [N, *input_shape]."""

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


Job: TypeAlias = (
    TrainingRequest | Watched | Prediction | Requantisation | Shrinking | Quantisation | Comparison | Growing
)
Answer: TypeAlias = TrainingResult | Stopped | Floats | tuple[Variant, ...] | bytes | Stages | Grown | Refusal


def fork_copies(control: socket.socket, log: Connection, parent: int, keras_home: str) -> None:
    """Answers 0 once TensorFlow is there, then does as ordered until its parent is gone. `log` is a file in a
    Connection's clothes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    _print_to(log.fileno())
    _die_with(parent)
    _environment(keras_home)
    import mlforge.training.archive
    import mlforge.training.build
    import mlforge.training.fit
    import mlforge.training.quantise  # noqa: F401

    gc.collect()
    gc.freeze()  # the copies share these pages, as long as no collector writes to them
    control.sendall(ANSWER.pack(0))
    while True:
        message, given, _, _ = socket.recv_fds(control, ORDER.size, 3)
        if len(message) < ORDER.size:
            return
        order, pid = ORDER.unpack(message)
        control.sendall(ANSWER.pack(_copy(control, given) if order == COPY else _ended(pid, patient=order == AWAIT)))
        for each in given:
            os.close(each)


def _copy(control: socket.socket, given: list[int]) -> int:
    """The number of a new process, which does one job."""
    server_pid = os.getpid()
    if pid := os.fork():
        return pid
    try:
        control.close()
        jobs, lifeline, log = given
        _print_to(log)
        _die_with(server_pid, Connection(lifeline, writable=False))
        gc.disable()  # it ends after one job, and most of what tracing leaves behind lives until then
        _serve(Connection(jobs))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _ended(pid: int, *, patient: bool) -> int:
    """The exit status of a copy that is ended, or given some seconds to do so itself."""
    deadline = time.monotonic() + (_PATIENCE_S if patient else 0.0)
    ended, status = os.waitpid(pid, os.WNOHANG)
    while not ended:
        if time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            ended, status = os.waitpid(pid, 0)
        else:
            time.sleep(0.01)
            ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status)


def _serve(jobs: Connection) -> None:
    """Takes one job, answers."""
    try:
        job = jobs.recv()
    except EOFError:
        return
    try:
        answer: Answer = _do(job, jobs)
    except ForgeError as error:
        answer = Refusal(str(error), expected=True)
    except Exception as error:
        traceback.print_exc()
        answer = Refusal(f"{type(error).__name__}: {error}", expected=False)
    jobs.send(answer)


def _print_to(log: int) -> None:
    os.dup2(log, 1)
    os.dup2(log, 2)


def _die_with(parent: int, lifeline: Connection | None = None) -> None:
    """By the kernel's signal, and by the end of the pipe that only the parent's parent holds open."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)
    if lifeline is not None:
        threading.Thread(target=_die_at_end_of, args=(lifeline,), daemon=True).start()


def _die_at_end_of(lifeline: Connection) -> None:
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def _environment(keras_home: str) -> None:
    """Before TensorFlow is imported: no GPU, one thread, and the same kernels of oneDNN's on every CPU with AVX2."""
    os.environ.update(
        CUDA_VISIBLE_DEVICES="-1",
        KERAS_BACKEND="tensorflow",
        KERAS_HOME=keras_home,
        OMP_NUM_THREADS="1",
        TF_CPP_MIN_LOG_LEVEL="1",
        TF_ENABLE_ONEDNN_OPTS="1",
        **dict.fromkeys(SETTINGS, CAP),
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
        case Comparison():
            from mlforge.training.compare_floats import compared

            return compared(job)
        case Growing():
            from mlforge.training.grow import grown

            return grown(job)


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
    from mlforge.training.answers import answers_of
    from mlforge.training.distil import Lessons

    return Lessons(answers_of(request.teacher), request)


def _predict(job: Prediction) -> Floats:
    from mlforge.training.answers import answers_of
    from mlforge.training.fit import make_deterministic

    make_deterministic(0)
    return answers_of(job.keras)(job.x)

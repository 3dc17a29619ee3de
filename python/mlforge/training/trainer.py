"""Trainings, each in a process of its own, from a parent that never imports TensorFlow.

Importing TensorFlow takes seconds, so a spare worker does that while its parent measures costs. A worker is used once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import ModuleType, TracebackType
from typing import BinaryIO, Final, Self

import numpy as np

from mlforge.contract import Task
from mlforge.errors import MachineError, TrainingError
from mlforge.records.architecture import Head
from mlforge.toolchain.sources import cache_directory
from mlforge.training import worker
from mlforge.training.floats import Quantisation
from mlforge.training.methods import Requantisation, Shrinking, Variant
from mlforge.training.request import Floats, Labels, Stopped, TrainingRequest, TrainingResult, Watch

START_TIMEOUT_S: Final = 300.0  # importing TensorFlow takes seconds; minutes where a machine is that busy
STARTS: Final = 2  # workers that are started before the machine is given up
_LOG_TAIL_BYTES: Final = 4000
_SPAWN: Final = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    process: SpawnProcess
    jobs: Connection
    lifeline: Connection
    log: BinaryIO

    def log_tail(self) -> str:
        size = self.log.seek(0, os.SEEK_END)
        self.log.seek(max(0, size - _LOG_TAIL_BYTES))
        return self.log.read().decode(errors="replace")

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.process.close()
        for end in (self.jobs, self.lifeline, self.log):
            end.close()


class Trainer:
    """Trains and predicts in fresh worker processes; a context manager that keeps one spare worker warm.

    May be used from several threads at once; each call has a worker of its own. Where no worker can be started at all,
    each call raises MachineError: that says nothing of the request.
    """

    def __init__(self, *, timeout_s: float = 600.0) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._spare: _Worker | None = None
        self._busy: set[_Worker] = set()
        self._closed = False
        # The kernel ends a worker together with the thread that started it, so that thread must outlive every call.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="mlforge-training")

    def __enter__(self) -> Self:
        self.warm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Starts the spare worker, unless there is one; does not wait for it to be ready."""
        with self._lock:
            if self._spare is None and not self._closed:
                self._spare = self._starter.submit(_start).result()

    def close(self) -> None:
        """Ends all workers; a call under way in another thread ends with a TrainingError. No call may follow."""
        with self._lock:
            self._closed = True
            spare, self._spare = self._spare, None
            for busy in self._busy:
                busy.process.kill()
        if spare is not None:
            spare.end()
        self._starter.shutdown()

    def train(self, request: TrainingRequest) -> TrainingResult:
        """Trains and quantises. The same request gives the same bytes.

        Raises:
            TrainingError: the request cannot be trained, training diverged, or the worker crashed or took too long.
        """
        _check(request)
        answer = self._do(request)
        if not isinstance(answer, TrainingResult):
            raise TrainingError(f"the worker answered with {type(answer).__name__} instead of a result")
        return answer

    def train_watched(self, request: TrainingRequest, watch: Watch) -> TrainingResult | Stopped:
        """As `train`, but `watch` may end the training at its rungs. Watching changes no result.

        Raises:
            TrainingError: as for `train`. What `watch` raises is passed on.
        """
        _check(request)
        answer = self._do(worker.Watched(request, watch.rungs), watch)
        if not isinstance(answer, TrainingResult | Stopped):
            raise TrainingError(f"the worker answered with {type(answer).__name__} instead of a result")
        return answer

    def predict(self, keras: bytes, x: Floats) -> Floats:
        """The float model's outputs [N, outputs] for `x`, float32 [N, *input_shape]. Raises TrainingError."""
        answer = self._do(worker.Prediction(keras, np.ascontiguousarray(x, np.float32)))
        if not isinstance(answer, np.ndarray):
            raise TrainingError(f"the worker answered with {type(answer).__name__} instead of outputs")
        return answer

    def requantise(self, job: Requantisation) -> tuple[Variant, ...]:
        """Other ways to int8 for a trained network, in the order asked for. The same job gives the same bytes.

        Raises:
            TrainingError: as for `train`.
        """
        _check(job.request)
        answer = self._do(job)
        if not isinstance(answer, tuple):
            raise TrainingError(f"the worker answered with {type(answer).__name__} instead of variants")
        return answer

    def shrink(self, job: Shrinking) -> TrainingResult:
        """A trained network with fewer channels. The same job gives the same bytes. Raises TrainingError."""
        _check(job.request)
        answer = self._do(job)
        if not isinstance(answer, TrainingResult):
            raise TrainingError(f"the worker answered with {type(answer).__name__} instead of a result")
        return answer

    def quantise(self, job: Quantisation) -> bytes:
        """A float model that a user brings, as an int8 `.tflite`. The same job gives the same bytes.

        Raises:
            TrainingError: it cannot be quantised, or the worker crashed or took too long.
        """
        answer = self._do(job, spare=False)
        if not isinstance(answer, bytes):
            raise TrainingError(f"the worker answered with {type(answer).__name__} instead of a model")
        return answer

    def _do(self, job: worker.Job, watch: Watch | None = None, *, spare: bool = True) -> worker.Answer:
        current = self._ready()
        try:
            try:
                current.jobs.send(job)
            except OSError as error:
                raise _died(current, "starting") from error
            if spare:
                self.warm()
            answer = _receive(current, self._timeout_s, "training")
            while isinstance(answer, worker.Report):
                current.jobs.send(watch is None or watch.goes_on(answer.history))
                answer = _receive(current, self._timeout_s, "training")
            if isinstance(answer, worker.Refusal):
                raise TrainingError(answer.reason, log="" if answer.expected else current.log_tail())
            return answer
        except TrainingError as error:
            if self._closed:
                raise TrainingError("the trainer was closed") from error
            raise
        finally:
            self._end(current)

    def _ready(self) -> _Worker:
        """A worker that waits for its job. Raises MachineError where none gets that far, TrainingError where the
        trainer is closed."""
        failures: list[TrainingError] = []
        while len(failures) < STARTS:
            current = self._take()
            try:
                _receive(current, START_TIMEOUT_S, "starting")
            except TrainingError as error:
                self._end(current)
                failures.append(error)
            except BaseException:
                self._end(current)
                raise
            else:
                return current
            if self._closed:
                raise TrainingError("the trainer was closed") from failures[-1]
        raise MachineError(
            f"{STARTS} training workers in a row did not start: {failures[-1].message}",
            log=failures[-1].log,
            hint=failures[-1].hint
            or "let the machine finish what else it does, or set search.workers to 1; then resume",
        ) from failures[-1]

    def _end(self, current: _Worker) -> None:
        with self._lock:
            self._busy.discard(current)
        current.end()

    def _take(self) -> _Worker:
        """The spare, or a new worker where there is none or it has died."""
        with self._lock:
            if self._closed:
                raise TrainingError("the trainer was closed")
            current, self._spare = self._spare, None
            if current is not None and not current.process.is_alive():
                current.end()
                current = None
            if current is None:
                current = self._starter.submit(_start).result()
            self._busy.add(current)
            return current


def _start() -> _Worker:
    """Starts a worker with SIGINT blocked, so that Ctrl-C in the terminal reaches the parent alone."""
    jobs, their_jobs = _SPAWN.Pipe()
    their_lifeline, lifeline = _SPAWN.Pipe(duplex=False)
    log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
    their_log = Connection(os.dup(log.fileno()), readable=False)
    home = cache_directory() / "keras"
    home.mkdir(parents=True, exist_ok=True)
    arguments = (their_jobs, their_lifeline, their_log, os.getpid(), str(home))
    process = _SPAWN.Process(target=worker.main, args=arguments, name="mlforge-training", daemon=True)
    resource_tracker.ensure_running()  # else start() would start it, and unblock the signal
    before, main = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}), sys.modules["__main__"]
    # A spawned process runs its parent's main module again, whatever that may import or do. A worker has no use for it.
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = main
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    for end in (their_jobs, their_lifeline, their_log):
        end.close()
    return _Worker(process, jobs, lifeline, log)


def _receive(current: _Worker, timeout_s: float, doing: str) -> worker.Answer | worker.Report:
    deadline = time.monotonic() + timeout_s
    if not wait([current.jobs], max(0.0, deadline - time.monotonic())):
        raise TrainingError(
            f"the worker was still {doing} after {timeout_s:g} s and was stopped", log=current.log_tail()
        )
    try:
        answer: worker.Answer | worker.Report = current.jobs.recv()
    except (EOFError, OSError) as error:
        raise _died(current, doing) from error
    return answer


def _died(current: _Worker, doing: str) -> TrainingError:
    current.process.join(5)
    status = current.process.exitcode
    how = f"by {signal.Signals(-status).name}" if status is not None and status < 0 else f"with status {status}"
    hint = "the machine may have run out of memory" if status == -signal.SIGKILL else ""
    return TrainingError(f"the worker died {how} while {doing}", log=current.log_tail(), hint=hint)


def _check(request: TrainingRequest) -> None:
    """Refuses what would fail late or train on nonsense."""
    shape, recipe = request.architecture.input_shape, request.recipe
    if min(recipe.epochs, recipe.batch_size, recipe.representative_count) < 1:
        raise TrainingError(f"epochs, batch size and representative count must be at least 1: {recipe}")
    if (request.task is Task.CLASSIFICATION) is not (request.architecture.head is Head.SOFTMAX):
        raise TrainingError(f"a {request.architecture.head} head does not fit the task {request.task}")
    if request.task is Task.ANOMALY and request.architecture.outputs != prod(shape):
        raise TrainingError(f"an autoencoder of {prod(shape)} inputs has {request.architecture.outputs} outputs")
    for name, x, y in (
        ("training", request.x_train, request.y_train),
        ("validation", request.x_validate, request.y_validate),
    ):
        if x.dtype != np.float32 or x.shape[1:] != shape or not len(x):
            raise TrainingError(f"{name} examples are {x.dtype} {x.shape}, expected float32 (N, *{shape})")
        if not np.isfinite(x).all():
            raise TrainingError(f"{name} examples hold values that are not finite")
        if request.task is not Task.ANOMALY:
            _check_labels(name, len(x), y, request)


def _check_labels(name: str, count: int, y: Labels, request: TrainingRequest) -> None:
    outputs = request.architecture.outputs
    if len(y) != count:
        raise TrainingError(f"{count} {name} examples, but {len(y)} labels")
    if request.task is Task.REGRESSION:
        if y.size != count * outputs or not np.isfinite(y).all():
            raise TrainingError(f"{name} values are {y.shape}, expected finite ({count}, {outputs})")
    elif not np.issubdtype(y.dtype, np.integer) or y.ndim != 1 or y.min() < 0 or y.max() >= outputs:
        raise TrainingError(f"{name} labels are {y.dtype} {y.shape}, expected whole numbers from 0 to {outputs - 1}")

"""Trainings, each in a process of its own, from a parent that never imports TensorFlow.

One process beside it does that, while data are prepared and costs measured; each job runs in a copy of it, which is
used once (see `fork_server`).
"""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from math import prod
from multiprocessing.connection import wait
from types import TracebackType
from typing import Final, Self

import numpy as np

from mlforge.contract import Task
from mlforge.errors import MachineError, TrainingError
from mlforge.records.architecture import Head
from mlforge.training import worker
from mlforge.training.floats import Comparison, Quantisation, Stages
from mlforge.training.fork_server import ForkServer, Worker
from mlforge.training.grown import Growing, Grown
from mlforge.training.methods import Requantisation, Shrinking, Variant
from mlforge.training.request import Floats, Labels, Stopped, TrainingRequest, TrainingResult, Watch

START_TIMEOUT_S: Final = 300.0  # importing TensorFlow takes seconds; minutes where a machine is that busy
STARTS: Final = 2  # attempts to start what trains before the machine is given up


class Trainer:
    """Trains and predicts in fresh worker processes; entered as a context manager, it begins to load TensorFlow.

    May be used from several threads at once; each call has a worker of its own. Where no worker can be started at all,
    each call raises MachineError: that says nothing of the request.
    """

    def __init__(self, *, timeout_s: float = 600.0) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._server: ForkServer | None = None
        self._busy: set[Worker] = set()
        self._closed = False
        # The kernel ends a process together with the thread that started it, so that thread must outlive every call.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="mlforge-training")

    def __enter__(self) -> Self:
        self.warm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Starts what loads TensorFlow, unless it runs; does not wait for it."""
        with self._lock:
            if not self._closed:
                self._living()

    def close(self) -> None:
        """Ends all workers; a call under way in another thread ends with a TrainingError. No call may follow."""
        with self._lock:
            self._closed = True
            server, self._server = self._server, None
            busy = list(self._busy)
        if server is not None:
            for one in busy:
                server.kill(one)
            server.close()
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

    def grow(self, request: TrainingRequest) -> Grown:
        """Trees. The same request gives the same text.

        Raises:
            TrainingError: as for `train`; or LightGBM is not installed.
        """
        _check(request)
        answer = self._do(Growing(request))
        if not isinstance(answer, Grown):
            raise TrainingError(f"the worker answered with {type(answer).__name__} instead of trees")
        return answer

    def compare(self, job: Comparison) -> Stages:
        """What a float model and its int8 model compute of the same examples. Raises TrainingError."""
        answer = self._do(job)
        if not isinstance(answer, Stages):
            raise TrainingError(f"the worker answered with {type(answer).__name__} instead of outputs")
        return answer

    def quantise(self, job: Quantisation) -> bytes:
        """A float model that a user brings, as an int8 `.tflite`. The same job gives the same bytes.

        Raises:
            TrainingError: it cannot be quantised, or the worker crashed or took too long.
        """
        answer = self._do(job)
        if not isinstance(answer, bytes):
            raise TrainingError(f"the worker answered with {type(answer).__name__} instead of a model")
        return answer

    def _do(self, job: worker.Job, watch: Watch | None = None) -> worker.Answer:
        server, current = self._ready()
        try:
            try:
                current.jobs.send(job)
            except OSError as error:
                raise _died(server, current, "starting") from error
            answer = _receive(server, current, self._timeout_s)
            while isinstance(answer, worker.Report):
                current.jobs.send(watch is None or watch.goes_on(answer.history))
                answer = _receive(server, current, self._timeout_s)
            if isinstance(answer, worker.Refusal):
                raise TrainingError(answer.reason, log="" if answer.expected else current.log_tail())
            return answer
        except TrainingError as error:
            if self._closed:
                raise TrainingError("the trainer was closed") from error
            raise
        finally:
            with self._lock:
                self._busy.discard(current)
            server.ended(current)
            current.close()

    def _ready(self) -> tuple[ForkServer, Worker]:
        """A worker that waits for its job. Raises MachineError where none gets that far, TrainingError where the
        trainer is closed."""
        reason, log, hint = "", "", ""
        for _ in range(STARTS):
            server = self._open_server()
            try:
                current = server.worker(START_TIMEOUT_S)
            except TimeoutError:
                reason, hint = f"the worker was still starting after {START_TIMEOUT_S:g} s and was stopped", ""
            except EOFError:
                self._open_server()
                reason, hint = _how(server.close(), "starting")
            else:
                return server, self._admitted(server, current)
            self._give_up(server)
            log = server.last_words
        raise MachineError(
            f"{STARTS} training workers in a row did not start: {reason}",
            log=log,
            hint=hint or "let the machine finish what else it does, or set search.workers to 1; then resume",
        )

    def _open_server(self) -> ForkServer:
        """Raises TrainingError where the trainer is closed."""
        with self._lock:
            if self._closed:
                raise TrainingError("the trainer was closed")
            return self._living()

    def _admitted(self, server: ForkServer, current: Worker) -> Worker:
        """Notes a worker as busy, so that `close` ends it. Raises TrainingError where the trainer is closed already."""
        with self._lock:
            if not self._closed:
                self._busy.add(current)
                return current
        server.ended(current)
        current.close()
        raise TrainingError("the trainer was closed")

    def _living(self) -> ForkServer:
        """The fork server, or a new one where there is none or it has died. Needs the lock."""
        if self._server is not None and not self._server.alive:
            self._server.close()
            self._server = None
        if self._server is None:
            self._server = self._starter.submit(ForkServer).result()
        return self._server

    def _give_up(self, server: ForkServer) -> None:
        with self._lock:
            if self._server is server:
                self._server = None
        server.close()


def _receive(server: ForkServer, current: Worker, timeout_s: float) -> worker.Answer | worker.Report:
    if not wait([current.jobs], timeout_s):
        raise TrainingError(
            f"the worker was still training after {timeout_s:g} s and was stopped", log=current.log_tail()
        )
    try:
        answer: worker.Answer | worker.Report = current.jobs.recv()
    except (EOFError, OSError) as error:
        raise _died(server, current, "training") from error
    return answer


def _died(server: ForkServer, current: Worker, doing: str) -> TrainingError:
    reason, hint = _how(server.ended(current, patient=True), doing)
    return TrainingError(reason, log=current.log_tail(), hint=hint)


def _how(status: int, doing: str) -> tuple[str, str]:
    """In words, and what may be done about it."""
    how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
    hint = "the machine may have run out of memory" if status == -signal.SIGKILL else ""
    return f"the worker died {how} while {doing}", hint


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
        elif name == "validation" and len(y) != len(x):
            raise TrainingError(f"{len(x)} validation examples, but {len(y)} flags of anomalies")


def _check_labels(name: str, count: int, y: Labels, request: TrainingRequest) -> None:
    outputs = request.architecture.outputs
    if len(y) != count:
        raise TrainingError(f"{count} {name} examples, but {len(y)} labels")
    if request.task is Task.REGRESSION:
        if y.size != count * outputs or not np.isfinite(y).all():
            raise TrainingError(f"{name} values are {y.shape}, expected finite ({count}, {outputs})")
    elif not np.issubdtype(y.dtype, np.integer) or y.ndim != 1 or y.min() < 0 or y.max() >= outputs:
        raise TrainingError(f"{name} labels are {y.dtype} {y.shape}, expected whole numbers from 0 to {outputs - 1}")

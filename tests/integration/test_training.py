"""The trainer with real worker processes: what it learns, that it repeats itself, and how it ends when things go wrong.

Most tests share one import of TensorFlow, the others pay for it, so requests are tiny.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.contract import AugmentSpec, Task
from mlforge.errors import MachineError, TrainingError
from mlforge.measure.quality import evaluate, reconstruction_error
from mlforge.records.architecture import (
    Architecture,
    Conv,
    Dense,
    Dropout,
    GlobalAveragePool,
    Head,
    Layer,
    SeparableConv,
)
from mlforge.records.quality import Metric, Split, Stage
from mlforge.records.trial import Epoch
from mlforge.training import fork_server
from mlforge.training import trainer as trainer_module
from mlforge.training.request import Recipe, Stopped, TrainingRequest, TrainingResult
from mlforge.training.trainer import Trainer

pytestmark = pytest.mark.requires(packages=("tensorflow",))

LAYERS: tuple[Layer, ...] = (
    Conv(8, (5, 1), (2, 1)),
    SeparableConv(12, (3, 1), (2, 1)),
    Dropout(0.1),
    GlobalAveragePool(),
)


def waves(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy sines of three frequencies: float32 [N, 32, 1, 2], and which frequency it is."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, count)
    phase = random.uniform(0, 6.28, (count, 1, 2))
    x = np.sin(np.arange(32)[None, :, None] * (0.3 + 0.4 * y[:, None, None]) + phase)
    x += 0.3 * random.standard_normal(x.shape)
    return x[:, :, None].astype(np.float32), y.astype(np.int64)


def classification(**recipe: object) -> TrainingRequest:
    x, y = waves(200, 1)
    x_validate, y_validate = waves(60, 2)
    options = {"epochs": 4, "augmentation": AugmentSpec(0.05, 0.1, 2), **recipe}
    architecture = Architecture((32, 1, 2), LAYERS, 3, Head.SOFTMAX)
    return TrainingRequest(
        architecture,
        Task.CLASSIFICATION,
        x,
        y,
        x_validate,
        y_validate,
        Recipe(**options),  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def shared() -> Iterator[Trainer]:
    with Trainer(timeout_s=120) as trainer:
        yield trainer


def test_a_class_is_learnt_and_the_same_request_gives_the_same_bytes(shared: Trainer) -> None:
    request = classification(epochs=15, patience=15, learning_rate=0.01)
    result, again = shared.train(request), shared.train(request)
    assert result.tflite == again.tflite
    assert hashlib.sha256(result.keras).digest() == hashlib.sha256(again.keras).digest()
    assert np.array_equal(result.validation_outputs, again.validation_outputs)
    quality = evaluate(
        result.validation_outputs,
        request.y_validate,
        metric=Metric.ACCURACY,
        stage=Stage.FP32_HOST,
        split=Split.VALIDATE,
    )
    assert quality.value > 0.9
    assert result.epochs_run == len(result.history) <= 15
    assert result.history[result.best_epoch].validation_loss == min(epoch.validation_loss for epoch in result.history)
    assert set(result.seconds) == {"build", "fit", "quantise"}
    outputs = shared.predict(result.keras, request.x_validate)
    np.testing.assert_allclose(outputs, result.validation_outputs, atol=1e-6)


@dataclass
class Watching:
    """Ends a training at the given epoch; 0 never."""

    end: int
    rungs: tuple[int, ...] = (1, 3)
    shown: list[int] = field(default_factory=list)

    def goes_on(self, history: tuple[Epoch, ...]) -> bool:
        self.shown.append(len(history))
        return len(history) != self.end


def test_a_hundred_examples_are_enough_to_learn_from(shared: Trainer) -> None:
    """In batches of the usual size they would be one step an epoch, and this would end at chance."""
    x, y = waves(100, 1)
    request = replace(classification(epochs=20, augmentation=AugmentSpec()), x_train=x, y_train=y)
    result = shared.train(request)
    assert (result.validation_outputs.argmax(axis=1) == request.y_validate).mean() > 0.9


def test_watching_changes_nothing_and_may_end_a_training(shared: Trainer) -> None:
    request = classification()
    patient, strict = Watching(0), Watching(3)
    whole, same, stopped = (
        shared.train(request),
        shared.train_watched(request, patient),
        shared.train_watched(request, strict),
    )
    assert isinstance(same, TrainingResult)
    assert same.tflite == whole.tflite
    assert isinstance(stopped, Stopped)
    losses = [(epoch.loss, epoch.validation_loss) for epoch in whole.history]
    assert [(epoch.loss, epoch.validation_loss) for epoch in stopped.history] == losses[:3]
    assert patient.shown == strict.shown == [1, 3]


def test_another_seed_gives_another_model(shared: Trainer) -> None:
    first, other = (shared.train(classification(epochs=1, seed=seed)) for seed in (1, 2))
    assert first.tflite != other.tflite


def test_values_are_learnt(shared: Trainer) -> None:
    random = np.random.default_rng(3)
    x = random.standard_normal((300, 5)).astype(np.float32)
    y = np.stack([1000 + 300 * (x[:, 0] - x[:, 1]), 0.5 * x[:, 2]], axis=1)  # in units far apart
    architecture = Architecture((5,), (Dense(16),), 2, Head.LINEAR)
    recipe = Recipe(epochs=30, patience=30, learning_rate=0.02, batch_size=32)
    request = TrainingRequest(architecture, Task.REGRESSION, x[:200], y[:200], x[200:], y[200:], recipe)
    result = shared.train(request)
    assert (np.square(result.validation_outputs - y[200:]).mean(axis=0) < 0.1 * y.var(axis=0)).all()
    # Another training that begins with this one's weights, and hardly moves: it answers the same, in the same units.
    still = Recipe(epochs=1, learning_rate=1e-9, batch_size=32, seed=2)
    again = shared.train(replace(request, recipe=still, initial=result.keras))
    assert again.inherited == ("l0_dense", "outputs")
    assert np.allclose(again.validation_outputs, result.validation_outputs, rtol=1e-3, atol=1e-3)


def test_anomalies_are_told_from_normal_examples(shared: Trainer) -> None:
    random = np.random.default_rng(4)
    basis = random.standard_normal((2, 12))
    normal = (random.standard_normal((400, 2)) @ basis).astype(np.float32)
    strange = random.standard_normal((50, 12)).astype(np.float32) * normal.std()
    architecture = Architecture((12,), (Dense(16), Dense(4), Dense(16)), 12, Head.LINEAR)
    recipe = Recipe(epochs=30, patience=30, learning_rate=0.01, batch_size=32)
    labels = np.zeros(300, np.int64)
    request = TrainingRequest(architecture, Task.ANOMALY, normal[:300], labels, normal[300:350], labels[:50], recipe)
    result = shared.train(request)
    x = np.concatenate([normal[350:], strange])
    scores = reconstruction_error(shared.predict(result.keras, x), x)
    truth = np.repeat([0, 1], 50)
    quality = evaluate(scores, truth, metric=Metric.AUC, stage=Stage.FP32_HOST, split=Split.TEST)
    assert quality.value > 0.9


def test_anomalies_of_the_validation_data_choose_the_epoch(shared: Trainer) -> None:
    """Not the lowest reconstruction loss of normal examples, by which a network that rebuilds everything would win."""
    random = np.random.default_rng(7)
    normal = (random.standard_normal((300, 2)) @ random.standard_normal((2, 12))).astype(np.float32)
    strange = random.standard_normal((30, 12)).astype(np.float32) * normal.std()
    x, flags = np.concatenate([normal[250:], strange]), np.repeat([0, 1], [50, 30])
    architecture = Architecture((12,), (Dense(16), Dense(8), Dense(16)), 12, Head.LINEAR)
    recipe = Recipe(epochs=15, patience=15, learning_rate=0.01)
    unused = np.zeros(250, np.int64)
    result = shared.train(TrainingRequest(architecture, Task.ANOMALY, normal[:250], unused, x, flags, recipe))
    scores = reconstruction_error(result.validation_outputs, x)
    quality = evaluate(scores, flags, metric=Metric.AUC, stage=Stage.FP32_HOST, split=Split.VALIDATE)
    losses = [epoch.validation_loss for epoch in result.history]
    assert result.best_epoch == int(np.argmin(losses))
    assert losses[result.best_epoch] == pytest.approx(1 - quality.value, abs=2e-3)


def test_training_ends_early_once_validation_gets_no_better(shared: Trainer) -> None:
    request = classification(epochs=60, patience=2, learning_rate=0.02)
    scrambled = replace(request, y_validate=np.random.default_rng(5).integers(0, 3, len(request.y_validate)))
    result = shared.train(scrambled)
    assert result.epochs_run < 60
    assert result.epochs_run == result.best_epoch + 3


def test_divergence_is_an_error_that_says_so(shared: Trainer) -> None:
    with pytest.raises(TrainingError, match="diverged") as caught:
        shared.train(
            replace(
                classification(learning_rate=1e30), architecture=Architecture((32, 1, 2), (Dense(8),), 3, Head.SOFTMAX)
            )
        )
    assert caught.value.log == ""


def test_an_exception_in_the_worker_comes_back_with_its_log(shared: Trainer) -> None:
    with pytest.raises(TrainingError) as caught:
        shared.predict(b"not a model", np.zeros((1, 2), np.float32))
    assert "Traceback" in caught.value.log


def test_a_slow_training_is_stopped() -> None:
    with Trainer(timeout_s=2) as trainer, pytest.raises(TrainingError, match="still training after 2 s"):
        trainer.train(classification(epochs=100_000, patience=100_000))


def test_a_crash_is_an_error_and_the_next_training_works() -> None:
    with Trainer(timeout_s=120) as trainer:
        killer = threading.Thread(target=_kill_busy, args=(trainer,))
        killer.start()
        with pytest.raises(TrainingError, match="died by SIGKILL") as caught:
            trainer.train(classification(epochs=100_000, patience=100_000))
        killer.join()
        assert "memory" in str(caught.value)
        assert trainer.train(classification(epochs=1)).tflite


def _kill_busy(trainer: Trainer) -> None:
    while not trainer._busy:
        time.sleep(0.01)
    (busy,) = trainer._busy
    time.sleep(1)
    os.kill(busy.pid, signal.SIGKILL)


def test_what_loads_tensorflow_may_die_at_any_time() -> None:
    """Before the first training, under one, and between two."""
    with Trainer(timeout_s=120) as trainer:
        _kill_server(trainer)
        request = classification(epochs=1)
        first = trainer.train(request)
        killer = threading.Thread(target=_kill_server_when_busy, args=(trainer,))
        killer.start()
        with pytest.raises(TrainingError, match="died by SIGKILL while training"):
            trainer.train(classification(epochs=100_000, patience=100_000))
        killer.join()
        again = trainer.train(request)
        assert again.tflite == first.tflite  # and another process makes the same of it


def _kill_server(trainer: Trainer) -> None:
    assert trainer._server is not None
    os.kill(trainer._server.pid, signal.SIGKILL)


def _kill_server_when_busy(trainer: Trainer) -> None:
    while not trainer._busy:
        time.sleep(0.01)
    _kill_server(trainer)


def test_trainings_in_several_threads_at_once_are_those_of_one_after_another(shared: Trainer) -> None:
    requests = [classification(epochs=2, seed=seed) for seed in (1, 2, 1, 2)]
    one_by_one = [shared.train(request).tflite for request in requests[:2]]
    with ThreadPoolExecutor(4) as pool:
        at_once = [result.tflite for result in pool.map(shared.train, requests)]
    assert at_once == one_by_one * 2
    assert not shared._busy
    assert not _copies(shared)


def _copies(trainer: Trainer) -> list[int]:
    assert trainer._server is not None
    return _descendants(trainer._server.pid)


def test_closing_ends_a_training_in_another_thread() -> None:
    trainer = Trainer(timeout_s=120)
    closer = threading.Timer(3.0, trainer.close)
    closer.start()
    with pytest.raises(TrainingError, match="closed"):
        trainer.train(classification(epochs=100_000, patience=100_000))
    closer.join()
    with pytest.raises(TrainingError, match="closed"):
        trainer.train(classification(epochs=1))


PARENT = """
import sys
import numpy as np
from mlforge.contract import AugmentSpec, Task
from mlforge.records.architecture import Architecture, Head
from mlforge.training.request import Recipe, Stopped, TrainingRequest, TrainingResult
from mlforge.training.trainer import Trainer

def main():
    x, y = np.zeros((64, 4), np.float32), np.arange(64) % 2
    recipe = Recipe(epochs=100_000, patience=100_000)
    with Trainer() as trainer:
        print(trainer._server.pid, flush=True)
        trainer.train(TrainingRequest(Architecture((4,), (), 2, Head.SOFTMAX), Task.CLASSIFICATION, x, y, x, y, recipe))

try:  # without a guard for __main__: workers must not run this file again
    main()
except KeyboardInterrupt:
    sys.exit(42)
"""


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _descendants(pid: int) -> list[int]:
    children = {
        int(each)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for each in (thread / "children").read_text().split()
    }
    return sorted(children.union(*(_descendants(child) for child in children)))


@pytest.mark.parametrize("delay_s", [0.0, 1.0, 7.0])
def test_workers_die_with_a_killed_parent(tmp_path: Path, delay_s: float) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        time.sleep(delay_s)
        workers = _descendants(parent.pid)
        assert workers
        parent.kill()
    deadline = time.monotonic() + 5
    while not all(_gone(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)


def test_ctrl_c_is_the_parents_alone_and_tensorflow_is_silent(tmp_path: Path) -> None:
    """SIGINT goes to the whole process group, as a terminal sends it."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        time.sleep(7)
        os.killpg(parent.pid, signal.SIGINT)
        _, noise = parent.communicate(timeout=20)
    assert parent.returncode == 42
    assert noise == ""


def test_a_worker_that_never_gets_ready_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "START_TIMEOUT_S", 0.01)
    with Trainer() as trainer, pytest.raises(MachineError, match=r"2 training workers in a row.*still starting"):
        trainer.train(classification(epochs=1))


def test_a_worker_that_does_not_start_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with Trainer(timeout_s=120) as trainer:
        killed: list[fork_server.ForkServer] = []
        worker = fork_server.ForkServer.worker

        def dying(server: fork_server.ForkServer, timeout_s: float) -> fork_server.Worker:
            if not killed:
                killed.append(server)
                os.kill(server.pid, signal.SIGKILL)
            return worker(server, timeout_s)

        monkeypatch.setattr(fork_server.ForkServer, "worker", dying)
        assert trainer.train(classification(epochs=1)).tflite
    assert killed


def test_what_cannot_load_tensorflow_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('a broken TensorFlow')")
    monkeypatch.syspath_prepend(tmp_path)  # which a new process takes over
    with Trainer() as trainer, pytest.raises(MachineError, match="with status 1 while starting") as caught:
        trainer.train(classification(epochs=1))
    assert "a broken TensorFlow" in caught.value.log

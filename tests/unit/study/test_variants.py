"""What is tried on the way from a network to its int8 model, and what wins, with work that costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.contract import load_contract
from mlforge.contract.contract import Contract, Goal, Limits, Quantisation, Task, TrainingSpec
from mlforge.errors import TrainingError
from mlforge.records.architecture import Architecture, Dense, Head
from mlforge.records.attempt import Attempt, Method, Network
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.study.variants import Made, Making, Sized
from mlforge.training.methods import Requantisation, Shrinking, Variant
from mlforge.training.request import TrainingRequest, TrainingResult
from tests.unit.study.fakes import cost

FULL, SMALL = (Architecture((4,), (Dense(units),), 2, Head.SOFTMAX) for units in (16, 8))
NOTHING = np.zeros((0, 2), np.float32)
GOOD = Path(__file__).parents[2] / "corpus" / "contracts" / "good" / "full.yaml"


def contract(limit: int = 2000, **training: object) -> Contract:
    return replace(
        load_contract(GOOD),
        limits=Limits(limit, None, None, None),
        goals=(Goal(Metric.ACCURACY, 0.8),),
        training=TrainingSpec(**training),  # type: ignore[arg-type]
    )


@dataclass
class Bench:
    """Qualities (float, int8) by what was made: `plain`, `plain/qat`, `distilled`, `pruned`, ...; None diverges."""

    qualities: dict[str, tuple[float, float] | None]
    metric: Metric = Metric.ACCURACY
    crashes: bool = False
    done: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.done.append(name)
        yield

    def request(self, architecture: Architecture) -> TrainingRequest:
        return TrainingRequest(architecture, Task.CLASSIFICATION, NOTHING, NOTHING, NOTHING, NOTHING)

    def train(self, request: TrainingRequest) -> TrainingResult:
        return self._result("distilled" if request.teacher else "plain")

    def teacher(self, request: TrainingRequest) -> bytes:
        return b"teacher"

    def requantise(self, job: Requantisation) -> tuple[Variant, ...]:
        if self.crashes:
            raise TrainingError("the worker died")
        name = job.keras.decode()
        found = [(method, f"{name}/{method}") for method in job.methods]
        return tuple(
            Variant(method, key.encode(), key.encode(), NOTHING, 0.0, "" if self.qualities[key] else "diverged")
            for method, key in found
        )

    def shrink(self, job: Shrinking) -> TrainingResult:
        self.done.append(f"{job.keras.decode()} - {job.share}")
        return self._result("pruned")

    def float_quality(self, made: TrainingResult | Variant) -> Quality:
        return self._quality(made.keras, 0)

    def int8_quality(self, tflite: bytes) -> Quality:
        return self._quality(tflite, 1)

    def _result(self, name: str) -> TrainingResult:
        if self.qualities[name] is None:
            raise TrainingError(f"{name} diverged")
        return TrainingResult(name.encode(), name.encode(), NOTHING, 1, 0, (), {})

    def _quality(self, name: bytes, index: int) -> Quality:
        figures = self.qualities[name.decode()]
        assert figures is not None
        return Quality(Stage.INT8_HOST, Split.VALIDATE, self.metric, figures[index], 0.01, 10, 0, {})


def make(
    asked: Contract, bench: Bench, *, full: int = 1000, small: int | None = None
) -> tuple[Made, tuple[Attempt, ...]]:
    smaller = None if small is None else Sized(SMALL, cost(small))
    return Making(asked, bench).best(Sized(FULL, cost(full)), smaller)


ALL = {
    "plain/equalised": (0.9, 0.88),
    "plain/calibrated": (0.9, 0.885),
    "plain/finetune": (0.92, 0.89),
    "plain/qat": (0.9, 0.89),
}


def test_auto_leaves_it_at_plain_quantisation_where_that_loses_next_to_nothing() -> None:
    bench = Bench({"plain": (0.9, 0.895)})
    made, tried = make(contract(), bench)
    assert (made.network, made.method) == (Network.PLAIN, Method.PTQ)
    assert [(one.network, one.method, one.kept) for one in tried] == [(Network.PLAIN, Method.PTQ, True)]
    assert bench.done == ["train"]


def test_auto_tries_the_others_where_plain_quantisation_hurts_and_of_equals_the_simplest_wins() -> None:
    made, tried = make(contract(), Bench({"plain": (0.9, 0.7), **ALL}))
    assert made.method is Method.FINETUNE  # as good as qat, and simpler
    assert made.float_quality.value == 0.92
    assert [one.method for one in tried] == list(Method)
    assert [one.kept for one in tried] == [False, False, False, True, False]
    assert [one.int8_quality for one in tried] == [0.7, 0.88, 0.885, 0.89, 0.89]


@pytest.mark.parametrize(("loss", "tried"), [(0.0099, 1), (0.0101, 5)])
def test_the_tolerance_is_what_decides(loss: float, tried: int) -> None:
    bench = Bench({"plain": (0.9, 0.9 - loss), **ALL})
    assert len(make(contract(tolerance=0.01), bench)[1]) == tried


@pytest.mark.parametrize(("int8", "tried"), [(0.0108, 1), (0.0112, 5)])
def test_for_an_error_the_tolerance_is_a_share_of_the_goal(int8: float, tried: int) -> None:
    asked = replace(contract(tolerance=0.01), goals=(Goal(Metric.MSE, 0.1),))
    bench = Bench({"plain": (0.01, int8), **dict.fromkeys(ALL, (0.01, 0.01))}, Metric.MSE)
    made, attempts = make(asked, bench)
    assert len(attempts) == tried
    assert made.method is (Method.PTQ if tried == 1 else Method.EQUALISED)  # less error is better


@pytest.mark.parametrize(
    ("choice", "methods"),
    [
        (Quantisation.PTQ, [Method.PTQ]),
        (Quantisation.CALIBRATED, [Method.PTQ, Method.CALIBRATED]),
        (Quantisation.QAT, [Method.PTQ, Method.QAT]),
        (Quantisation.ALL, list(Method)),
    ],
)
def test_a_named_method_is_tried_whatever_the_loss(choice: Quantisation, methods: list[Method]) -> None:
    made, tried = make(contract(quantisation=choice), Bench({"plain": (0.9, 0.9), **ALL}))
    assert [one.method for one in tried] == methods
    assert made.method is Method.PTQ


def test_a_method_that_diverges_is_told_and_not_kept() -> None:
    figures = {"plain": (0.9, 0.7), **ALL, "plain/finetune": None}
    made, tried = make(contract(), Bench(figures))
    assert made.method is Method.QAT
    assert [(one.method, one.failure, one.int8_quality) for one in tried if one.failure] == [
        (Method.FINETUNE, "diverged", None)
    ]


def test_a_worker_that_dies_on_the_way_leaves_the_plain_model() -> None:
    made, tried = make(contract(), Bench({"plain": (0.9, 0.7)}, crashes=True))
    assert made.method is Method.PTQ
    assert [one.failure for one in tried] == ["", *["the worker died"] * 4]


@pytest.mark.parametrize(
    ("taught", "kept"), [(0.91, Network.DISTILLED), (0.9, Network.PLAIN), (0.89, Network.PLAIN), (None, Network.PLAIN)]
)
def test_a_teacher_is_kept_only_where_it_makes_the_student_better(taught: float | None, kept: Network) -> None:
    figures = {"plain": (0.9, 0.9), "distilled": None if taught is None else (0.95, taught)}
    made, tried = make(contract(distil=True, quantisation=Quantisation.PTQ), Bench(figures))
    assert made.network is kept
    assert {one.network for one in tried} == {Network.PLAIN, Network.DISTILLED}
    assert [one.network for one in tried if one.kept] == [kept]


def test_what_is_pruned_is_the_better_network() -> None:
    bench = Bench({"plain": (0.9, 0.9), "distilled": (0.95, 0.95), "pruned": (0.95, 0.95)})
    made, _ = make(contract(distil=True, prune=0.3), bench, small=500)
    assert "distilled - 0.3" in bench.done
    assert (made.network, made.sized.architecture) == (Network.PRUNED, SMALL)
    assert made.first == b"distilled"  # before it lost channels


@pytest.mark.parametrize(
    ("int8", "small", "kept"),
    [
        (0.9, 500, Network.PRUNED),
        (0.881, 500, Network.PRUNED),
        (0.87, 500, Network.PLAIN),  # loses more than is tolerated
        (0.9, 1000, Network.PLAIN),  # no cheaper
        (0.95, 1200, Network.PLAIN),  # dearer
    ],
)
def test_a_smaller_network_is_kept_where_it_is_cheaper_and_hardly_worse(int8: float, small: int, kept: Network) -> None:
    bench = Bench({"plain": (0.9, 0.9), "pruned": (int8, int8)})
    assert make(contract(prune=0.3), bench, small=small)[0].network is kept


def test_a_smaller_network_that_misses_the_goal_does_not_replace_one_that_meets_it() -> None:
    bench = Bench({"plain": (0.805, 0.805), "pruned": (0.795, 0.795)})
    assert make(contract(prune=0.3), bench, small=500)[0].network is Network.PLAIN


def test_where_only_the_smaller_network_fits_it_is_kept_and_the_large_one_not_quantised_in_other_ways() -> None:
    figures = {"plain": (0.9, 0.6), "pruned": (0.7, 0.5)}
    pruned = {f"pruned/{method}": (0.7, 0.65) for method in list(Method)[1:]}
    bench = Bench({**figures, **pruned})
    made, tried = make(contract(prune=0.3), bench, full=3000, small=1500)
    assert (made.network, made.method) == (Network.PRUNED, Method.EQUALISED)
    assert [one.network for one in tried] == [Network.PLAIN, *[Network.PRUNED] * 5]


def test_pruning_that_diverges_is_told_or_fatal() -> None:
    bench = Bench({"plain": (0.9, 0.9), "pruned": None})
    made, tried = make(contract(prune=0.3), bench, small=500)
    assert made.network is Network.PLAIN
    assert tried[-1].failure == "pruned diverged"
    with pytest.raises(TrainingError, match="pruned diverged"):
        make(contract(prune=0.3), bench, full=3000, small=1500)

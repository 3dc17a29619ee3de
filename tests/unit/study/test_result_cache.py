"""What was measured before is not measured again, and whatever changes the question is measured anew."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract import Task
from mlforge.records.attempt import Method
from mlforge.records.cost import Cost
from mlforge.records.trial import Epoch
from mlforge.study.memory import result_cache as module
from mlforge.study.memory.artefacts import ArtefactStore, DatabaseArtefacts
from mlforge.study.memory.database import Database, open_database, sqlite_url
from mlforge.study.memory.result_cache import DatabaseResults, NoResults, ResultCache, identity_of, request_parts
from mlforge.study.workbench import Variants
from mlforge.toolchain.files import sha256
from mlforge.training.methods import Variant
from mlforge.training.request import Recipe, TrainingRequest, TrainingResult
from tests.unit.study import fakes


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(sqlite_url(tmp_path))


class Counted:
    def __init__(self, value: object) -> None:
        self.value, self.calls = value, 0

    def __call__(self):  # type: ignore[no-untyped-def]
        self.calls += 1
        return self.value


def trained() -> TrainingResult:
    return TrainingResult(
        tflite=b"int8",
        keras=b"float",
        validation_outputs=np.arange(6, dtype=np.float32).reshape(3, 2) / np.float32(7),
        epochs_run=2,
        best_epoch=1,
        history=(Epoch(1.5, 1.25, 0.1), Epoch(0.1 + 0.2, 1 / 3, 0.1)),
        seconds={"fit": 0.2},
    )


def request() -> TrainingRequest:
    x, y = np.zeros((4, 3), np.float32), np.array([0, 1, 0, 1])
    return TrainingRequest(fakes.architecture(4), Task.CLASSIFICATION, x, y, x, y)


def test_a_cost_is_measured_once_and_comes_back_whole(database: Database, tmp_path: Path) -> None:
    make = Counted(fakes.cost(1234))
    for number in range(2):  # the second time by another opening, as another study would
        memory = ResultCache(DatabaseResults(database), ArtefactStore(tmp_path / "files"), "tools")
        known = memory.once(Cost, "cost", ["program"], make)
        assert (known.value, known.from_cache) == (fakes.cost(1234), number == 1)
    assert make.calls == 1


@pytest.mark.parametrize("beside", [True, False])
def test_a_training_comes_back_to_the_last_bit(database: Database, tmp_path: Path, beside: bool) -> None:
    artefacts = ArtefactStore(tmp_path / "files") if beside else DatabaseArtefacts(database)
    memory, make = ResultCache(DatabaseResults(database), artefacts, ""), Counted(trained())
    parts = request_parts(request())
    memory.once(TrainingResult, "training", parts, make)
    known = memory.once(TrainingResult, "training", parts, make).value
    assert make.calls == 1
    assert known.validation_outputs.tobytes() == trained().validation_outputs.tobytes()
    assert known.validation_outputs.dtype == np.float32
    assert known.history == trained().history
    assert (known.tflite, known.keras) == (b"int8", b"float")
    assert artefacts.get(sha256(b"int8")) == b"int8"


def test_ways_to_int8_come_back_to_the_last_bit(database: Database, tmp_path: Path) -> None:
    outputs = np.arange(4, dtype=np.float32).reshape(2, 2) / np.float32(3)
    good = Variant(Method.QAT, b"int8", b"float", outputs, 1.5)
    bad = Variant(Method.FINETUNE, b"", b"", outputs[:0], 0.1, "diverged")
    memory = ResultCache(DatabaseResults(database), ArtefactStore(tmp_path / "files"), "")
    make = Counted(Variants((good, bad)))
    memory.once(Variants, "variants", ["job"], make)
    first, second = memory.once(Variants, "variants", ["job"], make).value.variants
    assert make.calls == 1
    assert (first.method, first.tflite, first.keras, first.seconds) == (Method.QAT, b"int8", b"float", 1.5)
    assert first.validation_outputs.tobytes() == outputs.tobytes()
    assert (second.failure, len(second.validation_outputs)) == ("diverged", 0)


def test_what_is_asked_the_code_and_the_tools_are_part_of_the_key(database: Database, tmp_path: Path) -> None:
    make, files = Counted(fakes.cost()), ArtefactStore(tmp_path / "files")
    for what, identity, parts in (
        ("cost", "a", ["p"]),
        ("cost", "b", ["p"]),
        ("cost", "a", ["q"]),
        ("cost", "a", ["p", ""]),
        ("price", "a", ["p"]),
    ):
        ResultCache(DatabaseResults(database), files, identity).once(Cost, what, parts, make)
    assert make.calls == 5


def test_a_lost_damaged_or_forged_result_is_measured_again(database: Database, tmp_path: Path) -> None:
    results, make = DatabaseResults(database), Counted(trained())
    memory = ResultCache(results, ArtefactStore(tmp_path / "files"), "")

    def ask() -> None:
        assert memory.once(TrainingResult, "training", ["p"], make).value.tflite == b"int8"

    ask()
    (tmp_path / "files" / sha256(b"float")).unlink()
    ask()
    (tmp_path / "files" / sha256(b"int8")).write_bytes(b"other")
    (tmp_path / "files" / sha256(b"int8")).unlink()
    ask()
    assert make.calls == 3
    for forged in ("{", "[]", "{}", '{"tflite": 3}', '{"tflite": "../../etc/passwd"}'):
        with database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE mlforge_results SET value = ?", (forged,))
        ask()
    assert make.calls == 8
    ask()
    assert make.calls == 8


def test_a_failure_is_not_remembered(database: Database, tmp_path: Path) -> None:
    memory = ResultCache(DatabaseResults(database), ArtefactStore(tmp_path / "files"), "")

    def broken() -> Cost:
        raise RuntimeError("no QEMU")

    with pytest.raises(RuntimeError):
        memory.once(Cost, "cost", ["p"], broken)
    assert not memory.once(Cost, "cost", ["p"], lambda: fakes.cost()).from_cache


def test_without_a_memory_everything_is_measured() -> None:
    make = Counted(fakes.cost())
    for _ in range(2):
        ResultCache(NoResults()).once(Cost, "cost", ["p"], make)
    assert make.calls == 2


def test_each_field_of_a_request_is_part_of_its_key() -> None:
    def other(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            changed: NDArray[np.generic] = value.copy()
            changed.flat[0] = 1
            return changed
        return {
            Task.CLASSIFICATION: Task.REGRESSION,
            fakes.architecture(4): fakes.architecture(5),
            Recipe(): Recipe(epochs=3),
        }.get(value, b"other")

    base = request_parts(request())
    for one in dataclasses.fields(TrainingRequest):
        changed = dataclasses.replace(request(), **{one.name: other(getattr(request(), one.name))})
        assert request_parts(changed) != base, one.name


def test_the_identity_depends_on_tools_and_on_every_source_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert identity_of([("gcc", "12")]) != identity_of([("gcc", "13")])
    before = identity_of([])
    monkeypatch.setattr(module, "code_digest", lambda: "another release")
    assert identity_of([]) != before

"""What a bundle carries of the winner: the numbers against numpy, the file, and the lock that names it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.lockfile import locked_reference, read_lock, write_lock
from mlforge.app.model import int8_inputs, read_model
from mlforge.contract.load import load_contract
from mlforge.errors import DataError, LockError
from mlforge.records.golden_vectors import GoldenVectors
from mlforge.records.lock import Lock, ModelFile
from mlforge.study.winner.golden_selection import _bits, _chosen, _shares, reference
from mlforge.study.workbench import run_int8
from mlforge.toolchain.files import sha256
from tests.programs.locked_app import locked_app, tiny_tflite
from tests.zephyr.measured_app import make_app, make_evaluator

REFERENCE = GoldenVectors(
    mean=np.array([-5, 7], np.int32),
    deviation=np.array([256, 512], np.uint32),
    class_shares=np.array([65535, 0], np.uint16),
    score_shares=np.arange(16, dtype=np.uint16),
    inputs=np.arange(8, dtype=np.int8).reshape(2, 4),
    outputs=np.zeros((2, 2), np.int8),
)


def test_shares_are_of_all() -> None:
    shares = _shares(np.array([0, 0, 0, 2]), 3)
    assert shares.dtype == np.uint16
    assert shares.tolist() == [round(0.75 * 65535), 0, round(0.25 * 65535)]
    assert _shares(np.zeros(0, np.int64), 3).tolist() == [0, 0, 0]


def test_bits_are_pythons() -> None:
    values = [0, 1, 2, 3, 4, 255, 256, 2**32 - 1]
    assert _bits(np.array(values, np.int64)).tolist() == [value.bit_length() for value in values]


@pytest.mark.parametrize(
    ("examples", "vector_bytes", "expected"),
    [(100, 10, [0, 25, 50, 75]), (2, 10, [0, 1]), (100, 3000, [0, 50]), (100, 100000, [0])],
)
def test_vectors_are_spread_and_bounded(examples: int, vector_bytes: int, expected: list[int]) -> None:
    assert _chosen(examples, vector_bytes).tolist() == expected


def test_the_file_is_the_same_for_the_same_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(REFERENCE.to_bytes())
    again = GoldenVectors.read(path)
    assert again.to_bytes() == path.read_bytes()
    assert np.array_equal(again.inputs, REFERENCE.inputs)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(REFERENCE, mean=np.zeros(2, np.int64)),
        replace(REFERENCE, mean=np.zeros((2, 1), np.int32)),
        replace(REFERENCE, mean=np.zeros(3, np.int32)),
        replace(REFERENCE, outputs=np.zeros((3, 2), np.int8)),
    ],
)
def test_files_of_other_shapes(tmp_path: Path, wrong: GoldenVectors) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(wrong.to_bytes())
    with pytest.raises(DataError):
        GoldenVectors.read(path)
    np.savez(path, mean=np.zeros(1, np.int32))
    with pytest.raises(DataError):
        GoldenVectors.read(path)


def _locked(tmp_path: Path) -> tuple[Path, Lock]:
    app = locked_app(tmp_path / "app")
    data = REFERENCE.to_bytes()
    (app / "model" / "activity.bundle.npz").write_bytes(data)
    lock = replace(read_lock(app), reference=ModelFile("model/activity.bundle.npz", sha256(data), len(data)))
    write_lock(app, lock)
    return app, read_lock(app)


def test_the_lock_names_it(tmp_path: Path) -> None:
    app, lock = _locked(tmp_path)
    found = locked_reference(app, lock)
    assert found is not None
    assert found.mean.tolist() == [-5, 7]
    assert locked_reference(app, replace(lock, reference=None)) is None


def test_another_file_than_the_locked_one(tmp_path: Path) -> None:
    app, lock = _locked(tmp_path)
    (app / "model" / "activity.bundle.npz").write_bytes(replace(REFERENCE, inputs=REFERENCE.inputs + 1).to_bytes())
    with pytest.raises(LockError, match="is not the reference that"):
        locked_reference(app, lock)
    (app / "model" / "activity.bundle.npz").unlink()
    with pytest.raises(LockError, match="cannot be read"):
        locked_reference(app, lock)


def test_a_model_and_its_data(tmp_path: Path) -> None:
    """The figures against numpy, and the answers of the host's engine, byte for byte."""
    evaluator = make_evaluator(load_contract(make_app(tmp_path / "app")))
    prepared = evaluator.prepared
    model = read_model(tiny_tflite(), "activity", prepared.pipeline, evaluator.isa)
    found = reference(evaluator, model)
    seen = int8_inputs(model, prepared.train).reshape(-1, model.pipeline.channels) / 1.0
    assert np.abs(found.mean / 256 - seen.mean(axis=0)).max() <= 1 / 512
    assert np.abs(found.deviation / 256 - seen.std(axis=0)).max() <= 1 / 512
    inputs = int8_inputs(model, prepared.validate)
    answers = run_int8(evaluator.host, model.compiled_for(evaluator.host.isa).program, inputs)
    decided = [(answers.argmax(axis=1) == index).mean() for index in range(3)]
    assert np.allclose(found.class_shares / 65535, decided, atol=1e-5)
    histogram, _ = np.histogram(answers.max(axis=1), bins=16, range=(-128, 128))
    assert np.allclose(found.score_shares / 65535, histogram / len(answers), atol=1e-5)
    chosen = [int(np.flatnonzero((inputs == one).all(axis=1))[0]) for one in found.inputs]
    assert len(chosen) == 4
    assert np.array_equal(found.outputs, answers[chosen])
    assert reference(evaluator, model).to_bytes() == found.to_bytes()

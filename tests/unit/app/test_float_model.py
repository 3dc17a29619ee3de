"""Float models as a source of a build: what is accepted, remembered and said. Nothing here is quantised."""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlforge.app import float_model
from mlforge.app.float_model import int8_model
from mlforge.errors import DataError, ModelError, TrainingError
from mlforge.training.floats import Format, Quantisation, check_archive
from mlforge.training.trainer import Trainer
from tests.programs.locked_app import tiny_tflite

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}, "registered_name": None}


def archive(*layers: object, **entries: bytes) -> bytes:
    """What check_archive looks at of a `.keras` archive."""
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers)}}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {"config.json": json.dumps(config).encode(), **entries}.items():
            file.writestr(name, content)
    return data.getvalue()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path / "cache"))
    np.savez(tmp_path / "x.npz", x=np.ones((5, 4), np.float32))
    return tmp_path / "x.npz"


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> list[Quantisation]:
    """A TensorFlow that answers at once; the jobs that it got."""
    jobs: list[Quantisation] = []

    def quantise(self: Trainer, job: Quantisation) -> bytes:
        jobs.append(job)
        return b"int8 %d" % len(jobs)

    monkeypatch.setattr(Trainer, "quantise", quantise)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    return jobs


def test_int8_is_left_alone(data: Path, tmp_path: Path) -> None:
    model = tiny_tflite()
    assert int8_model(Path("m.tflite"), model, None, tmp_path / "kept") is model
    with pytest.raises(ModelError, match="int8 already"):
        int8_model(Path("m.tflite"), model, data, tmp_path / "kept")
    assert not (tmp_path / "cache").exists()


def test_a_float_model_needs_data(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"net\.keras is a float model: quantising it needs representative data"
    ) as caught:
        int8_model(Path("net.keras"), archive(DENSE), None, tmp_path)
    assert "REPRESENTATIVE" in caught.value.hint


def test_quantised_once(data: Path, tmp_path: Path, worker: list[Quantisation]) -> None:
    model, first, second = archive(DENSE), tmp_path / "a build", tmp_path / "another"
    assert int8_model(Path("net.keras"), model, data, first) == b"int8 1"
    assert (worker[0].format, worker[0].x.shape) == (Format.KERAS, (5, 4))
    assert int8_model(Path("net.keras"), model, data, first) == b"int8 1"
    assert int8_model(Path("net.keras"), model, data, second) == b"int8 1", "the cache is for all builds"
    for path in sorted((tmp_path / "cache").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert int8_model(Path("net.keras"), model, data, second) == b"int8 1", "a build keeps its own"
    assert len(worker) == 1
    np.savez(data, x=np.zeros((5, 4), np.float32))
    assert int8_model(Path("net.keras"), model, data, first) == b"int8 2", "other data"
    assert int8_model(Path("net.keras"), archive(DENSE, DENSE), data, first) == b"int8 3", "another model"


def test_without_tensorflow(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match=r"net\.keras: quantising it needs TensorFlow") as caught:
        int8_model(Path("net.keras"), archive(DENSE), data, tmp_path)
    assert "MLFORGE_PYTHON" in caught.value.hint
    assert not list((tmp_path / "cache").rglob("model.tflite")), "nothing is remembered"


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"a": np.ones((3, 2)), "b": np.ones((3, 2))}, "expected `x`"),
        ({"x": np.ones(3)}, "expected numbers, \\[N, ...\\]"),
        ({"x": np.ones((0, 3))}, "with N from 1"),
        ({"x": np.array([["a", "b"]])}, "expected numbers"),
        ({"x": np.array([[1.0, np.nan]])}, "not finite"),
    ],
)
def test_unusable_data(tmp_path: Path, arrays: dict[str, np.ndarray], complaint: str) -> None:
    np.savez(tmp_path / "x.npz", allow_pickle=True, **arrays)
    with pytest.raises(DataError, match=complaint):
        float_model.examples(tmp_path / "x.npz")


def test_a_single_array_needs_no_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", np.arange(6).reshape(3, 2))
    assert float_model.examples(tmp_path / "x.npz").dtype == np.float32


@pytest.mark.parametrize(
    ("layer", "complaint"),
    [
        ({"class_name": "Lambda", "module": "keras.layers"}, "the layer Lambda is not accepted"),
        ({"config": {"activation": {"class_name": "__lambda__", "config": {"value": ["4wA="]}}}}, "__lambda__"),
        ({"class_name": "TFSMLayer", "config": {"filepath": "/etc"}}, "TFSMLayer"),
        ({"class_name": "system", "module": "os"}, "system of os is not one of Keras's own"),
        ({"class_name": "Net", "module": "keras_evil.layers"}, "keras_evil"),
        ({"class_name": "Net", "registered_name": "mine>Net"}, "mine>Net"),
        ({"class_name": "function", "config": "run", "module": "builtins", "registered_name": "x>y"}, "x>y"),
    ],
)
def test_archives_that_may_hold_code(layer: object, complaint: str) -> None:
    check_archive(archive(DENSE))
    with pytest.raises(ModelError, match=complaint):
        check_archive(archive(DENSE, {"nested": [layer]}))


def test_archives_that_are_none() -> None:
    whole = archive(DENSE)
    for wrong in (b"PK", whole[:40], whole[: len(whole) // 2], b"PK\x03\x04" + bytes(100)):
        with pytest.raises(ModelError, match=r"no \.keras archive"):
            check_archive(wrong)
    bomb = archive(DENSE, weights=bytes(300 << 20))
    with pytest.raises(ModelError, match="unpacks to more than 256 MiB"):
        check_archive(bomb)

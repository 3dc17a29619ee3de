"""Imports: what is accepted, remembered, compared and said. Converters and TensorFlow answer at once here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.app import import_model as imports
from mlforge.app.float_model import int8_model
from mlforge.app.import_model import Source, import_model
from mlforge.errors import ModelError
from mlforge.importing.convert import Conversion, SourceOperator
from mlforge.training.floats import Comparison, OperatorError, Quantisation, Stages
from mlforge.training.trainer import Trainer
from tests.programs.locked_app import tiny_tflite

ONNX = b"\x08\x08\x12\x07pytorch:\x81\x10" + bytes(2049) + b"B\x04\n\x00\x10\x12"
X = np.random.default_rng(1).normal(size=(20, 3, 5, 4)).astype(np.float32)
OUTPUTS = np.random.default_rng(2).normal(size=(20, 6)).astype(np.float32)


class Fake:
    """A converter and a TensorFlow whose answers are set; the jobs that they got."""

    def __init__(self) -> None:
        self.jobs: list[Quantisation] = []
        self.operators: tuple[SourceOperator, ...] = (
            SourceOperator("Conv", "first", 1e-7),
            SourceOperator("Relu", "second", 1e-7),
        )
        self.floats, self.int8 = OUTPUTS, OUTPUTS + np.float32(0.01)
        self.int8_operators = (OperatorError(0, "CONV_2D", "first", 0.01), OperatorError(1, "SOFTMAX", "last", 0.9))

    def convert(self, _path: Path, _x: object) -> Conversion:
        return Conversion(b"float", OUTPUTS, (1, 2, 0), "ONNX Runtime", "onnx2tf", 0.0, self.operators)

    def quantise(self, _trainer: Trainer, job: Quantisation) -> bytes:
        self.jobs.append(job)
        return tiny_tflite()

    def compare(self, _trainer: Trainer, job: Comparison) -> Stages:
        return Stages(self.floats, self.floats, self.int8, self.int8_operators)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fake:
    one = Fake()
    monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(imports, "from_onnx", one.convert)
    monkeypatch.setattr(Trainer, "quantise", lambda self, job: one.quantise(self, job))
    monkeypatch.setattr(Trainer, "compare", lambda self, job: one.compare(self, job))
    monkeypatch.setattr(imports, "_engine", lambda path, int8: "")
    (tmp_path / "net.onnx").write_bytes(ONNX)
    return one


def test_converted_with_channels_last_and_remembered(fake: Fake, tmp_path: Path) -> None:
    first = import_model(Source(tmp_path / "net.onnx"), X)
    assert fake.jobs[0].x.shape == (20, 5, 4, 3)
    np.testing.assert_array_equal(fake.jobs[0].x[2], X[2].transpose(1, 2, 0))
    assert first.report.source_shape == (3, 5, 4)
    assert first.report.departure is None
    assert first.report.int8_agreement == 1.0
    assert import_model(Source(tmp_path / "net.onnx"), X) == first
    assert len(fake.jobs) == 1
    import_model(Source(tmp_path / "net.onnx"), X + np.float32(1))
    assert len(fake.jobs) == 2, "other data, another model"


def test_a_converter_that_errs_is_found_out(fake: Fake, tmp_path: Path) -> None:
    fake.floats = OUTPUTS + np.float32(0.5)
    fake.operators = (
        SourceOperator("Conv", "inside a merged one", 0.7),
        SourceOperator("Relu", "agrees", 1e-7),
        SourceOperator("Gemm", "culprit", 0.6),
        SourceOperator("Softmax", "behind", 0.6),
    )
    departure = import_model(Source(tmp_path / "net.onnx"), X).report.departure
    assert departure is not None
    assert (departure.stage, departure.kind, departure.name) == ("float", "Gemm", "culprit")


def test_the_first_operator_that_int8_ruins_is_named(fake: Fake, tmp_path: Path) -> None:
    fake.int8 = OUTPUTS * np.float32(0.3)
    departure = import_model(Source(tmp_path / "net.onnx"), X).report.departure
    assert departure is not None
    assert (departure.stage, departure.kind, departure.name) == ("int8", "SOFTMAX", "last")


def test_a_build_converts_once_and_keeps_its_own(fake: Fake, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=X)
    model = tmp_path / "net.onnx"
    assert int8_model(model, ONNX, tmp_path / "x.npz", tmp_path / "kept") == tiny_tflite()
    for path in sorted((tmp_path / "cache").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert int8_model(model, ONNX, tmp_path / "x.npz", tmp_path / "kept") == tiny_tflite()
    assert len(fake.jobs) == 1
    with pytest.raises(ModelError, match="needs representative data"):
        int8_model(model, ONNX, None, tmp_path / "kept")


def test_what_cannot_be_imported_is_named(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("import torch\n")
    (tmp_path / "net.pth").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
    with pytest.raises(ModelError, match="which function makes the network"):
        import_model(Source(tmp_path / "net.py"), X)
    with pytest.raises(ModelError, match="a PyTorch checkpoint"):
        import_model(Source(tmp_path / "net.pth"), X)
    with pytest.raises(ModelError, match="no such file"):
        import_model(Source(tmp_path / "none.onnx"), X)

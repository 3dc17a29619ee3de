"""Files that people take for models: each is named for what it is, by content, with the command that takes it."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import pytest

from mlforge.compiler.model_kind import ModelKind, model_kind
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.errors import ModelError


def archive(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return data.getvalue()


# The first bytes of files as their makers write them: onnx, PyTorch's exporters, joblib, XGBoost, LightGBM, Keras 2.
FILES = {
    ModelKind.ONNX: [
        b"\x08\x08\x12\x07pytorch\x1a\x062.13.0:\x81\x10" + bytes(3000),
        b"\x08\x0a\x12\x07pytorch\x1a\x0a2.13.0+cpu" + b":\x10" + bytes(16) + b"B\x04\n\x00\x10\x12",
        b"\x08\x03:" + b"\xa0\x06" + bytes(800),
        b"\x12\x08skl2onnx\x08\x09:\x10" + bytes(16),
    ],
    ModelKind.TORCH_EXPORT: [
        archive("net/archive_format", "net/models/model.json", "net/data/weights/weight_0"),
        archive("serialized_exported_program.json", "serialized_state_dict.pt", "version"),
    ],
    ModelKind.TORCHSCRIPT: [archive("net/data.pkl", "net/constants.pkl", "net/code/__torch__.py", "net/version")],
    ModelKind.TORCH_PICKLE: [
        archive("archive/data.pkl", "archive/data/0", "archive/version"),
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02",
    ],
    ModelKind.KERAS: [archive("metadata.json", "config.json", "model.weights.h5")],
    ModelKind.HDF5: [b"\x89HDF\r\n\x1a\n" + bytes(100)],
    ModelKind.PICKLE: [pickle.dumps({"a": 1}, protocol=4), pickle.dumps([1.5], protocol=2), b"x\x9c" + bytes(50)],
    ModelKind.XGBOOST: [b'{"learner":{"attributes":{},"feature_names":[]', b'{"version":[3,2,0],"learner":{}}'],
    ModelKind.XGBOOST_UBJSON: [b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{L"],
    ModelKind.LIGHTGBM: [b"tree\nversion=v4\nnum_class=1\n"],
    ModelKind.SAFETENSORS: [b"\x58\x00\x00\x00\x00\x00\x00\x00" + b'{"weight":{"dtype":"F32"'],
    ModelKind.SAVED_MODEL: [b"\x08\x01\x12\xa4\x10\n" + bytes(40)],
    ModelKind.C_ARRAY: [b"const unsigned char g_model[] = {\n  0x1c, 0x00, 0x00, 0x00, 0x54, 0x46, 0x4c, 0x33, 0x14"],
    ModelKind.LFS_POINTER: [b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"],
    ModelKind.WEB_PAGE: [b"\n<!DOCTYPE html><html>"],
    ModelKind.ELF: [b"\x7fELF\x01\x01" + bytes(40)],
    ModelKind.ZIP: [archive("model.tflite"), b"PK\x03\x04 cut off"],
    ModelKind.GZIP: [b"\x1f\x8b\x08" + bytes(40)],
    ModelKind.EMPTY: [b""],
    ModelKind.TFLITE: [b"\x1c\x00\x00\x00TFL3" + bytes(20)],
    ModelKind.UNKNOWN: [
        b"\x1c\x00\x00\x00TFL2" + bytes(20),
        b"MZ\x90",
        b"\x08\x00",
        b"\x08",
        b"hello world",
        b"\xff" * 64,
    ],
}


@pytest.mark.parametrize(("kind", "data"), [(kind, data) for kind, files in FILES.items() for data in files])
def test_by_content(kind: ModelKind, data: bytes) -> None:
    assert model_kind(data) is kind


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 9, 17])
def test_no_beginning_of_a_file_is_a_stumble(cut: int) -> None:
    for files in FILES.values():
        for data in files:
            assert isinstance(model_kind(data[:cut]), ModelKind)


@pytest.mark.parametrize("kind", [kind for kind in ModelKind if kind is not ModelKind.TFLITE])
def test_each_has_a_cure(kind: ModelKind) -> None:
    assert kind.what
    assert "{" not in kind.cure("F") or kind is ModelKind.ZIP


def test_a_reader_of_tflite_names_the_others() -> None:
    with pytest.raises(ModelError, match="this is an ONNX model") as caught:
        read_tflite(FILES[ModelKind.ONNX][0])
    assert "west mlforge import" in caught.value.hint


@pytest.mark.parametrize("name", ["net.tflite", "net.onnx", "net.bin"])
def test_the_name_says_nothing(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mlforge.cli.main import main

    (tmp_path / name).write_bytes(FILES[ModelKind.TORCH_PICKLE][0])
    for words in (["run", "--target", "host"], ["compile", "-o", str(tmp_path / "c")]):
        assert main([*words, str(tmp_path / name)]) == 1
        told = capsys.readouterr().err
        assert f"{name}: this is a PyTorch checkpoint" in told
        assert f"--weights {tmp_path / name} --representative" in told

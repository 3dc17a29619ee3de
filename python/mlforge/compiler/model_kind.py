"""What kind of model a file holds, by its content: names may say anything. Nothing is unpacked or executed."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from mlforge.errors import ModelError

_HEAD_BYTES: Final = 4096
_MAX_ENTRIES: Final = 65536
_IMPORT: Final = "west mlforge import {file} --representative INPUTS.npz -o MODEL.tflite"
_EXPORTER: Final = Path(__file__).parents[1] / "importing" / "inside" / "sklearn_to_json.py"
_EXPORT: Final = "torch.onnx.export(module, example, 'MODEL.onnx') writes what `west mlforge import` takes"


@dataclass(frozen=True, slots=True)
class _Told:
    """`cure` may name `{file}`."""

    what: str
    cure: str


class ModelKind(Enum):
    """Kinds of files that people take for models, each with what to do about it where a `.tflite` file is wanted."""

    TFLITE = _Told("a TensorFlow Lite model", "")
    KERAS = _Told("a Keras archive (.keras)", f"`{_IMPORT}` makes an int8 model of it")
    HDF5 = _Told(
        "an HDF5 file, as older Keras saves models (.h5)",
        "keras.models.load_model('NET.h5').save('NET.keras') writes the format that MLForge takes",
    )
    ONNX = _Told("an ONNX model", f"`{_IMPORT}` makes an int8 model of it")
    TORCH_EXPORT = _Told("an exported PyTorch program (.pt2)", f"`{_IMPORT}` makes an int8 model of it")
    TORCHSCRIPT = _Told("a TorchScript program of PyTorch", _EXPORT)
    TORCH_PICKLE = _Told(
        "a PyTorch checkpoint (.pt, .pth): a pickle of weights, or of a module, without the network's code",
        "`west mlforge import NET.py:FACTORY --weights {file} --representative INPUTS.npz -o MODEL.tflite` takes both",
    )
    PICKLE = _Told(
        "a Python pickle, as scikit-learn and joblib write (.pkl, .joblib)",
        "a pickle is code that runs when it is read, and MLForge reads none; where the model is yours, run "
        "`python {exporter} {file} MODEL.json INPUTS.npz` in the environment that it is from; `west mlforge import` "
        "takes MODEL.json",
    )
    XGBOOST = _Told("an XGBoost model in JSON", f"`{_IMPORT}` quantises its trees")
    XGBOOST_UBJSON = _Told("an XGBoost model in UBJSON", f"`{_IMPORT}` quantises its trees")
    LIGHTGBM = _Told("a LightGBM model in text", f"`{_IMPORT}` quantises its trees")
    SKLEARN = _Told("a model of scikit-learn in JSON", f"`{_IMPORT}` quantises it")
    SAFETENSORS = _Told(
        "a safetensors file: weights without a network",
        "`west mlforge import NET.py:FACTORY --weights {file} --representative INPUTS.npz -o MODEL.tflite` takes both",
    )
    SAVED_MODEL = _Told(
        "a graph of TensorFlow (saved_model.pb)",
        "tf.lite.TFLiteConverter.from_saved_model(DIR).convert() writes a float .tflite, which "
        "`west mlforge import` takes",
    )
    C_ARRAY = _Told(
        "a TensorFlow Lite model as a C array",
        "`west mlforge` takes the .tflite file that it was made of; `xxd -r -p` turns the digits back into one",
    )
    LFS_POINTER = _Told("a pointer of Git LFS in place of the file", "`git lfs pull` fetches the file itself")
    WEB_PAGE = _Told("a web page in place of the file", "the download went wrong: fetch the file itself")
    ELF = _Told("a firmware image (ELF)", "`west mlforge footprint {file}` takes those")
    ZIP = _Told("a ZIP archive", "unpack it, and name the model inside")
    GZIP = _Told("a compressed file", "unpack it first")
    EMPTY = _Told("an empty file", "write the model again: nothing has arrived")
    UNKNOWN = _Told(
        "no TensorFlow Lite model",
        'the bytes 4 to 7 of a .tflite file are "TFL3"; `west mlforge import` takes .onnx, .pt2, .keras and others',
    )

    @property
    def what(self) -> str:
        """With its article, as in "this is …"."""
        return self.value.what

    def cure(self, file: str = "FILE") -> str:
        return self.value.cure.format(file=file, exporter=_EXPORTER)


# What MLForge reads itself: trees and linear models. An ONNX file may hold such, too.
CLASSICAL: Final = frozenset({ModelKind.XGBOOST, ModelKind.XGBOOST_UBJSON, ModelKind.LIGHTGBM, ModelKind.SKLEARN})
# What `west mlforge compile` and a build make an int8 model of, beside `.tflite` itself.
SOURCES: Final = frozenset({ModelKind.KERAS, ModelKind.ONNX, ModelKind.TORCH_EXPORT}) | CLASSICAL

_MAGIC: Final = (
    (b"\x89HDF\r\n\x1a\n", ModelKind.HDF5),
    (b"\x7fELF", ModelKind.ELF),
    (b"\x1f\x8b", ModelKind.GZIP),
    (b"BZh", ModelKind.GZIP),
    (b"\xfd7zXZ\x00", ModelKind.GZIP),
    (b"version https://git-lfs", ModelKind.LFS_POINTER),
    (b"tree\nversion=v", ModelKind.LIGHTGBM),
    (b"tree\r\nversion=v", ModelKind.LIGHTGBM),  # from Windows
)
_C_ARRAY: Final = re.compile(rb"0x54,\s*0x46,\s*0x4c,\s*0x33", re.IGNORECASE)
_XGBOOST: Final = re.compile(rb'^\s*\{\s*"(learner"\s*:\s*\{|version"\s*:\s*\[)')
_SKLEARN: Final = re.compile(rb'^\s*\{\s*"mlforge-sklearn"\s*:')
_XGBOOST_UBJSON: Final = re.compile(rb"^\{[Lil][\x00-\xff]{1,8}learner")
_SAFETENSORS: Final = re.compile(rb"^[\x00-\xff]{5}\x00\x00\x00\{\s*\"")
_PICKLE: Final = re.compile(rb"^\x80[\x02-\x05][\x00-\xff]")
_SAVED_MODEL: Final = b"\x08\x01\x12"  # schema version 1 and a graph; an ONNX file of version 1 would be of 2017
_ZLIB: Final = re.compile(rb"^x[\x01\x5e\x9c\xda]")  # what joblib compresses with
_OLD_TORCH: Final = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"  # the magic number of torch.save before it wrote ZIP archives
# The fields of ONNX's ModelProto (onnx.proto) that stand in a file's first bytes, with their wire types: ir_version,
# opset_import, producer_name, producer_version, domain, model_version, doc_string, graph, metadata_props, functions.
_ONNX_FIELDS: Final = {1: 0, 8: 2, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 14: 2, 20: 2, 25: 2}


def model_kind(data: bytes) -> ModelKind:
    """The kind, by content alone."""
    head = data[:_HEAD_BYTES]
    if not head:
        return ModelKind.EMPTY
    if head[4:8] == b"TFL3":
        return ModelKind.TFLITE
    if head[:2] == b"PK":
        return _of_archive(data)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return _of_structure(head)


def _of_structure(head: bytes) -> ModelKind:
    if _PICKLE.match(head):
        return ModelKind.TORCH_PICKLE if _OLD_TORCH in head[:32] else ModelKind.PICKLE
    if _SAFETENSORS.match(head):
        return ModelKind.SAFETENSORS
    if _XGBOOST.match(head):
        return ModelKind.XGBOOST
    if _SKLEARN.match(head):
        return ModelKind.SKLEARN
    if _XGBOOST_UBJSON.match(head):
        return ModelKind.XGBOOST_UBJSON
    if _C_ARRAY.search(head):
        return ModelKind.C_ARRAY
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return ModelKind.WEB_PAGE
    if head.startswith(_SAVED_MODEL):
        return ModelKind.SAVED_MODEL
    if _is_onnx(head):
        return ModelKind.ONNX
    return ModelKind.PICKLE if _ZLIB.match(head) else ModelKind.UNKNOWN


def _of_archive(data: bytes) -> ModelKind:
    """By the names in a ZIP archive's directory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()[:_MAX_ENTRIES]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError):
        return ModelKind.ZIP
    inner = {name.partition("/")[2] for name in names} | set(names)
    if "config.json" in names and "metadata.json" in names:
        return ModelKind.KERAS
    if "archive_format" in inner or "serialized_exported_program.json" in inner:
        return ModelKind.TORCH_EXPORT
    if "constants.pkl" in inner:
        return ModelKind.TORCHSCRIPT
    return ModelKind.TORCH_PICKLE if "data.pkl" in inner else ModelKind.ZIP


def _is_onnx(head: bytes) -> bool:
    """Whether the bytes begin like a ModelProto: known fields with their types, ir_version among the first."""
    at = 0
    seen: list[int] = []
    while at < len(head) and len(seen) < 4:
        tag, at = _varint(head, at)
        field, wire = tag >> 3, tag & 7
        if _ONNX_FIELDS.get(field) != wire:
            return False
        value, at = _varint(head, at)
        if field == 1 and not 1 <= value < 256:
            return False
        if wire == 2:
            at += value
        seen.append(field)
    return 1 in seen and (len(seen) > 1 or at > len(head))


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A protobuf number at a position, and the position behind it; (-1, end) where it is cut off."""
    value = 0
    for index, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    return -1, len(data)


def other_kind(kind: ModelKind, file: str = "") -> ModelError:
    """The error for a file that is something else than a `.tflite` model, with what to do about it."""
    where = f"{file}: this is" if file else "this is"
    return ModelError(f"{where} {kind.what}", hint=kind.cure(file or "FILE"))


def of_scikit_learn(file: str) -> str:
    """What to do with an ONNX file whose operators are more than trees and sums."""
    return f"{file} may be of scikit-learn: `python {_EXPORTER} MODEL.joblib MODEL.json` writes more kinds of models"

"""Whose a symbol is: the runtime's own sources say which names are theirs, a model's start with the model's name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from mlforge.measure.elf_image import Symbol
from mlforge.toolchain.sources import root

_NAME: Final = re.compile(r"\bmlforge_\w+")
_CLONE: Final = re.compile(r"\.(constprop|isra|part|cold|lto_priv)\b.*")
# TensorFlow Lite Micro, the libraries that are part of it, CMSIS-NN, and what connects them with a model (zephyr/src).
# What they take of the C and C++ libraries bears no such names and counts as the application's.
_INTERPRETER: Final = re.compile(
    r"_Z\w*(6tflite|11flatbuffers|8gemmlowp|3ruy|16MlforgeTflmMarks|\d+TfLite|MicroV?[SP]n?printf)"
    r"|TfLite|(DebugLog|DebugVsnprintf|MicroPrintf)$|mlforge_tflm_|arm_(nn_|\w+_s(4|8|16)(_|$))"
)


class Owner(StrEnum):
    WEIGHTS = "weights"
    CODE = "model code"
    KERNELS = "kernels"
    FEATURES = "features"
    ARENA = "arena"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the runtime: the names that its sources use, and the sources' file names."""

    names: frozenset[str]
    files: frozenset[str]


@cache
def _part(directory: Path) -> Part:
    sources = [path for path in sorted(directory.rglob("*")) if path.suffix in (".c", ".h")]
    names = {name for path in sources for name in _NAME.findall(path.read_text(encoding="utf-8"))}
    return Part(frozenset(names), frozenset(path.name for path in sources if path.suffix == ".c"))


@dataclass(frozen=True, slots=True)
class Owners:
    """`models` are the names of the models in the image, `pipelines` the names of generated feature sources."""

    models: tuple[str, ...]
    pipelines: tuple[str, ...] = ()

    def of(self, symbol: Symbol) -> Owner:
        name, stem = _CLONE.sub("", symbol.name), Path(symbol.file).stem
        runtime = root() / "runtime"
        kernels, features = _part(runtime / "kernels"), _part(runtime / "features")
        if name.endswith("_arena"):
            return Owner.ARENA
        if any(stem == pipeline or name == pipeline for pipeline in self.pipelines):
            return Owner.FEATURES
        for model in self.models:
            if name.startswith(f"{model}_"):
                return Owner.WEIGHTS if name.startswith(f"{model}_w") else Owner.CODE
        if name in kernels.names or symbol.file in kernels.files or _INTERPRETER.match(name):
            return Owner.KERNELS
        if name in features.names or symbol.file in features.files:
            return Owner.FEATURES
        return Owner.APPLICATION


def models_in(symbols: Iterable[Symbol]) -> tuple[str, ...]:
    """The names of the models in any image: those that have both a descriptor and a function to invoke."""
    names = {symbol.name for symbol in symbols}
    stems = {name.removesuffix("_model") for name in names if name.endswith("_model")}
    return tuple(sorted(stem for stem in stems if f"{stem}_invoke" in names))


def pipelines_in(symbols: Iterable[Symbol]) -> tuple[str, ...]:
    """The names of the generated feature pipelines in any image."""
    return tuple(sorted(symbol.name for symbol in symbols if symbol.name.endswith("_pipeline")))

"""A `Program` as files to compile, with the generated file that attaches it to the firmware (see firmware/app.h)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import BuildError, RunError
from mlforge.records.categories import Category
from mlforge.records.program import Program, symbols_file
from mlforge.templating import render_file
from mlforge.toolchain.cache import digest
from mlforge.toolchain.sources import root

_FIELDS = (
    "name",
    "model_symbol",
    "model_header",
    "arena_bytes",
    "pipeline_symbol",
    "pipeline_header",
    "decision_symbol",
    "decision_header",
    "label",
    "wire",
)
ATTACHMENT = "mlforge_app.c"
ARENA = "mlforge_app_arena"  # in it: see firmware/app.c.j2
ID_DIGITS = 16


def write_program(program: Program, place: Path) -> list[Path]:
    """Writes the generated files and the one that attaches them; returns those to compile.

    Raises:
        BuildError: the program is for TensorFlow Lite Micro, or has a source that would be written elsewhere.
    """
    if program.engine.interprets:
        raise BuildError(
            f"{program.name} is for TensorFlow Lite Micro, which only Zephyr builds",
            hint="choose a target zephyr:BOARD",
        )
    attach = place / ATTACHMENT
    attach.write_text(attachment(program), encoding="utf-8")
    for name, text in program.sources.items():
        path = place / name
        if Path(name).name != name or path.exists():
            raise BuildError(f"{name!r} is no plain, new file name for a generated source")
        path.write_text(text, encoding="utf-8")
    return [attach, *(place / name for name in sorted(program.sources) if name.endswith(".c"))]


def attachment(program: Program) -> str:
    """The C text that attaches a program to the firmware: see firmware/app.h."""
    return render_file(attachment_template(), attachment_values(program))


def attachment_values(program: Program) -> dict[str, object]:
    """What a template that attaches a program may name."""
    return {**{field: getattr(program, field) for field in _FIELDS}, "id": program_id(program)}


def program_id(program: Program) -> str:
    """What the firmware of a program calls itself by: a hash of all that is compiled for it."""
    fields = [f"{field}={getattr(program, field)}" for field in _FIELDS]
    return digest([*fields, *(part for item in sorted(program.sources.items()) for part in item)])[:ID_DIGITS]


def generated_symbols(program: Program) -> dict[str, Category]:
    """What the compiler wrote down of the symbols in the model's object that are no code; nothing of a program that was
    written by hand."""
    text = program.sources.get(symbols_file(program.name), "{}")
    return {name: Category(category) for name, category in json.loads(text).items()}


def no_attachment() -> str:
    """The same for the baseline: a firmware without a model."""
    return render_file(attachment_template(), {**dict.fromkeys(_FIELDS, ""), "arena_bytes": 0, "id": "0" * ID_DIGITS})


def attachment_template() -> Path:
    return root() / "firmware" / "app.c.j2"


def identity(program: Program) -> list[str]:
    """All that distinguishes one program from another, for a cache key."""
    return [attachment(program), *(part for item in sorted(program.sources.items()) for part in item)]


def checked_inputs(program: Program, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """Inputs as contiguous int8 [N, input_bytes]. Raises RunError where they are something else."""
    if inputs.dtype != np.int8 or inputs.ndim != 2 or inputs.shape[1] != program.input_bytes:
        found = f"{inputs.dtype} {list(inputs.shape)}"
        raise RunError(f"inputs are {found}, but {program.name} takes int8 [N, {program.input_bytes}]")
    return np.ascontiguousarray(inputs)


def checked_frames(frames: NDArray[np.int32], frame_length: int) -> NDArray[np.int32]:
    """Frames as contiguous int32 [F, frame_length]. Raises RunError where they are something else."""
    if frame_length == 0:
        raise RunError("the firmware has no feature pipeline")
    if frames.dtype != np.int32 or frames.ndim != 2 or frames.shape[1] != frame_length:
        found = f"{frames.dtype} {list(frames.shape)}"
        raise RunError(f"frames are {found}, but the pipeline takes int32 [F, {frame_length}]")
    return np.ascontiguousarray(frames)

"""Emitted C: compiles without a warning, gives the host's bytes, is clean under sanitizers, and never changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract import StageSpec, StandardiseSpec, WindowSpec
from mlforge.errors import DataError
from mlforge.features import Pipeline, emit, extract_int8, fit
from mlforge.features.standardise import Standardise
from mlforge.toolchain.process import run
from mlforge.toolchain.sources import root, runtime_includes, runtime_sources

STRICT = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wpedantic", "-Werror")
RUNTIME = root() / "runtime"
SIGNAL = (np.random.default_rng(3).normal(size=(300, 6)) * 3).astype(np.float32)
SPECS: dict[str, list[StageSpec]] = {
    "activity": [WindowSpec(128, 64), StandardiseSpec()],
    "bare": [WindowSpec(7, 3)],
    "skipping": [StandardiseSpec(), WindowSpec(4, 9)],
}


def make(name: str) -> Pipeline:
    return fit(SPECS[name], [SIGNAL]).with_quantisation(0.031, -7)


def write(directory: Path, name: str, pipeline: Pipeline) -> Path:
    for file, text in emit(pipeline, name).items():
        (directory / file).write_text(text)
    return directory / f"{name}_pipeline.c"


def build_driver(directory: Path, name: str, *flags: str, runtime: Sequence[Path] = ()) -> Path:
    """`runtime`: its objects, where they are built already."""
    driver = Path(__file__).parent / "driver.c"
    program = directory / "driver"
    sources = [directory / f"{name}_pipeline.c", driver, *(runtime or runtime_sources("features", "decision"))]
    defines = [f"-DPIPELINE={name}_pipeline", f'-DPIPELINE_HEADER="{name}_pipeline.h"']
    includes = [f"-I{place}" for place in (*runtime_includes(), directory)]
    done = run(["cc", *STRICT, *flags, *defines, *includes, "-o", program, *sources], timeout_s=120)
    assert done.status == 0, done.output
    return program


def feed(program: Path, directory: Path, frames: NDArray[np.int32]) -> tuple[NDArray[np.int8], str]:
    frames.astype("<i4").tofile(directory / "frames.bin")
    done = run([program, directory / "frames.bin", directory / "inputs.bin"], timeout_s=60)
    assert done.status == 0, done.output
    return np.fromfile(directory / "inputs.bin", dtype=np.int8), done.output


@pytest.mark.parametrize("name", SPECS)
def test_emitted_code_gives_the_bytes_of_the_host(tmp_path: Path, name: str) -> None:
    pipeline = make(name)
    write(tmp_path, name, pipeline)
    program = build_driver(tmp_path, name, "-O2")
    got, _ = feed(program, tmp_path, pipeline.to_frames(SIGNAL))
    np.testing.assert_array_equal(got, extract_int8(pipeline, SIGNAL).ravel())


def test_clean_under_sanitizers(tmp_path: Path) -> None:
    pipeline = make("activity")
    write(tmp_path, "activity", pipeline)
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    program = build_driver(tmp_path, "activity", *flags)
    limits = np.iinfo(np.int32)
    frames = np.random.default_rng(4).integers(limits.min, limits.max, size=(500, 6), endpoint=True, dtype=np.int32)
    frames[::7], frames[::11] = limits.min, limits.max
    got, output = feed(program, tmp_path, frames)
    assert len(got) == pipeline.window.count(500) * pipeline.output_bytes
    assert output == ""


@pytest.mark.requires(tools=("arm-none-eabi-gcc",))
def test_ram_and_flash_carry_the_name_of_the_pipeline(tmp_path: Path) -> None:
    source = write(tmp_path, "activity", make("activity"))
    includes = (f"-I{RUNTIME / 'include'}", f"-I{tmp_path}")
    done = run(
        [
            "arm-none-eabi-gcc",
            "-mcpu=cortex-m4",
            "-mthumb",
            "-Os",
            *STRICT,
            *includes,
            "-c",
            source,
            "-o",
            tmp_path / "p.o",
        ],
        timeout_s=60,
    )
    assert done.status == 0, done.output
    symbols = run(["arm-none-eabi-nm", "-S", "--defined-only", tmp_path / "p.o"], timeout_s=60).output.splitlines()
    sizes: dict[str, int] = {}
    for line in symbols:
        _, size, kind, symbol = line.split()
        assert symbol.startswith("activity_pipeline")
        sizes[kind.lower()] = sizes.get(kind.lower(), 0) + int(size, 16)
    assert set(sizes) == {"b", "r"}, "nothing in .data: the state needs no initial values in flash"
    assert sizes["b"] <= 128 * 6 + 50, "the ring holds int8, not int32"
    assert sizes["r"] <= 256


def test_text_is_the_same_each_time() -> None:
    assert emit(make("activity"), "activity") == emit(Pipeline.from_json(make("activity").to_json()), "activity")
    for text in emit(make("activity"), "activity").values():
        assert str(root()) not in text
        assert not re.search(r"[ \t]$", text, re.MULTILINE)
        assert text.endswith("\n")


def test_smallest_integer_compiles(tmp_path: Path) -> None:
    text = (
        make("activity")
        .to_json()
        .replace(make("activity").to_json().split('"mean":[')[1].split(",")[0], "-2147483648", 1)
    )
    pipeline = Pipeline.from_json(text)
    assert isinstance(pipeline.stages[0], Standardise)
    assert pipeline.stages[0].mean[0] == -(2**31)
    write(tmp_path, "activity", pipeline)
    got, _ = feed(build_driver(tmp_path, "activity"), tmp_path, pipeline.to_frames(SIGNAL))
    np.testing.assert_array_equal(got, extract_int8(pipeline, SIGNAL).ravel())


@pytest.mark.parametrize("name", ["", "my-app", "3d", "a b", "a;b", "ü"])
def test_name_must_be_an_identifier(name: str) -> None:
    with pytest.raises(DataError, match="no C identifier"):
        emit(make("bare"), name)


def test_no_emission_before_the_model_is_known() -> None:
    with pytest.raises(DataError, match="no quantisation yet"):
        emit(fit([WindowSpec(7, 3)], [SIGNAL]), "bare")

"""CMSIS-DSP's sources, flat, as part of a program for the measuring firmware. Downloaded by pip, never committed."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mlforge.features.fixed_point import factor
from mlforge.templating import render_file
from mlforge.toolchain.sources import cache_directory
from tests.unit.features import floats

HERE = Path(__file__).parent
VERSION = "1.10.3"
NEEDED = {
    "TransformFunctions": (
        "mfcc_q15 mfcc_init_q15 rfft_q15 rfft_init_q15 cfft_q15 cfft_init_q15 cfft_radix4_q15 bitreversal bitreversal2"
    ),
    "StatisticsFunctions": "absmax_q15",
    "FastMathFunctions": "divide_q15 vlog_q31 sqrt_q15 sqrt_q31",
    "BasicMathFunctions": "scale_q15 scale_q31 mult_q15 abs_q15 dot_prod_q15 offset_q31 shift_q31 shift_q15",
    "ComplexMathFunctions": "cmplx_mag_q15",
    "MatrixFunctions": "mat_vec_mult_q15",
    "CommonTables": "common_tables const_structs mve_tables",
}
BANDS, COEFFICIENTS, LENGTH, SIZE, RATE = 40, 10, 480, 512, 16_000


def peer_sources(scale: float) -> dict[str, str]:
    """File name to text; coefficients (Q8.7) are quantised with `scale`."""
    return {**_library(), **_pipeline(scale)}


@cache
def _library() -> dict[str, str]:
    texts: dict[str, str] = {"cmsis_compiler.h": (HERE / "cmsis_compiler.h").read_text()}
    with tarfile.open(_sdist()) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        root = archive.getnames()[0].partition("/")[0]
        headers = [name for name in names if re.fullmatch(r"(Include|Include/dsp|PrivateInclude)/\w+\.h", name)]
        sources = [f"Source/{part}/arm_{file}.c" for part, files in NEEDED.items() for file in files.split()]
        for name in [*headers, *sources]:
            member = archive.extractfile(f"{root}/{name}")
            assert member is not None
            text = re.sub(r'#include "(?:dsp/|\.\./)?(\w+\.h)"', r'#include "\1"', member.read().decode())
            texts[Path(name).name] = text
    return texts


def _sdist() -> Path:
    place = cache_directory() / "cmsisdsp"
    path = place / f"cmsisdsp-{VERSION}.tar.gz"
    if not path.is_file():
        place.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "--no-build-isolation", "-d", place, f"cmsisdsp=={VERSION}"], check=True)
    return path


def _pipeline(scale: float) -> dict[str, str]:
    weights = floats.mel_weights(BANDS, 20, RATE / 2, RATE, SIZE // 2 + 1, "htk", "none")
    used = [np.flatnonzero(row) for row in weights]
    quantised = factor(1 / (128 * scale))
    values: dict[str, Any] = {
        "bands": BANDS,
        "coefficients": COEFFICIENTS,
        "taper": [*_q15(floats.taper("hann", LENGTH)), *[0] * (SIZE - LENGTH)],
        "dct": _q15(floats.cosines(COEFFICIENTS, BANDS).ravel()),
        "positions": [int(index[0]) for index in used],
        "lengths": [len(index) for index in used],
        "weights": [value for row, index in zip(weights, used, strict=True) for value in _q15(row[index])],
        "multiplier": quantised.multiplier,
        "shift": quantised.shift,
    }
    text = render_file(HERE / "cmsis_pipeline.c.j2", values)
    return {"cmsis_pipeline.c": text, "cmsis_pipeline.h": (HERE / "cmsis_pipeline.h").read_text()}


def _q15(values: np.ndarray[Any, Any]) -> list[int]:
    return [int(value) for value in np.clip(np.rint(values * 32768), -32768, 32767)]

"""Compiles the C of accepted inputs without a warning, for host and Cortex-M4, and runs it under the sanitisers.

Models of all instruction sets go into one program; where they differ in a single result, that is a failure, too.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.compiler import CompiledModel, Isa, compile_graph, read_tflite
from mlforge.toolchain.files import made_once
from mlforge.toolchain.sources import runtime_includes, runtime_sources

HERE: Final = Path(__file__).parent
ISAS: Final = tuple(Isa)
CROSS_COMPILER: Final = "arm-none-eabi-gcc"
MAX_MACS: Final = 30_000_000
MAX_ARENA_BYTES: Final = 1 << 24
_WARNINGS: Final = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror")
_HOST: Final = ("-O1", "-g1", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
_CORTEX_M4: Final = ("-O2", "-mcpu=cortex-m4", "-mthumb", "-S", "-o", os.devnull)
_TIME_S: Final = 300


@dataclass(frozen=True, slots=True)
class Complaint:
    seed: int
    text: str


def kernels(place: Path) -> list[Path]:
    """Objects of all kernels, with the sanitisers; made once."""
    command = [_host_compiler(), *_WARNINGS, *_HOST, *_includes()]

    def compiled(source: Path) -> Path:
        def make(made: Path) -> None:
            _call([*command, "-c", str(source), "-o", str(made)])

        return made_once(place / f"{source.stem}.o", make)

    return [compiled(source) for source in runtime_sources("kernels")]


def execute(inputs: Sequence[tuple[int, bytes]], place: Path, objects: Sequence[Path]) -> list[Complaint]:
    """What is wrong with the C of these accepted inputs (seed and file), compiled together in `place`."""
    models = {
        f"m{seed}_{isa}": compile_graph(read_tflite(data), f"m{seed}_{isa}", isa)
        for seed, data in inputs
        for isa in ISAS
    }
    _write(models, place)
    driver = str(HERE / "driver.c")
    complaints = _compile([CROSS_COMPILER, *_WARNINGS, *_CORTEX_M4, *_includes(place), driver], models)
    if complaints:
        return complaints
    program = place / "run"
    command = [_host_compiler(), *_WARNINGS, *_HOST, *_includes(place), driver]
    complaints = _compile([*command, *map(str, objects), "-o", str(program)], models)
    return complaints or _run(program, [name for name, model in models.items() if _is_small(model)])


def _write(models: dict[str, CompiledModel], place: Path) -> None:
    for model in models.values():
        for name, text in model.program.sources.items():
            (place / name).write_text(text, encoding="utf-8")
    lines = [f'#include "{name}_model.c"' for name in models]
    small = [name for name, model in models.items() if _is_small(model)]
    lines.append("#define MODELS " + ", ".join(f"&{name}_model" for name in small) if small else "#define MODELS NULL")
    (place / "models.h").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _is_small(model: CompiledModel) -> bool:
    """Whether it may run here."""
    macs = sum(operator.macs for operator in model.program.operators)
    return macs <= MAX_MACS and model.program.arena_bytes <= MAX_ARENA_BYTES


def _compile(command: list[str], models: dict[str, CompiledModel]) -> list[Complaint]:
    words = _call(command)
    if not words:
        return []
    named = re.findall(r"(m\d+_\w+)_model\.[ch]:\d+", words)
    seeds = dict.fromkeys(_seed(name) for name in named or list(models)[:1])
    return [Complaint(seed, f"does not compile: {words[:1500]}") for seed in seeds]


def _run(program: Path, names: list[str]) -> list[Complaint]:
    complaints: list[Complaint] = []
    results: dict[int, dict[str, str]] = {}
    start = 0
    while start < len(names):
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        try:
            done = subprocess.run(
                [program, str(start)], capture_output=True, timeout=_TIME_S, check=False, env=environment
            )
            words, lines = done.stderr.decode(errors="replace"), done.stdout.decode().splitlines()
        except subprocess.TimeoutExpired as error:
            words, lines = "it does not end", (error.stdout or b"").decode().splitlines()
        for line in lines:
            name, *sums = line.split()
            results.setdefault(_seed(name), {})[name] = " ".join(sums)
        if len(lines) == len(names) - start and not words:
            break
        failed = max(start, start + len(lines) - 1)
        complaints.append(Complaint(_seed(names[failed]), f"{names[failed]}: {words[:2500] or 'ended'}"))
        start = failed + 1
    wrong = {complaint.seed for complaint in complaints}
    for seed, by_isa in results.items():
        if seed not in wrong and len(set(by_isa.values())) > 1:
            complaints.append(Complaint(seed, f"the instruction sets differ: {by_isa}"))
    return complaints


def _seed(name: str) -> int:
    return int(name[1:].partition("_")[0])


def _includes(*places: Path) -> list[str]:
    return [f"-I{place}" for place in (*places, *runtime_includes())]


def _host_compiler() -> str:
    return os.environ.get("CC", "cc")


def _call(command: list[str]) -> str:
    """What the compiler says; empty where it succeeds without a word."""
    done = subprocess.run(command, capture_output=True, timeout=_TIME_S, check=False)
    words = done.stderr.decode(errors="replace")
    return words or (f"exit status {done.returncode}" if done.returncode else "")

"""The measuring firmware with one model, for a benchmark's own runner to talk to.

What the runner of MLPerf Tiny (github.com/mlcommons/tiny, benchmark/runner) sends for each of its benchmarks, and what
it wants to hear, is in benchmark/reference_submissions/*/submitter_implemented.cpp, th_load_tensor and th_results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.errors import ModelError, TargetUnavailableError
from mlforge.records.program import Firmware
from mlforge.targets import qemu
from mlforge.targets.baremetal import TIMEOUT_S, BaremetalTarget
from mlforge.targets.pseudo_terminal import pseudo_terminal
from mlforge.targets.target import Target

_PAUSE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`wire`: how inputs are sent; see firmware/wire.h. `values` of the model's input and output."""

    wire: str
    inputs: int
    outputs: int


BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "ad01": Benchmark("reconstruction", 640, 640),
    "ic01": Benchmark("uint8", 32 * 32 * 3, 10),
    "kws01": Benchmark("", 49 * 10, 12),
    "vww01": Benchmark("uint8", 96 * 96 * 3, 2),
}


def build_served(tflite: bytes, name: str, target: Target, benchmark: str = "") -> tuple[BaremetalTarget, Firmware]:
    """The firmware that answers a runner: as the device of `benchmark`, or with the model's own bytes.

    Raises:
        ModelError, BuildError: the model cannot be compiled or built, or is none of this benchmark.
        TargetUnavailableError: the target has no serial port.
    """
    if not isinstance(target, BaremetalTarget):
        raise TargetUnavailableError(f"{target.name} has no serial port", hint="serve on one of the emulated boards")
    program = compile_graph(read_tflite(tflite), name, Isa(target.isa)).program
    if benchmark:
        expected = BENCHMARKS[benchmark]
        found = (program.input_bytes, program.output_bytes)
        if found != (expected.inputs, expected.outputs):
            raise ModelError(
                f"{benchmark} is for models of {expected.inputs} int8 inputs and {expected.outputs} outputs: "
                f"this one has {found[0]} and {found[1]}"
            )
        program = replace(program, label=benchmark, wire=expected.wire)
    return target, target.build(program)


def serve(target: BaremetalTarget, firmware: Firmware, ready: Callable[[str], None]) -> None:
    """Runs the firmware; `ready` is told the path of its serial port. Goes on until interrupted.

    Raises:
        RunError: the firmware crashed or ended.
    """
    with (
        qemu.running(target.board, firmware.elf, options=qemu.COUNTED, timeout_s=TIMEOUT_S) as client,
        pseudo_terminal() as terminal,
    ):
        ready(terminal.path)
        while True:
            terminal.relay(client.transport, _PAUSE_S)

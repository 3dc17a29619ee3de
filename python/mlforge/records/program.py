"""What is built for a target, and what came out: a `Program` is generated text, a `Firmware` is a linked ELF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Engine(StrEnum):
    """What runs a model on the device: C compiled ahead of time, or TensorFlow Lite Micro, which Zephyr builds."""

    STATIC = "static"
    TFLM = "tflm"  # with its reference kernels
    TFLM_CMSIS_NN = "tflm-cmsis-nn"

    @property
    def interprets(self) -> bool:
        """Whether TensorFlow Lite Micro runs the .tflite file itself."""
        return self is not Engine.STATIC


class Prefer(StrEnum):
    """What kernels are chosen for, where the fastest need more than others. Results are the same bytes."""

    SPEED = "speed"  # the fastest kernel for each operator
    RAM = "ram"  # the smallest arena that kernels allow, and of those that have it, the fastest
    FLASH = "flash"  # weights of few values in few bits, unpacked in front of each operator


def symbols_file(name: str) -> str:
    """The source of a program, beside its C, that lists the symbols of the model's object which are no code: a JSON
    object of name and Category."""
    return f"{name}_symbols.json"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a compiled model, as the generated C names it."""

    index: int
    kind: str  # TensorFlow Lite's name, such as "CONV_2D"
    name: str  # the output tensor's name in the model
    symbol: str  # the C function that runs it; entering it starts its share of the instructions
    macs: int  # multiply-accumulates of one inference
    weight_bytes: int  # weights, biases and requantisation tables in flash


@dataclass(frozen=True, slots=True)
class Streaming:
    """How a model takes a stream: `hop` new columns of its window of `window` columns in each inference. Its results
    are those of whole windows from the `first`-th inference after a reset on, counted from 1."""

    hop: int
    window: int
    column_bytes: int
    first: int
    taken_offset: int  # in the arena: int32, the inferences since the reset, up to `first`


@dataclass(frozen=True, slots=True)
class Program:
    """A model, and optionally its feature pipeline, as C text that includes only headers of `runtime/include`."""

    name: str  # a C identifier; generated symbols are `<name>_…`
    sources: Mapping[str, str]  # file name to text
    model_symbol: str  # a `struct mlforge_model`
    model_header: str  # the file that declares it
    arena_bytes: int
    input_bytes: int  # of all inputs together
    output_bytes: int
    operators: tuple[Operator, ...]
    pipeline_symbol: str = ""  # a `struct mlforge_pipeline`; empty without features
    pipeline_header: str = ""
    decision_symbol: str = ""  # a `struct mlforge_decision`; empty without one
    decision_header: str = ""
    state_bytes: int = 0  # of the arena, from its start: they must survive between inferences
    label: str = ""  # what the firmware calls the model; empty for `name`
    wire: str = ""  # how a benchmark's runner sends inputs: a `struct mlforge_wire` of firmware/wire.h; empty for as is
    engine: Engine = Engine.STATIC
    streaming: Streaming | None = None  # None: each inference takes a whole window

    @property
    def weight_bytes(self) -> int:
        """Of all operators, in flash."""
        return sum(operator.weight_bytes for operator in self.operators)


@dataclass(frozen=True, slots=True)
class Firmware:
    """A linked image for one target."""

    target: str
    core: str  # such as "cortex-m4"
    elf: Path
    # The same image without model and features: what the measuring firmware itself costs. None where the image is an
    # application's, of which its build's record tells what is the model's.
    baseline_elf: Path | None
    program: Program
    build_seconds: Mapping[str, float] = field(default_factory=dict)  # by stage: compile, link

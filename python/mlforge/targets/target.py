"""The seam between MLForge and everything that can run a model. All implementations inherit tests/conformance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mlforge.records.program import Firmware, Program


@dataclass(frozen=True, slots=True)
class Inference:
    """What a batch gave back: `outputs` int8 [N, output_bytes]; `stack_bytes` the deepest that an inference went (0
    where the target does not measure it)."""

    outputs: NDArray[np.int8]
    stack_bytes: int


@dataclass(frozen=True, slots=True)
class Block:
    """A run of instructions that is always executed from its first to its last, in the share of one operator.

    `operator` is an index into the program's operators, or -1 for code between them. `taken` of the `executed` times
    the last instruction went elsewhere than to the instruction behind it."""

    operator: int
    address: int
    size_bytes: int
    instructions: int
    executed: int
    taken: int


@dataclass(frozen=True, slots=True)
class Window:
    """All that was executed for one inference, or for one model input, without the measuring firmware's own share."""

    blocks: tuple[Block, ...]

    @property
    def instructions(self) -> int:
        return sum(block.instructions * block.executed for block in self.blocks)

    def operator_instructions(self, operator: int) -> int:
        return sum(block.instructions * block.executed for block in self.blocks if block.operator == operator)


@dataclass(frozen=True, slots=True)
class Profile:
    """Exact counts: a window for each inference, and one for each model input that the features produced. `last_sample`
    is the share of the newest one that came behind its last frame; None where the last frame completed none."""

    inferences: tuple[Window, ...]
    features: tuple[Window, ...]
    stack_bytes: int
    feature_stack_bytes: int
    method: str  # how it was counted, such as "counted in QEMU"
    last_sample: Window | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """What a board that counts no instructions measured itself: the longest inference, the longest that producing one
    model input took (0 without frames), and the deepest stack of each."""

    inference_us: float
    feature_us: float
    stack_bytes: int
    feature_stack_bytes: int
    method: str  # how it was measured, such as "measured on device: ..."
    last_sample_us: float | None = None  # from the last frame of a model input on; None where it completed none


class Target(Protocol):
    """A board and a way to run on it."""

    @property
    def name(self) -> str:
        """What users type: `host`, or a Zephyr board name."""

    @property
    def description(self) -> str:
        """One line for people."""

    @property
    def core(self) -> str:
        """The processor, such as "cortex-m4"."""

    @property
    def isa(self) -> str:
        """What the engine generates code for here, such as "dsp"; see compiler/isa.py."""

    @property
    def programs(self) -> tuple[str, ...]:
        """The tools whose versions decide what is measured here: compiler and emulator, as they are started."""

    @property
    def counts_instructions(self) -> bool:
        """Whether `profile` gives exact counts."""

    @property
    def measures(self) -> bool:
        """Whether `profile` works here."""

    def unavailable(self) -> str | None:
        """Why this target cannot be used on this machine, and what would change that; None where it can."""

    def build(self, program: Program) -> Firmware:
        """Compiles and links. Raises BuildError: the compiler's or linker's words are in `log`."""

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference:
        """Runs inputs int8 [N, input_bytes] through the model.

        Raises RunError: it crashed, hung, or broke the protocol."""

    def profile(
        self, firmware: Firmware, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None = None
    ) -> Profile | Timing:
        """Counts, or times, inferences over inputs int8 [N, input_bytes], and features over raw frames int32
        [F, frame_length].

        Raises RunError as `infer` does, TargetUnavailableError where this target can do neither."""

    def extract(self, firmware: Firmware, frames: NDArray[np.int32]) -> NDArray[np.int8]:
        """All model inputs int8 [M, feature_bytes] that the pipeline makes of raw frames int32 [F, frame_length]."""

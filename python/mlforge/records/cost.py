"""`Cost`: what one architecture takes from a target. Measured; independent of the values of trained weights."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlforge.records.program import Prefer
from mlforge.records.serial import OMIT_IF_DEFAULT


@dataclass(frozen=True, slots=True)
class FlashUse:
    """Bytes that model and runtime add to the image. `total` is the image less the same image without a model, both as
    the program headers load them; the shares come from symbols, and `other` is what no symbol claims (padding, sections
    of the toolchain's library)."""

    total: int
    weights: int
    code: int  # generated for this model
    kernels: int  # the runtime's kernels that the model pulled in
    features: int  # pipeline code and tables
    other: int


@dataclass(frozen=True, slots=True)
class RamUse:
    """Statically allocated bytes that model and runtime add. The stack is a limit of its own."""

    total: int
    arena: int
    features: int
    other: int


@dataclass(frozen=True, slots=True)
class OperatorCost:
    index: int
    kind: str
    name: str
    macs: int
    weight_bytes: int
    instructions: int
    cycles: int  # estimated
    code_bytes: int = 0  # of the functions that ran for it; one that several operators share counts for each


@dataclass(frozen=True, slots=True)
class StreamCost:
    """What the features take while the stream runs: of the `hop_frames` samples from one model input to the next."""

    rate_hz: int
    hop_frames: int
    feature_us: float
    feature_instructions: int | None

    @property
    def inputs_per_second(self) -> float:
        return self.rate_hz / self.hop_frames


@dataclass(frozen=True, slots=True)
class Cost:
    """One architecture on one target.

    `instructions` are exact (counted by QEMU); `cycles` are estimated from them with the core's cost table, and
    `latency_us` is cycles over the contract's clock. Both are the worst of the measured inferences, features excluded;
    `feature_cycles` is what the features take from the last sample of a model input on.

    On a real board nothing is counted or estimated: `latency_us` is what its own counter says at its own clock, the
    numbers of instructions and cycles are None, and there are no operators.
    """

    target: str
    core: str
    method: str  # such as "estimated in QEMU: cortex-m4 instruction table" or "measured on device"
    flash: FlashUse
    ram: RamUse
    stack_bytes: int  # deepest, by painted watermark
    instructions: int | None
    cycles: int | None
    latency_us: float
    feature_instructions: int | None
    feature_cycles: int | None
    feature_latency_us: float
    operators: tuple[OperatorCost, ...]
    period_us: float | None = None  # between two inferences at the signal's rate; None where the contract names none
    stream: StreamCost | None = None  # None where the signal has no rate
    # From the last sample to the output if nothing waited for the flash; None where no wait states are told.
    fast_latency_us: float | None = field(default=None, metadata=OMIT_IF_DEFAULT)
    prefer: Prefer = field(default=Prefer.SPEED, metadata=OMIT_IF_DEFAULT)  # what the kernels were chosen for

    @property
    def total_latency_us(self) -> float:
        """From the last sample to the output: what the contract's `latency` limits."""
        return self.latency_us + self.feature_latency_us

    @property
    def awake_us(self) -> float:
        """For an inference and the features since the one before; without a rate, for those of the last sample."""
        return self.latency_us + (self.stream.feature_us if self.stream else self.feature_latency_us)

    @property
    def cpu(self) -> float | None:
        """The share of the clock that features and inferences take at the signal's rate; None where it has none."""
        if self.stream is None:
            return None
        return self.awake_us * 1e-6 * self.stream.inputs_per_second

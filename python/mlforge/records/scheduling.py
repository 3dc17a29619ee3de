"""What an application's threads and interrupts bear while its model runs: measured in its own image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Locked:
    """What one function did: how often it locked interrupts, the longest time, and all of it, in microseconds."""

    function: str
    times: int
    longest_us: float
    total_us: float


@dataclass(frozen=True, slots=True)
class Blocking:
    """`functions` begins with the one that blocked longest. A microsecond has `instructions_per_us` of QEMU's."""

    functions: tuple[Locked, ...]
    seconds: float
    instructions_per_us: float

    @property
    def worst(self) -> Locked | None:
        return self.functions[0] if self.functions else None


@dataclass(frozen=True, slots=True)
class Delays:
    """Of so many occasions, in microseconds."""

    mean_us: float
    worst_us: float
    count: int


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a measurement. `timer` is how late a timer of 1 kHz was, `wake` the thread of the highest priority
    that it wakes, both after the earliest of all; `inference` from a result's frames to the result, None where none
    ran."""

    name: str  # alone, with the model, under load
    timer: Delays | None
    wake: Delays | None
    inference: Delays | None
    late: int  # results after the contract's latency


@dataclass(frozen=True, slots=True)
class ThreadPart:
    """A thread in one part: its share of the processor, and from ready to waiting again."""

    share: float
    response: Delays | None
    missed: int  # deadlines


@dataclass(frozen=True, slots=True)
class ThreadUse:
    """`parts` are those of the measurement, in their order."""

    name: str
    priority: int
    stack_bytes: int
    stack_used_bytes: int
    deadline_us: float | None
    parts: tuple[ThreadPart, ...]


@dataclass(frozen=True, slots=True)
class Scheduling:
    """`kept_free` is whether nobody took the memory that the contract keeps free; None where it keeps none."""

    board: str
    period_us: float  # from one inference to the next
    seconds: float  # of each part
    load: float
    parts: tuple[Part, ...]
    threads: tuple[ThreadUse, ...]
    kept_free: bool | None
    method: str

    @property
    def stretch(self) -> float:
        """How many times as long an inference takes at worst in the last part as with the model alone; 1 without."""
        found = [part.inference.worst_us for part in self.parts if part.inference is not None]
        return found[-1] / found[0] if found and found[0] else 1.0

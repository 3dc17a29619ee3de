"""Finding out how much arena TensorFlow Lite Micro needs for a model: by running it, on an emulated board.

What the interpreter says that it uses is only where the search starts, as it may need more while it sets itself up
(for planning its memory, say). The answer is a size with which an image was built, set up and run.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mlforge.app.model import with_features
from mlforge.app.tflm_arenas import Machine
from mlforge.compiler.isa import Isa
from mlforge.compiler.tflm import ARENA_ALIGN, compile_tflm
from mlforge.errors import BuildError, ImageTooLargeError, RunError
from mlforge.features.pipeline import Pipeline
from mlforge.records.program import Engine, Firmware, Program
from mlforge.targets.target import Inference

FIRST_BYTES: Final = 16 * 1024
MOST_BYTES: Final = 1 << 26
_SEED: Final = 0
_SPARE_BYTES: Final = 256  # of RAM that an image leaves, so that the linker's alignments do not matter
_REFUSED: Final = "TensorFlow Lite Micro cannot run"  # as zephyr/src/tflm_report.c says


class ArenaTarget(Protocol):
    """What of a `ZephyrTarget` is needed here."""

    @property
    def name(self) -> str: ...

    @property
    def isa(self) -> str: ...

    @property
    def architecture(self) -> str: ...

    def build(self, program: Program) -> Firmware: ...

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference: ...

    def arena_used_bytes(self, firmware: Firmware) -> int: ...

    def with_arena(self, firmware: Firmware, arena_bytes: int, place: Path) -> Firmware: ...


@dataclass(frozen=True, slots=True)
class FoundArena:
    """`used_bytes` is what the interpreter says; `arena_bytes` what it took to set it up and run it."""

    machine: Machine
    used_bytes: int
    arena_bytes: int


def find_arena(
    data: bytes, name: str, target: ArenaTarget, engine: Engine, features: Pipeline | None = None
) -> FoundArena:
    """The arena that a `.tflite` model needs on the target. Builds twice; the second is short.

    Raises:
        ModelError, UnsupportedOperatorError: TensorFlow Lite Micro does not take the model.
        BuildError: it could not be built; ImageTooLargeError where the board has too little memory for it.
        RunError: the interpreter refuses the model, however large its arena.
        TargetUnavailableError: the target cannot be used here.
    """
    search = _Search(data, name, target, engine, features)
    generous = search.generous()
    used_bytes = target.arena_used_bytes(generous)
    arena_bytes = search.smallest(generous, used_bytes)
    while not search.works(search.built(arena_bytes)):  # as where a descriptor was not asked
        arena_bytes = _rounded(arena_bytes + max(arena_bytes // 32, ARENA_ALIGN))
        if arena_bytes > generous.program.arena_bytes:
            raise RunError(f"{name}: {generous.program.arena_bytes} bytes of arena worked once, and never again")
    return FoundArena(machine_of(target, engine), used_bytes, arena_bytes)


def machine_of(target: ArenaTarget, engine: Engine) -> Machine:
    """What sizes that were found on a target hold for."""
    return Machine(engine, target.architecture, Isa(target.isa))


@dataclass(frozen=True, slots=True)
class _Search:
    data: bytes
    name: str
    target: ArenaTarget
    engine: Engine
    features: Pipeline | None

    def generous(self) -> Firmware:
        """An image with an arena that is large enough for the interpreter."""
        size_bytes, failed_bytes = FIRST_BYTES, 0
        while True:
            try:
                firmware = self.built(size_bytes)
                self.target.arena_used_bytes(firmware)
                return firmware
            except ImageTooLargeError as error:
                size_bytes -= _rounded(_too_many(error) + _SPARE_BYTES)
                if size_bytes <= failed_bytes:
                    raise BuildError(
                        f"{self.name}: {failed_bytes} bytes of arena are too small, and {self.target.name} has no more",
                        log=error.log,
                        hint="find the size on an emulated board of that kind with more memory",
                    ) from error
            except RunError as error:
                if _REFUSED not in error.message or size_bytes >= MOST_BYTES:
                    raise
                failed_bytes, size_bytes = size_bytes, 2 * size_bytes

    def smallest(self, generous: Firmware, used_bytes: int) -> int:
        """The smallest arena, by `ARENA_ALIGN`, that does: what is used or, where setting up takes more, what is found
        between that and the generous one. No image is built for it."""
        least, most = _rounded(used_bytes), generous.program.arena_bytes
        with tempfile.TemporaryDirectory(prefix="mlforge-") as place:

            def does(arena_bytes: int) -> bool:
                return self.works(self.target.with_arena(generous, arena_bytes, Path(place)))

            if least >= most or does(least):
                return min(least, most)
            while most - least > ARENA_ALIGN:
                half = _rounded((least + most) // 2 - ARENA_ALIGN + 1)
                least, most = (least, half) if does(half) else (half, most)
        return most

    def works(self, firmware: Firmware) -> bool:
        """Whether the model can be set up and run."""
        inputs = np.random.default_rng(_SEED).integers(-128, 128, (2, firmware.program.input_bytes), dtype=np.int8)
        try:
            self.target.infer(firmware, inputs)
        except RunError as error:
            if _REFUSED in error.message:
                return False
            raise
        return True

    def built(self, arena_bytes: int) -> Firmware:
        compiled = compile_tflm(self.data, self.name, arena_bytes, self.engine)
        program = with_features(compiled, self.features)[1] if self.features else compiled.program
        return self.target.build(program)


def _rounded(size_bytes: int) -> int:
    return -(-size_bytes // ARENA_ALIGN) * ARENA_ALIGN


def _too_many(error: BuildError) -> int:
    """By how many bytes RAM overflows. Raises the error again where it is no matter of RAM."""
    found = re.search(r"(\d+) bytes too large for RAM", error.message)
    if found is None:
        raise error
    return int(found[1])

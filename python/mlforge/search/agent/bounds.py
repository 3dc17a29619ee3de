"""How large an architecture of the agent's may be before anything is built: a design that cannot fit is sent back at
once, and none may exhaust the host that would have to build, emulate or train it."""

from __future__ import annotations

from typing import Final

from mlforge.errors import ArchitectureError
from mlforge.records.architecture import Architecture
from mlforge.search.sizes import layer_sizes

MAX_STEPS: Final = 48  # layers, those inside residual blocks included
MAX_WEIGHTS: Final = 2 << 20
MAX_MACS: Final = 100_000_000
MAX_ACTIVATION: Final = 1 << 20  # elements


def check_bounds(architecture: Architecture, flash_bytes: int | None) -> None:
    """Refuses what surely breaks the flash limit, and what is too large to be tried.

    Raises:
        ArchitectureError: with the layer's path and a reason that its author can act on.
    """
    sizes = layer_sizes(architecture)
    if len(sizes) > MAX_STEPS:
        raise ArchitectureError("layers", f"{len(sizes)} layers: at most {MAX_STEPS}")
    weights = sum(size.weights for size in sizes)
    if flash_bytes is not None and weights > flash_bytes:
        largest = max(sizes, key=lambda size: size.weights)
        raise ArchitectureError(
            largest.path,
            f"the weights alone take {weights} bytes of the {flash_bytes} of flash, {largest.weights} of them here",
        )
    if weights > MAX_WEIGHTS:
        raise ArchitectureError("layers", f"{weights} weights: at most {MAX_WEIGHTS}")
    if (macs := sum(size.macs for size in sizes)) > MAX_MACS:
        raise ArchitectureError("layers", f"{macs} multiplications: at most {MAX_MACS}")
    for size in sizes:
        if size.output_bytes > MAX_ACTIVATION:
            raise ArchitectureError(size.path, f"an output of {size.output_bytes} values: at most {MAX_ACTIVATION}")

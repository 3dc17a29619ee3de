"""What the compiler knows of processors: which instructions its kernels and weight layouts may count on.

The choice changes what is generated, never what it computes: all give the same bytes, and every kernel has a portable
fallback, so that code made for any of these also runs on any other core.
"""

from __future__ import annotations

from enum import StrEnum


class Isa(StrEnum):
    GENERIC = "generic"  # any 32-bit core: Cortex-M3, RISC-V, the host
    THUMB1 = "thumb1"  # Cortex-M0: eight registers, no long multiplication
    DSP = "dsp"  # Cortex-M4, M7, M33: pairs of int16 in a register, two products in an instruction
    MVE = "mve"  # Cortex-M55: Helium's 128-bit vectors, and all of DSP

    @property
    def has_dsp(self) -> bool:
        """Whether kernels for DSP run well."""
        return self in (Isa.DSP, Isa.MVE)

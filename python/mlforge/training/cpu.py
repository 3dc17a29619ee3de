"""What of the CPU decides how a training rounds. Imports no TensorFlow.

TensorFlow's convolutions and matrix products are oneDNN's, which chooses its kernels by instruction set and so the
order in which they add. Kernels for later sets than CAP are left out: every CPU that has CAP runs the same ones.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final

CAP: Final = "AVX2"
SETTINGS: Final = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")  # the second is the older name of the first
_CPUINFO: Final = Path("/proc/cpuinfo")


def kernels(machine: str = platform.machine(), cpuinfo: Path = _CPUINFO) -> str:
    """Which kernels train on this machine, for the lock and the result cache."""
    if machine not in ("x86_64", "AMD64"):
        return f"those for {machine}"
    try:
        words = cpuinfo.read_text(encoding="utf-8").split()
    except OSError:
        words = []
    return f"oneDNN's up to {CAP}" if CAP.lower() in words else f"oneDNN's for a CPU without {CAP}"

"""What of the CPU the lock names."""

from __future__ import annotations

from pathlib import Path

from mlforge.training.cpu import kernels


def test_a_cpu_with_the_cap_says_so(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("flags\t\t: fpu sse4_1 avx avx2 avx512f\n")
    assert kernels("x86_64", cpuinfo) == "oneDNN's up to AVX2"
    cpuinfo.write_text("flags\t\t: fpu sse4_1 avx\n")
    assert "without AVX2" in kernels("x86_64", cpuinfo)
    assert "without AVX2" in kernels("x86_64", tmp_path / "missing")
    assert kernels("aarch64", cpuinfo) == "those for aarch64"

"""Which instructions lock, and whose they are; what the plugin leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlforge.cli.main import main
from mlforge.errors import BuildError
from mlforge.targets.blocking import _by_function, _locks, blocking
from mlforge.targets.zephyr_boards import ZEPHYR_BOARDS

BOARD = ZEPHYR_BOARDS["qemu_cortex_m3"]


def test_instructions_that_lock() -> None:
    """Encodings of the Armv7-M manual: cpsid i, nop, cpsie i, msr BASEPRI_MAX r2, msr BASEPRI r3, msr PRIMASK r0."""
    words = (0xB672, 0xBF00, 0xB662, 0xF382, 0x8812, 0xF383, 0x8811, 0xF380, 0x8810)
    code = b"".join(word.to_bytes(2, "little") for word in words)
    assert dict(_locks(0x100, code)) == {0x100: 1, 0x104: 2, 0x106: 3, 0x10A: 4, 0x10E: 2}
    assert list(_locks(0, code[:7])) == [(0, 1), (4, 2)]  # cut off
    assert list(_locks(0, b"\x80\xf3\x08\x88")) == []  # msr MSP locks nothing


def test_the_one_that_blocked_longest_is_first() -> None:
    text = "L 104 3 50 90\nL 108 1 80 80\nL 204 2 100 150\nE 1000\n"
    found = _by_function(text, [0x100, 0x200], ["short", "long"], 2.0)
    assert [(each.function, each.times, each.longest_us, each.total_us) for each in found] == [
        ("long", 2, 50.0, 75.0),
        ("short", 4, 40.0, 85.0),
    ]


def test_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.elf").write_text("no image")
    for path in (tmp_path / "a.elf", tmp_path / "none"):
        with pytest.raises(BuildError, match=r"no ELF image|cannot read"):
            blocking(path, BOARD, 120_000_000, 0.1)


@pytest.mark.parametrize("board", ["qemu_riscv32", "native_sim", "nrf52840dk/nrf52840"])
def test_a_board_that_is_no_emulated_cortex_m(board: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["blocking", "a.elf", "--board", board]) == 1
    assert "no emulated Cortex-M" in capsys.readouterr().err


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BuildError, match="not a file"):
        blocking(tmp_path / "pipe", ZEPHYR_BOARDS["mps2/an386"], 120_000_000, 0.1)

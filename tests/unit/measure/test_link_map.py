"""Whose a piece of an image is, by the map that GNU ld leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.measure.link_map import Part, Piece, link_map_of

MAP = """\
Archive member included to satisfy reference by file (symbol)

Discarded input sections

 .text.never    0x00000000       0x99 app/libapp.a(main.c.obj)

Memory Configuration

Linker script and memory map

LOAD app/libapp.a
text            0x00000100     0x5824
 *(SORT_BY_ALIGNMENT(.text.*))
 .text.main     0x00000100       0x14 app/libapp.a(main.c.obj)
                0x00000100                main
 .text.a_function_with_a_long_name
                0x00000114       0x20 zephyr/kernel/libkernel.a(sched.c.obj)
 *fill*         0x00000134        0x4 
 .text          0x00000138       0x10 /usr/lib/gcc/arm-none-eabi/12.2.1/libgcc.a(_udivmoddi4.o)
 .text.gone     0x00000000        0x0 zephyr/kernel/libkernel.a(sched.c.obj)
 .debug_info    0x00000102      0x500 app/libapp.a(main.c.obj)
"""  # noqa: W291


def test_pieces_of_a_map_by_address(tmp_path: Path) -> None:
    elf = tmp_path / "zephyr.elf"
    assert link_map_of(elf) is None
    (tmp_path / "zephyr.map").write_text(MAP)
    found = link_map_of(elf)
    assert found is not None
    assert [(piece.address, piece.size_bytes) for piece in found.pieces] == [
        (0x100, 0x14),
        (0x114, 0x20),
        (0x138, 0x10),
    ]
    assert found.part_at(0x113) is Part.APPLICATION
    assert found.part_at(0x114) is Part.KERNEL
    assert found.part_at(0x140) is Part.LIBRARY
    assert found.part_at(0x135) is None
    assert found.part_at(0x50) is None


def test_another_file_of_that_name_is_no_map(tmp_path: Path) -> None:
    (tmp_path / "zephyr.map").write_bytes(b"\xff\xfe no map")
    assert link_map_of(tmp_path / "zephyr.elf") is None


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("app/libapp.a(main.c.obj)", Part.APPLICATION),
        ("modules/mlforge/measure/libmlforge_measure.a(own.c.obj)", Part.MEASURING),
        ("modules/mlforge/libmlforge_service.a(service.c.obj)", Part.SERVICE),
        ("zephyr/drivers/serial/libdrivers__serial.a(uart_cmsdk_apb.c.obj)", Part.DRIVERS),
        ("zephyr/arch/arch/arm/core/libarch__arm__core.a(fatal.c.obj)", Part.KERNEL),
        ("zephyr/libzephyr.a(printk.c.obj)", Part.KERNEL),
        ("zephyr/CMakeFiles/zephyr_final.dir/isr_tables.c.obj", Part.KERNEL),
        ("zephyr/subsys/shell/libsubsys__shell.a(shell.c.obj)", Part.SUBSYSTEMS),
        ("zephyr/lib/libc/common/liblib__libc__common.a(malloc.c.obj)", Part.LIBRARY),
        ("/usr/lib/picolibc/arm-none-eabi/lib/thumb/libc.a(vfprintf.c.o)", Part.LIBRARY),
        ("modules/cmsis-nn/libcmsis_nn.a(arm_softmax.c.obj)", Part.MODULES),
    ],
)
def test_parts_by_the_directories_of_zephyrs_build(source: str, part: Part) -> None:
    assert Piece(0, 1, source).part is part

"""GNU ld's map as text: what each piece of an image is from, where it lies, and the maps of other linkers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.errors import BuildError
from mlforge.measure.parts import part_by_directory
from mlforge.records.categories import Part
from mlforge.toolchain.link_map import MAX_BYTES, LinkMap, OutputSection, Piece, Region, read_link_map

MAP = """\
Archive member included to satisfy reference by file (symbol)

Discarded input sections

 .text.never    0x00000000       0x99 app/libapp.a(main.c.obj)

Memory Configuration

Name             Origin             Length             Attributes
FLASH            0x00000000         0x00040000         xr
RAM              0x20000000         0x00010000         xw
ODD              0x30000000         0x00000010         r!w
*default*        0x00000000         0xffffffff

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
a_section_with_a_long_name
                0x00006000       0x30
 .rodata.str1.4
                0x00006000       0x20 app/libapp.a(main.c.obj)
                                 0x28 (size before relaxing)
 .rodata.str1.4
                0x00006020       0x0c app/libapp.a(other one.c.obj)
 .rodata.table  0x00006020       0x10 app/libapp.a(other one.c.obj)
data            0x20000000       0x08 load address 0x00006030
 .data          0x20000000       0x08 app/libapp.a(main.c.obj)
 COMMON         0x20000008       0x04 app/libapp.a(main.c.obj)
.debug_info     0x00000000      0x602
 .debug_info    0x00000102      0x500 app/libapp.a(main.c.obj)
"""  # noqa: W291
MAIN = "app/libapp.a(main.c.obj)"


def _read(place: Path, text: str) -> LinkMap:
    (place / "image.map").write_text(text)
    return read_link_map(place / "image.elf")


def test_a_map(tmp_path: Path) -> None:
    found = _read(tmp_path, MAP)
    assert found.regions == (
        Region("FLASH", 0, 0x40000, writable=False),
        Region("RAM", 0x20000000, 0x10000),
        Region("ODD", 0x30000000, 0x10, writable=False),
    )
    assert OutputSection("a_section_with_a_long_name", 0x6000, 0x30) in found.sections
    assert OutputSection("data", 0x20000000, 8) in found.sections
    assert [piece for piece in found.pieces if piece.output != ".debug_info"] == [
        Piece(0x100, 0x14, MAIN, ".text.main", "text"),
        Piece(0x114, 0x20, "zephyr/kernel/libkernel.a(sched.c.obj)", ".text.a_function_with_a_long_name", "text"),
        Piece(0x138, 0x10, "/usr/lib/gcc/arm-none-eabi/12.2.1/libgcc.a(_udivmoddi4.o)", ".text", "text"),
        Piece(0x6000, 0x20, MAIN, ".rodata.str1.4", "a_section_with_a_long_name"),
        # what was merged into the string before it is no more
        Piece(0x6020, 0x10, "app/libapp.a(other one.c.obj)", ".rodata.table", "a_section_with_a_long_name"),
        Piece(0x20000000, 8, MAIN, ".data", "data"),
        Piece(0x20000008, 4, MAIN, "COMMON", "data"),
    ]


def test_zephyrs_final_map_serves_where_its_copy_is_missing(tmp_path: Path) -> None:
    (tmp_path / "zephyr_final.map").write_text(MAP)
    assert read_link_map(tmp_path / "zephyr.elf").path.name == "zephyr_final.map"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "             VMA              LMA     Size Align Out     In      Symbol\n",
            "is a map of lld, and not GNU ld's",
        ),
        ("Component: Arm Compiler 6\n", "is no map of a link"),
        ("Component: ARM Compiler 5.06\n", "is a map of armlink"),
        ("\xff\xfe", "is no map of a link"),
        ("", "is no map of a link"),
    ],
)
def test_maps_of_other_linkers_are_refused(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=complaint) as caught:
        _read(tmp_path, text)
    assert "build with GNU ld" in caught.value.hint


def test_no_map_at_all(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"image\.elf has no image\.map beside it"):
        read_link_map(tmp_path / "image.elf")
    (tmp_path / "image.map").mkdir()
    with pytest.raises(BuildError, match="cannot read"):
        read_link_map(tmp_path / "image.elf")
    (tmp_path / "image.map").rmdir()
    with (tmp_path / "image.map").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(BuildError, match="more than 64 MiB"):
        read_link_map(tmp_path / "image.elf")


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("app/libapp.a(main.c.obj)", Part.APPLICATION),
        ("zephyr/drivers/serial/libdrivers__serial.a(uart_cmsdk_apb.c.obj)", Part.DRIVERS),
        ("zephyr/arch/arch/arm/core/libarch__arm__core.a(fatal.c.obj)", Part.KERNEL),
        ("zephyr/libzephyr.a(printk.c.obj)", Part.KERNEL),
        ("zephyr/CMakeFiles/zephyr_final.dir/isr_tables.c.obj", Part.KERNEL),
        ("zephyr/subsys/shell/libsubsys__shell.a(shell.c.obj)", Part.SUBSYSTEMS),
        ("zephyr/lib/libc/common/liblib__libc__common.a(malloc.c.obj)", Part.LIBRARY),
        ("/usr/lib/picolibc/arm-none-eabi/lib/thumb/libc.a(vfprintf.c.o)", Part.LIBRARY),
        ("modules/cmsis-nn/libcmsis_nn.a(arm_softmax.c.obj)", Part.MODULES),
        ("modules/other/libmlforge_of_somebody.a(service.c.obj)", Part.MODULES),
    ],
)
def test_parts_by_the_directories_of_zephyrs_build(source: str, part: Part) -> None:
    assert part_by_directory(source) is part

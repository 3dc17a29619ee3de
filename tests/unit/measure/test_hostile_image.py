"""ELF images that somebody broke end as a BuildError, or as some account; so do maps and records of links."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from mlforge.errors import BuildError
from mlforge.measure.elf_image import read_image
from mlforge.measure.footprint import footprint
from mlforge.toolchain.linked import read_linked
from tests.programs.require import require_tools

EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A relocatable file for the host: header, sections and symbols as in any other."""
    require_tools("cc")
    place = tmp_path_factory.mktemp("image")
    (place / "a.c").write_text("int shared[9]; static int own = 3; int f(int x) { return x + own + shared[x]; }\n")
    subprocess.run(["cc", "-c", place / "a.c", "-o", place / "a.o"], check=True, timeout=60)
    return (place / "a.o").read_bytes()


def test_sound_image(image: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.elf").write_bytes(image)
    assert read_image(tmp_path / "a.elf").ram_bytes == 40


def test_broken_images(image: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.elf"
    refused = 0
    table = int.from_bytes(image[40:48], "little")  # e_shoff
    for seed in range(1500):
        chance = random.Random(seed)
        data = bytearray(image)
        for _ in range(chance.choice((1, 2, 4))):
            place = chance.choice((range(64), range(table, len(data) - 4), range(len(data) - 4)))
            position = chance.choice(place)
            value = chance.choice((*EXTREMES, chance.randrange(1 << 32)))
            width = chance.choice((1, 2, 4))
            data[position : position + width] = value.to_bytes(4, "little")[:width]
        path.write_bytes(data[: chance.choice((len(data), len(data), chance.randrange(len(data))))])
        with pytest.raises(BuildError):  # at the least, nothing lies beside it
            read_linked(path)
        try:
            read_image(path)
        except BuildError as error:
            refused += 1
            assert str(path) in str(error)
    assert 100 < refused < 1500


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF" + b"\xff" * 200, b"MZ" * 100])
def test_other_files(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.elf").write_bytes(data)
    with pytest.raises(BuildError, match="ELF"):
        footprint(tmp_path / "a.elf")

"""What a build wrote of its own image: where its files are, and images that nothing of MLForge's is in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlforge.errors import BuildError
from mlforge.records.categories import Category
from mlforge.toolchain.link_record import LinkRecord, Unit, read_link_record, record_path, write_link_record


def test_what_is_written_is_read(tmp_path: Path) -> None:
    elf = tmp_path / "zephyr.elf"
    unit = Unit(Category.CODE, frozenset({"/build/a.obj"}), "net", symbols={"net_w": Category.WEIGHTS})
    record = LinkRecord("/build", (unit,), {"net": "/app"}, True, {"net": frozenset({("/build/a.obj", ".text")})})
    write_link_record(elf, record)
    assert read_link_record(elf) == record
    assert record.file("x/../libk.a(b.obj)") == "/build/libk.a(b.obj)"
    assert record.file("/opt/libc.a(c.o)") == "/opt/libc.a(c.o)"


def test_a_build_directory_may_be_moved(tmp_path: Path) -> None:
    elf = tmp_path / "here" / "zephyr" / "zephyr.elf"
    elf.parent.mkdir(parents=True)
    (tmp_path / "here" / "symbols.json").write_text('{"net_w": "weights"}')
    document = {
        "build": "/there",
        "directory": "/there",
        "units": [
            {
                "category": "model code",
                "files": ["/there/a.obj", "/thereabouts/b.obj"],
                "symbols_from": "/there/symbols.json",
            }
        ],
    }
    record_path(elf).write_text(json.dumps(document))
    found = read_link_record(elf)
    assert found.directory == str(tmp_path / "here")
    assert found.units[0].files == {str(tmp_path / "here" / "a.obj"), "/thereabouts/b.obj"}
    assert found.units[0].symbols == {"net_w": Category.WEIGHTS}


@pytest.mark.parametrize(("config", "known"), [("CONFIG_XIP=y\n", True), ("CONFIG_MLFORGE=y\n", False), (None, False)])
def test_a_build_without_mlforge_has_nothing_of_ours(config: str | None, known: bool, tmp_path: Path) -> None:
    elf = tmp_path / "zephyr" / "zephyr.elf"
    elf.parent.mkdir()
    if config is not None:
        (elf.parent / ".config").write_text(config)
    if known:
        assert read_link_record(elf).units == ()
    else:
        with pytest.raises(BuildError, match=r"has no zephyr\.mlforge\.json beside it"):
            read_link_record(elf)

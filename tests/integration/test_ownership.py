"""Whose a byte is, in small links of programs that name their own things as the models' are named: C, C++, archives,
with link-time optimisation and without. The linker is a real one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.errors import BuildError
from mlforge.measure.account import AccountedImage, flash_by_category, ram_by_category, read_account
from mlforge.measure.footprint import footprint
from mlforge.records.categories import Category, Part
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS
from mlforge.toolchain import cross
from mlforge.toolchain.cores import Core
from mlforge.toolchain.kept_image import keep_account
from mlforge.toolchain.link_record import LinkRecord, Unit, record_path, write_link_record
from mlforge.toolchain.process import run
from tests.programs import HERE
from tests.programs.require import require

SOURCES = HERE / "owners"
LTO = ("-flto", "-ffat-lto-objects")
WRITABLE = '-DNET_TABLE=static signed char __attribute__((section(".tables")))'
NET_WEIGHTS, NET_ARENA, NET_SERVICE = 400, 256, 20
SECOND_WEIGHTS, SECOND_ARENA = 150, 64


@pytest.fixture(scope="module")
def core() -> Core:
    target = BaremetalTarget(BOARDS["mps2/an385"])
    require(target)
    return target.board.core


class Build:
    """A link in a directory: `lto` are the flags of the application, `ours` of what MLForge compiles."""

    def __init__(
        self,
        core: Core,
        place: Path,
        *,
        app: tuple[str, ...] = (),
        ours: tuple[str, ...] = (),
        second: bool = False,
        thin: bool = False,
    ) -> None:
        self.place, self.elf, self._core = place, place / "image.elf", core
        models = ("net", "second") if second else ("net",)
        generated = [self._object(SOURCES / f"{model}.c", *ours) for model in models]
        kernels = [self._object(SOURCES / f"{name}.c", *ours) for name in ("conv", "pool", "sum")]
        self.archive = self._archive("mlforge_kernels", kernels, thin)
        defines = ("-DWITH_SECOND",) if second else ()
        theirs = [self._object(SOURCES / name, *app, *defines) for name in ("app.c", "net_decode.cc", "app/net.c")]
        ble = self._archive("ble", [self._object(SOURCES / "app" / "conv.c", *app)], thin)
        cross.link(core, [*theirs, *generated, self.archive, ble], SOURCES / "link.ld", self.elf)
        kept = frozenset(map(str, kernels if thin else [self.archive]))
        self.record = LinkRecord(
            "",
            (
                Unit(Category.KERNELS, kept),
                *(self._unit(model, path) for model, path in zip(models, generated, strict=True)),
            ),
        )
        write_link_record(self.elf, self.record)

    def account(self) -> AccountedImage:
        return read_account(self.elf)

    def of(self, model: str) -> tuple[dict[Category, int], dict[Category, int]]:
        """Flash and RAM by category."""
        shares = self.account().used_by(model)
        return flash_by_category(shares), ram_by_category(shares)

    def _unit(self, model: str, path: Path) -> Unit:
        symbols = {f"{model}_w00_weights": Category.WEIGHTS, f"{model}_arena": Category.ARENA}
        return Unit(Category.CODE, frozenset({str(path)}), model, symbols=symbols)

    def _object(self, source: Path, *flags: str) -> Path:
        """In a directory as the source's, so that two of one name stay two."""
        place = self.place / source.parent.name
        place.mkdir(parents=True, exist_ok=True)
        return cross.compile_objects(self._core, [source], place, flags=flags)[0]

    def _archive(self, name: str, objects: list[Path], thin: bool) -> Path:
        path = self.place / f"lib{name}.a"
        how = ["rcsD", "--thin"] if thin else ["rcsD"]
        done = run([self._core.archiver, *how, path, *objects], timeout_s=30)
        assert done.status == 0, done.output
        return path


@pytest.mark.parametrize("thin", [False, True], ids=["archives", "thin"])
@pytest.mark.parametrize("app", [(), ("-flto",)], ids=["plain", "lto"])
def test_names_of_the_applications_own_count_for_nothing(
    core: Core, app: tuple[str, ...], thin: bool, tmp_path: Path
) -> None:
    build = Build(core, tmp_path, app=app, thin=thin)
    flash, ram = build.of("net")
    assert flash[Category.WEIGHTS] == NET_WEIGHTS
    assert 40 < flash[Category.CODE] < 120  # the descriptor, its name, two functions
    assert 20 < flash[Category.KERNELS] < 100
    assert (ram[Category.ARENA], ram[Category.CODE]) == (NET_ARENA, NET_SERVICE)
    assert sum(ram.values()) == NET_ARENA + NET_SERVICE
    whole = footprint(build.elf)
    assert whole.ram[Category.APPLICATION] > 16_384 + 2_000 + 1_024 + 1_000
    assert whole.flash[Category.APPLICATION] > 4_000 + 3_000 + 300


def test_one_section_for_all_of_an_object(core: Core, tmp_path: Path) -> None:
    flash, ram = Build(core, tmp_path, ours=("-fno-data-sections", "-fno-function-sections")).of("net")
    assert flash[Category.WEIGHTS] == NET_WEIGHTS
    assert (ram[Category.ARENA], ram[Category.CODE]) == (NET_ARENA, NET_SERVICE)


def test_equal_strings_of_several_objects_stay_with_each(core: Core, tmp_path: Path) -> None:
    """Merged, all of them would be the first's."""
    code = Build(core, tmp_path / "apart").of("net")[0][Category.CODE]
    merged = Build(core, tmp_path / "merged", ours=("-fmerge-constants",), app=("-fmerge-constants",))
    assert code - merged.of("net")[0][Category.CODE] == len("a name that every object has") + 1


def test_each_model_has_its_own_and_what_it_uses(core: Core, tmp_path: Path) -> None:
    alone, _ = Build(core, tmp_path / "alone").of("net")
    both = Build(core, tmp_path / "both", second=True)
    first, second = both.of("net"), both.of("second")
    assert first[0] == alone, "the second model changed what the first is charged with"
    assert (second[0][Category.WEIGHTS], second[1][Category.ARENA]) == (SECOND_WEIGHTS, SECOND_ARENA)
    assert second[0][Category.KERNELS] >= first[0][Category.KERNELS] + 200  # its own kernel's table
    whole = footprint(both.elf)
    assert whole.flash[Category.KERNELS] == second[0][Category.KERNELS]
    assert whole.models["net"].flash[Category.WEIGHTS] == NET_WEIGHTS


def test_a_copy_stays_accountable_when_the_build_has_gone_on(core: Core, tmp_path: Path) -> None:
    build = Build(core, tmp_path / "build", second=True)
    before = build.of("net")
    copy = tmp_path / "copy.elf"
    keep_account(build.elf, copy)
    copy.write_bytes(build.elf.read_bytes())
    build.archive.unlink()
    shares = read_account(copy).used_by("net")
    assert (flash_by_category(shares), ram_by_category(shares)) == before
    with pytest.raises(BuildError, match=r"libmlforge_kernels\.a, which the image was linked of, cannot be read"):
        build.of("net")


@pytest.mark.parametrize("flags", [("-flto",), LTO], ids=["slim", "fat"])
def test_our_own_objects_for_link_time_optimisation_are_refused(
    core: Core, flags: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(BuildError, match="was compiled for link-time optimisation"):
        Build(core, tmp_path, app=("-flto",), ours=flags).account()


def test_an_image_without_the_model_is_refused(core: Core, tmp_path: Path) -> None:
    build = Build(core, tmp_path)
    with pytest.raises(BuildError, match="was not built with the model other; it was built with net"):
        build.of("other")
    gone = replace(build.record.units[1], model="gone", files=frozenset({str(build.place / "gone.o")}))
    (build.place / "gone.o").write_bytes(b"")
    write_link_record(build.elf, replace(build.record, units=(*build.record.units, gone)))
    with pytest.raises(BuildError, match="holds nothing of the model gone"):
        build.of("gone")


def test_a_file_that_is_listed_twice_is_refused(core: Core, tmp_path: Path) -> None:
    build = Build(core, tmp_path)
    again = replace(build.record.units[1], model="again")
    write_link_record(build.elf, replace(build.record, units=(*build.record.units, again)))
    with pytest.raises(BuildError, match=r"net\.c\.o is listed twice"):
        build.of("net")


def test_the_map_of_another_link_is_refused(core: Core, tmp_path: Path) -> None:
    first, other = Build(core, tmp_path / "first"), Build(core, tmp_path / "other", second=True)
    other.elf.with_suffix(".map").replace(first.elf.with_suffix(".map"))
    with pytest.raises(BuildError, match=r"image\.map is the map of another link than .*: it has no section"):
        first.account()


@pytest.mark.parametrize("missing", [".map", ".mlforge.json"])
def test_what_must_lie_beside_an_image(core: Core, missing: str, tmp_path: Path) -> None:
    build = Build(core, tmp_path)
    build.elf.with_suffix(missing).unlink()
    with pytest.raises(BuildError, match=rf"image\.elf has no image{missing} beside it"):
        build.account()


def test_a_stripped_image_is_refused(core: Core, tmp_path: Path) -> None:
    build = Build(core, tmp_path)
    assert run([f"{core.prefix}strip", build.elf], timeout_s=30).status == 0
    with pytest.raises(BuildError, match="has no symbol table"):
        build.account()


def test_a_record_that_somebody_broke_is_refused(core: Core, tmp_path: Path) -> None:
    build = Build(core, tmp_path)
    whole = json.loads(record_path(build.elf).read_text())
    for broken in (
        "",
        "[]",
        "{}",
        json.dumps({**whole, "units": [{"files": []}]}),
        json.dumps({**whole, "units": [{**whole["units"][0], "category": "mine"}]}),
        json.dumps({**whole, "units": [{**whole["units"][0], "symbols_from": "missing.json"}]}),
    ):
        record_path(build.elf).write_text(broken)
        with pytest.raises(BuildError, match="is no record of a link"):
            build.account()


def test_constants_in_flash_take_no_ram_whatever_their_flags(core: Core, tmp_path: Path) -> None:
    """A section of constants that is marked as writable, as link-time optimisation and Zephyr's tables are."""
    build = Build(core, tmp_path)
    flash, ram = build.of("net")
    writable = Build(core, tmp_path / "writable", ours=(WRITABLE,))
    assert writable.of("net") == (flash, ram)
    whole = footprint(writable.elf)
    assert whole.ram_parts[Part.MODULES] == footprint(build.elf).ram_parts[Part.MODULES]

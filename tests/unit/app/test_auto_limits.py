"""Limits that say `auto`: what a build makes of them, what is remembered, and what is said where there is no number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.app import auto_limits
from mlforge.app import free_memory as app_room
from mlforge.app.auto_limits import account, remembered, resolve_from_image
from mlforge.app.free_memory import remember, resolve, rounded_down
from mlforge.app.lockfile import LOCK_NAME
from mlforge.app.verdicts import judge
from mlforge.cli.main import main
from mlforge.contract.contract import Contract
from mlforge.contract.load import load_contract
from mlforge.errors import BuildError, LimitError, ToolError
from mlforge.measure.headroom import Item, Room
from mlforge.study.optimise import study_name
from mlforge.toolchain import zephyr
from tests.programs.locked_app import lock_model, locked_app, tiny_tflite
from tests.unit.report import factory

SERVICE_BYTES = 1_300
OVERFLOW = "ld: region `RAM' overflowed by 1200 bytes\nld: region `FLASH' overflowed by 77 bytes"


def room(memory: str, region_bytes: int, app_bytes: int, reserved_bytes: int = 0) -> Room:
    items = (
        Item("memory region", region_bytes, "zephyr.map"),
        Item("MCUboot's trailer", -reserved_bytes, "imgtool"),
        Item("the image", -app_bytes - 50, "zephyr.elf"),
        Item("of it the model", 50, "zephyr.elf"),
    )
    return Room(memory, memory.upper(), region_bytes, app_bytes, 50, SERVICE_BYTES if memory == "ram" else 0, items)


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """Of an application whose limits on flash and RAM are `auto`."""
    app = locked_app(tmp_path / "app")
    text = (
        (app / "mlforge.yaml").read_text().replace("flash: 32 KiB", "flash: auto").replace("ram: 10 KiB", "ram: auto")
    )
    (app / "mlforge.yaml").write_text(text)
    (app / "prj.conf").write_text("CONFIG_MLFORGE=y\n")
    (app / "CMakeLists.txt").write_text("")
    lock_model(app, tiny_tflite())
    return load_contract(app)


def leave(monkeypatch: pytest.MonkeyPatch, flash: Room, ram: Room) -> None:
    """Has builds leave these."""
    for module in (app_room, auto_limits):
        monkeypatch.setattr(module, "rooms", lambda elf, model: {"flash": flash, "ram": ram})


class Builder:
    """Builds nothing; keeps what it was asked for."""

    def __init__(self, error: ToolError | None = None) -> None:
        self.error = error
        self.asked: list[zephyr.ZephyrBuild] = []

    def build(self, build: zephyr.ZephyrBuild) -> str:
        self.asked.append(build)
        if self.error:
            raise self.error
        return ""


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Builder:
    made = Builder()
    monkeypatch.setattr(app_room, "workspace", lambda near: made)
    leave(monkeypatch, room("flash", 262_144, 17_500), room("ram", 65_536, 4_300))
    return made


@pytest.mark.parametrize("free_bytes", [64, 500, 1_000, 10_240, 61_236, 247_964, 4_000_000])
def test_a_little_is_kept(free_bytes: int) -> None:
    kept = free_bytes - rounded_down(free_bytes)
    assert 0 < kept <= max(free_bytes / 16, 32)


def test_a_small_change_of_the_app_is_no_other_study(
    builder: Builder, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = study_name(resolve(contract, print).contract, "data")
    leave(monkeypatch, room("flash", 262_144, 17_600), room("ram", 65_536, 4_308))
    assert study_name(resolve(contract, print).contract, "data") == name
    leave(monkeypatch, room("flash", 262_144, 37_600), room("ram", 65_536, 4_308))
    assert study_name(resolve(contract, print).contract, "data") != name
    assert [build.board for build in builder.asked] == ["mps2/an386"] * 3


def test_the_account(builder: Builder, contract: Contract, capsys: pytest.CaptureFixture[str]) -> None:
    resolved = resolve(contract, print)
    assert resolved.contract.limits.flash_bytes == 58 * 4_096
    assert resolved.contract.limits.ram_bytes == 58 * 1_024
    text = "\n".join(account(resolved))
    assert "limits.flash: auto, 232 KiB" in text
    for line in ("+262,144  memory region", "-17,550  the image", "+50  of it the model", "244,644  free"):
        assert line in text
    assert main(["check", str(contract.app_dir)]) == 0
    printed = capsys.readouterr().out
    assert text in printed
    assert "limits.flash    232 KiB" in printed
    assert main(["check", str(contract.app_dir), "--json"]) == 0
    assert '"free_bytes": 244644' in capsys.readouterr().out


def test_the_app_is_built_with_a_placeholder(builder: Builder, contract: Contract) -> None:
    (contract.app_dir / "sysbuild.conf").write_text("SB_CONFIG_BOOTLOADER_MCUBOOT=y\n")
    text = contract.path.read_text() + "target: {board: mps2/an386, product: nrf52840dk/nrf52840}\n"
    contract.path.write_text(text)
    lock_model(contract.app_dir, tiny_tflite())
    resolve(load_contract(contract.app_dir), print)
    (build,) = builder.asked
    assert build.board == "nrf52840dk/nrf52840"
    assert build.settings["CONFIG_BOOTLOADER_MCUBOOT"] == "y"
    program = Path(build.settings["MLFORGE_PROGRAM"])
    assert {path.name for path in program.iterdir()} >= {
        "activity_model.c",
        "activity_model.h",
        "activity_facts.h",
        "activity_pipeline.h",
    }
    assert '{"walk", "run", "sit"}' in (program / "activity_facts.h").read_text()
    assert (contract.app_dir / ".mlforge" / ".gitignore").read_text() == "*\n"


def test_nothing_is_kept_of_a_given_image(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(monkeypatch, room("flash", 262_144, 17_500, 2_048), room("ram", 65_536, 4_300))
    limits = resolve_from_image(contract, Path("zephyr.elf")).contract.limits
    assert (limits.flash_bytes, limits.ram_bytes) == (262_144 - 2_048 - 17_500, 65_536 - 4_300)


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (ToolError("no Zephyr workspace found", hint="set ZEPHYR_BASE"), "limits.flash: auto: no Zephyr workspace"),
        (BuildError("Zephyr could not build the app", log="main.c"), "limits.flash: auto: Zephyr could not build"),
        (BuildError("too large", log=OVERFLOW), "no room is left for a model: .* 1200 bytes too large for RAM of mps2"),
    ],
)
def test_builds_that_fail(builder: Builder, contract: Contract, error: ToolError, complaint: str) -> None:
    builder.error = error
    with pytest.raises(LimitError, match=rf"mlforge\.yaml:10: .*{complaint}") as caught:
        resolve(contract, print)
    assert (caught.value.log, caught.value.hint) == (error.log, error.hint)


def test_an_app_that_leaves_nothing(builder: Builder, contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(monkeypatch, room("flash", 65_536, 64_000, 1_584), room("ram", 65_536, 4_300))
    expected = (
        r"limits\.flash: auto: no room is left for a model: the application alone takes 64000 of 65536 bytes of FLASH, "
        "and MCUboot needs 1584"
    )
    with pytest.raises(LimitError, match=expected):
        resolve(contract, print)
    with pytest.raises(LimitError, match=expected):
        resolve_from_image(contract, Path("zephyr.elf"))


@pytest.mark.parametrize("board", ["mps2/an385@cortex-m0"])
def test_boards_that_are_none_of_zephyrs(builder: Builder, contract: Contract, board: str) -> None:
    contract.path.write_text(contract.path.read_text() + f"target: {{board: {board}}}\n")
    with pytest.raises(LimitError, match="is not a board that Zephyr knows") as caught:
        resolve(load_contract(contract.app_dir), print)
    assert "product" in caught.value.hint


def test_no_application(builder: Builder, contract: Contract) -> None:
    (contract.app_dir / "CMakeLists.txt").unlink()
    with pytest.raises(LimitError, match="is not a Zephyr application"):
        resolve(contract, print)
    assert not builder.asked


def test_what_a_study_found_is_remembered(builder: Builder, contract: Contract) -> None:
    resolved = resolve(contract, print)
    (contract.app_dir / LOCK_NAME).unlink()
    with pytest.raises(LimitError, match="no study has worked out this limit yet"):
        remembered(contract)
    remember(resolved)
    assert remembered(contract) == resolved.contract
    record = contract.app_dir / ".mlforge" / auto_limits.RECORD
    for damage in ("[", "[]", '{"contract_sha256": 1}', record.read_text().replace(contract.digest, "0")):
        record.write_text(damage)
        with pytest.raises(LimitError):
            remembered(contract)


def test_the_lock_remembers_too(contract: Contract) -> None:
    lock_model(contract.app_dir, tiny_tflite())
    limits = remembered(contract).limits
    assert limits.flash_bytes is not None
    assert limits.ram_bytes is not None


def test_the_linkers_overflow_is_told() -> None:
    assert zephyr.overflow(OVERFLOW) == ("RAM", 1_200)
    assert zephyr.overflow("error: no such file") is None


def test_the_service_counts_once(builder: Builder, contract: Contract) -> None:
    """The limit is without it; a candidate on bare metal has none, the app's image has."""
    resolved = resolve(contract, print).contract
    limit = resolved.limits.ram_bytes or 0
    cost = factory.trained(1).cost
    assert cost is not None
    full = replace(cost, ram=replace(cost.ram, total=limit))
    with_service = replace(cost, ram=replace(cost.ram, total=limit + SERVICE_BYTES))
    for measured, in_application, met in (
        (full, False, True),
        (with_service, True, True),
        (with_service, False, False),
    ):
        verdict = judge(resolved, measured, in_application=in_application)
        assert next(check for check in verdict.checks if check.name == "ram").met is met

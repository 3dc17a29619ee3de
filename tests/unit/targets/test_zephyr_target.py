"""The Zephyr targets where nothing is built: their names, what is missing, and what is written for a build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.errors import BuildError, TargetUnavailableError, ToolError
from mlforge.records.program import Firmware
from mlforge.targets import zephyr_build
from mlforge.targets.registry import all_targets, target_named
from mlforge.targets.zephyr import ZephyrTarget, zephyr_targets
from mlforge.targets.zephyr_boards import ZEPHYR_BOARDS, zephyr_name
from mlforge.targets.zephyr_build import Application, measuring_build, program_files, read_kconfig
from mlforge.toolchain import zephyr
from mlforge.toolchain.zephyr import Workspace
from tests import programs


def test_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert target_named("zephyr:mps2/an521").name == "zephyr:mps2/an521/cpu0"
    with pytest.raises(TargetUnavailableError, match="no such target: zephyr:nowhere") as caught:
        target_named("zephyr:nowhere")
    assert all(board in caught.value.hint for board in ZEPHYR_BOARDS)
    assert not [target for target in all_targets() if target.name.startswith("zephyr:")]
    assert zephyr_name("host") is None
    assert zephyr_name("mps2/an385@cortex-m0") is None


def test_without_a_workspace_there_are_none_and_one_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(near: Path | None = None) -> Workspace:
        raise ToolError("no Zephyr workspace found", hint="set ZEPHYR_BASE")

    monkeypatch.setattr(zephyr, "workspace", missing)
    assert zephyr_targets() == ()
    target = target_named("zephyr:mps2/an386")
    assert target.unavailable() == "no Zephyr workspace found: set ZEPHYR_BASE"
    with pytest.raises(TargetUnavailableError, match="no Zephyr workspace found"):
        target.build(programs.tiny())


def test_what_a_workspace_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = Workspace(tmp_path / "zephyr", (4, 1, 0), "python3")
    monkeypatch.setattr(zephyr, "workspace", lambda near=None: found)
    monkeypatch.setattr(zephyr, "toolchain_settings", lambda board: () if "riscv" not in board else None)
    assert len(zephyr_targets()) == len(ZEPHYR_BOARDS)
    assert "hal_nordic: `west update hal_nordic`" in str(target_named("zephyr:qemu_cortex_m0").unavailable())
    assert "no toolchain" in str(target_named("zephyr:qemu_riscv32").unavailable())


def test_native_sim_counts_nothing_and_says_why() -> None:
    target = target_named("zephyr:native_sim")
    firmware = Firmware(target.name, "host", Path("absent"), None, programs.tiny())
    with pytest.raises(TargetUnavailableError, match="time stands still"):
        target.profile(firmware, np.zeros((1, 4), np.int8))


def test_paths_with_spaces_are_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zephyr, "workspace", lambda near=None: Workspace(tmp_path, (4, 1, 0), "python3"))
    app = tmp_path / "an app"
    app.mkdir()
    with pytest.raises(ToolError, match="spaces"):
        measuring_build("mps2/an386", app, programs.tiny())


@pytest.mark.parametrize("name", ["../escape.c", "sub/dir.c", "", "mlforge_app.inc"])
def test_a_source_stays_in_its_place(name: str) -> None:
    plain = programs.tiny()
    with pytest.raises(BuildError, match="no plain, new file name"):
        program_files(replace(plain, sources={**plain.sources, name: "int unused;\n"}))


def test_a_program_with_another_header_gets_the_names_that_the_instance_needs() -> None:
    files = program_files(programs.windowed())
    assert '#include "tiny.h"' in files["tiny_model.h"]
    assert "#define TINY_ARENA_BYTES 32" in files["tiny_model.h"]
    assert ".pipeline = &windowed_pipeline" in files["mlforge_app.inc"]
    assert "pipeline" not in program_files(programs.tiny())["mlforge_app.inc"]


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    zephyr_build.sync(tmp_path, {"a.c": "one", "b.c": "two"})
    before = (tmp_path / "a.c").stat().st_mtime_ns
    zephyr_build.sync(tmp_path, {"a.c": "one", "c.c": "three"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.c", "c.c"]
    assert (tmp_path / "a.c").stat().st_mtime_ns == before


def test_the_configuration_of_a_build(tmp_path: Path) -> None:
    (tmp_path / "zephyr").mkdir()
    (tmp_path / "zephyr" / ".config").write_text('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="dsp"\nCONFIG_D=0x10\n')
    assert read_kconfig(tmp_path) == {"CONFIG_A": "y", "CONFIG_C": "dsp", "CONFIG_D": "0x10"}
    with pytest.raises(BuildError, match="no configuration"):
        read_kconfig(tmp_path / "absent")


def test_an_application_takes_its_own_model_alone() -> None:
    app = Application(Path("app"), "activity", {"activity_facts.h": "facts"})
    assert not app.takes(programs.tiny())
    assert Application(Path("app")).takes(programs.tiny())
    named = replace(programs.windowed(), name="activity")
    assert app.takes(named)
    assert "activity_facts.h" in app.completed(named).sources
    assert app.completed(replace(named, pipeline_symbol="")).sources == named.sources
    assert ZephyrTarget(ZEPHYR_BOARDS["mps2/an386"], app).name == "zephyr:mps2/an386"

"""Loading: what files come to, and files that are no contract at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlforge.contract import (
    Goal,
    LoaderKind,
    StandardiseSpec,
    Task,
    WindowSpec,
    contract_template,
    describe,
    load_contract,
)
from mlforge.contract.contract import CalibrationSpec, DecisionsSpec
from mlforge.contract.streams import DecisionSpec
from mlforge.errors import ContractError
from mlforge.records.program import Engine
from mlforge.records.quality import Metric

GOOD = Path(__file__).parents[2] / "corpus" / "contracts" / "good"
FULL = (GOOD / "full.yaml").read_text()


def write(directory: Path, text: str) -> Path:
    path = directory / "mlforge.yaml"
    path.write_bytes(text.encode())
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    return [problem.key for problem in caught.value.problems]


def test_full_contract(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, FULL).parent)
    assert (contract.name, contract.task, contract.engine) == ("activity", Task.CLASSIFICATION, Engine.STATIC)
    assert contract.data.loader is LoaderKind.CSV
    assert (contract.data.argument, contract.data.strata) == ("data", ("subject",))
    assert contract.features == (WindowSpec(128, 64), StandardiseSpec())
    limits = contract.limits
    assert (limits.flash_bytes, limits.ram_bytes, limits.stack_bytes, limits.latency_us) == (32768, 10240, 1024, 5000.0)
    assert contract.goals == (Goal(Metric.ACCURACY, 0.8),)
    assert (contract.target.board, contract.target.clock_hz) == ("mps2/an386", 120_000_000)
    assert contract.app_dir == tmp_path


def test_defaults() -> None:
    contract = load_contract(GOOD / "smallest.yaml")
    assert contract.limits.ram_bytes == 2000
    assert contract.limits.flash_bytes is None
    assert contract.target.board == "mps2/an386"
    assert contract.target.clock_hz == 25_000_000
    assert contract.features == ()
    assert contract.data.split.group == ""


def test_auto_limits_have_no_number_yet() -> None:
    contract = load_contract(GOOD / "auto-limits.yaml")
    assert contract.limits.auto == {"flash", "ram"}
    assert contract.limits.flash_bytes is None
    rows = {row.key: row for row in describe(contract)}
    assert rows["limits.flash"].value is None
    assert "auto" in rows["limits.flash"].text
    assert rows["limits.flash"].source == "auto-limits.yaml:11"


def test_describe_names_the_line_of_each_setting() -> None:
    rows = {row.key: row for row in describe(load_contract(GOOD / "full.yaml"))}
    assert (rows["limits.ram"].value, rows["limits.ram"].text) == (10240, "10 KiB")
    assert rows["limits.ram"].source == "full.yaml:12"
    assert rows["limits.latency"].text == "5 ms"
    assert rows["goals.accuracy"].source == "full.yaml:16"
    rows = {row.key: row for row in describe(load_contract(GOOD / "smallest.yaml"))}
    assert rows["limits.stack"].text == "no limit"
    assert rows["target.clock"].source == "default clock of mps2/an386"


def test_digest_is_of_the_content_alone(tmp_path: Path) -> None:
    first = load_contract(write(tmp_path, FULL)).digest
    assert (
        load_contract(write(tmp_path, "# a remark\n" + FULL.replace("trials: 40", "trials:   40 # more"))).digest
        == first
    )
    assert load_contract(GOOD / "windows-line-ends.yaml").digest == first
    assert load_contract(write(tmp_path, FULL.replace("trials: 40", "trials: 41"))).digest != first


def test_digest_is_of_what_a_model_is_searched_for(tmp_path: Path) -> None:
    """A release may change its thresholds without being another model's."""
    first = load_contract(write(tmp_path, FULL)).digest
    for body in (
        "{version: 2.0.0}",
        "{version: 1.0.0, thresholds: {x: 1, enter: 0.7}, calibration: {gain: 2}}",
    ):
        assert load_contract(write(tmp_path, f"{FULL[: FULL.index('bundle:')]}bundle: {body}\n")).digest == first


def test_bundle() -> None:
    bundle = load_contract(GOOD / "bundle.yaml").bundle
    assert (bundle.version, bundle.model) == ("1.4.0+12", "1.1.0")
    assert bundle.decisions == DecisionsSpec("1.2.0", 3, DecisionSpec(0.6, 0.4), None, {"run": DecisionSpec(0.8, 0.5)})
    expected = CalibrationSpec("1.0.1", 6e8, (0.1, 0.0, -0.5), (1.02,), (0.2,), (0.0, 0.05, 0.0))
    assert bundle.calibration == expected


def test_parts_of_a_bundle_have_its_version() -> None:
    bundle = load_contract(GOOD / "bundle-anomaly.yaml").bundle
    assert {bundle.version, bundle.model, bundle.decisions.version, bundle.calibration.version} == {"2.0.0"}
    assert (bundle.thresholds, bundle.decisions.leave) == ({"anomaly": 3.5, "cool_down_s": 30.0}, 2.0)
    assert bundle.decisions.hysteresis == 2
    bundle = load_contract(GOOD / "smallest.yaml").bundle
    assert bundle.version == "0.0.0"
    assert bundle.decisions == DecisionsSpec("0.0.0")
    assert bundle.calibration == CalibrationSpec("0.0.0")


@pytest.mark.parametrize(
    "loader", ["loader: {csv: data}", "loader: 'csv: data'", "csv: data", "loader:\n    csv: data"]
)
def test_every_spelling_of_a_loader(tmp_path: Path, loader: str) -> None:
    data = load_contract(write(tmp_path, FULL.replace("loader: {csv: data}", loader))).data
    assert (data.loader, data.argument) == (LoaderKind.CSV, "data")


def test_all_mistakes_at_once_in_file_order(tmp_path: Path) -> None:
    text = FULL.replace("name: activity", "name: 1").replace("ram: 10 KiB", "ram: 10").replace("tpe", "grid")
    text = text.replace("test: 0.2", "test: 2").replace("engine: static", "engine: none\nengine: static\nfoo: 1")
    found = problems(write(tmp_path, text))
    assert found == ["name", "data.split.test", "limits.ram", "search.proposer", "engine", "engine", "foo"]


def test_missing_file_and_directory(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["(file)"]
    assert problems(tmp_path / "no" / "such.yaml") == ["(file)"]
    with pytest.raises(ContractError, match=r"no such file or directory.*west mlforge init"):
        load_contract(tmp_path)


def test_huge_file(tmp_path: Path) -> None:
    assert problems(write(tmp_path, FULL + "#" * 100_000)) == ["(file)"]


@pytest.mark.parametrize("bomb", ["[" * 20_000, "{a: " * 10_000, "- " * 20_000, "? " * 20_000, "&a " * 5000, "a: " * 9])
def test_nesting_bombs_are_refused(tmp_path: Path, bomb: str) -> None:
    limit = sys.getrecursionlimit()
    assert len(problems(write(tmp_path, bomb))) >= 1
    assert sys.getrecursionlimit() == limit


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_mutated_contract_loads_or_explains(tmp_path: Path, data: st.DataObject) -> None:
    lines = FULL.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[index])))
        lines[index] = lines[index][:cut] + data.draw(st.text(max_size=6)) + lines[index][cut:]
    path = tmp_path / "mlforge.yaml"
    path.write_bytes("".join(lines).encode("utf-8", "surrogatepass"))
    try:
        load_contract(path)
    except ContractError as error:
        assert error.problems
        assert all(problem.expected for problem in error.problems)


@pytest.mark.parametrize("directory", ["activity", "my-app", "3axis", "", "ümlaut", "x" * 80])
def test_template_is_a_valid_contract(tmp_path: Path, directory: str) -> None:
    contract = load_contract(write(tmp_path, contract_template(directory)))
    assert contract.limits.flash_bytes == 32768


def test_sample_contract() -> None:
    contract = load_contract(Path(__file__).parents[3] / "samples" / "activity")
    assert contract.data.loader is LoaderKind.SEGLEARN_WATCH
    assert contract.data.split.group == "subject"


def test_example_of_the_manual(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "contract.md").read_text(encoding="utf-8")
    contract = load_contract(write(tmp_path, manual.split("```yaml\n")[1].split("```")[0]))
    assert contract.search.time_us == 1.8e9
    assert contract.data.classes == ("walk", "run")


def test_augmentation_is_off_unless_given() -> None:
    assert load_contract(GOOD / "full.yaml").data.augment.off
    augment = load_contract(GOOD / "augment.yaml").data.augment
    assert (augment.noise, augment.gain, augment.shift, augment.rotation_degrees) == (0.1, 0.0, 16, 15.0)
    assert not augment.off

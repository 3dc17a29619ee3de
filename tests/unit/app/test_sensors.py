"""Sensors of devicetree against the signal that the contract says: the rate, and the order of the channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.app.sensors import refuse_other_sensors
from mlforge.cli.main import main
from mlforge.contract.load import load_contract
from mlforge.errors import BuildError, ContractError
from tests.programs.locked_app import locked_app

NODE = "DT_N_S_mlforge_S_activity"
SIGNAL = "data:\n  signal: {{rate: {rate}, channels: [{channels}]}}\n"
AXES = "acc_x, acc_y, acc_z, gyro_x, gyro_y, gyro_z"


def _devicetree(place: Path, period_us: int, *channels: str, sensors: bool = True) -> Path:
    lines = [f"#define {NODE}_P_sampling_period_us {period_us}"]
    lines += [f'#define {NODE}_P_sensor_channels_IDX_{index} "{name}"' for index, name in enumerate(channels)]
    lines += [f"#define {NODE}_P_sensor_channels_LEN {len(channels)}"]
    lines += [f"#define {NODE}_P_sensors_LEN 1"] if sensors else []
    path = place / "devicetree_generated.h"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return locked_app(tmp_path / "app")


def _with_signal(app: Path, rate: str, channels: str) -> None:
    path = app / "mlforge.yaml"
    path.write_text(path.read_text().replace("data:\n", SIGNAL.format(rate=rate, channels=channels)))


def test_a_data_set_that_is_known(app: Path, tmp_path: Path) -> None:
    contract = load_contract(app)
    refuse_other_sensors(contract, _devicetree(tmp_path, 20_000, "accel-xyz", "gyro-xyz"))
    refuse_other_sensors(contract, _devicetree(tmp_path, 20_100, "accel-x", "accel-y", "accel-z", "gyro-xyz"))
    refuse_other_sensors(contract, _devicetree(tmp_path, 1, "gyro-xyz", sensors=False))
    with pytest.raises(ContractError) as caught:
        refuse_other_sensors(contract, _devicetree(tmp_path, 10_000, "gyro-xyz", "accel-xyz"))
    line = (app / "mlforge.yaml").read_text().splitlines().index("  loader: seglearn-watch") + 1
    assert [str(problem) for problem in caught.value.problems] == [
        f"{app}/mlforge.yaml:{line}: data.loader: found 50 Hz, but devicetree's sampling-period-us of activity is "
        "10000, expected sampling-period-us = <20000>",
        f"{app}/mlforge.yaml:{line}: data.loader: found accel-x, accel-y, accel-z, gyro-x, gyro-y, gyro-z, but "
        "devicetree's sensor-channels of activity are gyro-x, gyro-y, gyro-z, accel-x, accel-y, accel-z, "
        "expected the channels in the contract's order",
    ]


@pytest.mark.parametrize(
    ("rate", "channels", "period_us", "read", "wrong"),
    [
        ("104 Hz", AXES, 9_615, ("accel-xyz", "gyro-xyz"), []),
        ("104 Hz", AXES, 9_615, ("accel-xyz",), ["data.signal.channels"]),
        ("100 Hz", AXES, 9_615, ("accel-xyz", "gyro-xyz"), ["data.signal.rate"]),
        ("1 Hz", "ambient", 1_000_000, ("ambient-temp",), []),  # no name of an axis: nobody can tell
        ("1 Hz", "ambient, ax", 1_000_000, ("gyro-x",), []),
        ("1 Hz", "ax", 1_000_000, ("gyro-x",), ["data.signal.channels"]),
        ("1 Hz", "Magnetometer_X, Magnetometer_Y, Magnetometer_Z", 1_000_000, ("magn-xyz",), []),
    ],
)
def test_a_signal_that_the_contract_states(
    app: Path, rate: str, channels: str, period_us: int, read: tuple[str, ...], wrong: list[str], tmp_path: Path
) -> None:
    _with_signal(app, rate, channels)
    contract, header = load_contract(app), _devicetree(tmp_path, period_us, *read)
    if not wrong:
        refuse_other_sensors(contract, header)
        return
    with pytest.raises(ContractError) as caught:
        refuse_other_sensors(contract, header)
    assert [problem.key for problem in caught.value.problems] == wrong
    assert all(problem.line == 4 for problem in caught.value.problems)


def test_no_devicetree(app: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"cannot read .*devicetree_generated\.h"):
        refuse_other_sensors(load_contract(app), tmp_path / "devicetree_generated.h")


def test_the_build_step_refuses(app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compile", "--app", str(app), "-o", str(tmp_path / "out")]
    right, stamp = _devicetree(tmp_path, 20_000, "accel-xyz", "gyro-xyz"), tmp_path / "stamp"
    depfile = ["--stamp", str(stamp), "--depfile", f"{stamp}.d"]
    assert main([*words, "--devicetree", str(right), *depfile]) == 0
    assert str(right) in Path(f"{stamp}.d").read_text()
    assert main([*words, "--devicetree", str(_devicetree(tmp_path, 10_000, "accel-xyz", "gyro-xyz"))]) == 1
    assert "sampling-period-us = <20000>" in capsys.readouterr().err

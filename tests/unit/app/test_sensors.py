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
SIGNAL = "data:\n  signal: {{rate: {rate}, channels: [{channels}]{unit}}}\n"
AXES = "acc_x, acc_y, acc_z, gyro_x, gyro_y, gyro_z"


def _devicetree(
    place: Path, period_us: int, *channels: str, sensors: bool = True, scales: tuple[int, ...] = ()
) -> Path:
    lines = [f"#define {NODE}_P_sampling_period_us {period_us}"]
    lines += [f'#define {NODE}_P_sensor_channels_IDX_{index} "{name}"' for index, name in enumerate(channels)]
    lines += [f"#define {NODE}_P_sensor_channels_LEN {len(channels)}"]
    lines += [f"#define {NODE}_P_sensors_LEN 1"] if sensors else []
    # Cells have 32 bits and no sign.
    lines += [f"#define {NODE}_P_sensor_scales_micro_IDX_{i} {scale % 2**32}" for i, scale in enumerate(scales)]
    path = place / "devicetree_generated.h"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return locked_app(tmp_path / "app")


def _with_signal(app: Path, rate: str, channels: str, unit: str = "") -> None:
    path = app / "mlforge.yaml"
    signal = SIGNAL.format(rate=rate, channels=channels, unit=unit and f', unit: "{unit}"')
    path.write_text(path.read_text().replace("data:\n", signal))


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


@pytest.mark.parametrize(
    ("unit", "scales", "wrong"),
    [
        ("g, rad/s", (101_972, 1_000_000), []),
        ("g, rad/s", (-101_972, 1_000_000), []),  # an axis that is turned round
        ("g", (102_000, 5), []),  # rounded; and nobody has said what the gyroscope's is
        ("mg and dps", (101_971_621, 57_295_780), []),
        ("m/s^2, rad/s", (), []),  # without the property, all are Zephyr's own
        ("counts", (1, 2), []),  # no unit that we know: nobody can tell
        ("", (1, 2), []),
        ("g, rad/s", (), ["g, but devicetree's sensor-scales-micro of activity has 1000000 for accel-xyz"]),
        ("m/s^2", (101_972, 1), ["m/s^2, but devicetree's sensor-scales-micro of activity has 101972 for accel-xyz"]),
        (
            "G; deg/s",
            (-1, 1_000_000),
            [
                "G, but devicetree's sensor-scales-micro of activity has -1 for accel-xyz",
                "deg/s, but devicetree's sensor-scales-micro of activity has 1000000 for gyro-xyz",
            ],
        ),
    ],
)
def test_units(app: Path, unit: str, scales: tuple[int, ...], wrong: list[str], tmp_path: Path) -> None:
    _with_signal(app, "50 Hz", AXES, unit)
    contract, header = load_contract(app), _devicetree(tmp_path, 20_000, "accel-xyz", "gyro-xyz", scales=scales)
    if not wrong:
        refuse_other_sensors(contract, header)
        return
    with pytest.raises(ContractError) as caught:
        refuse_other_sensors(contract, header)
    assert [problem.found for problem in caught.value.problems] == wrong
    assert {(problem.key, problem.line) for problem in caught.value.problems} == {("data.signal.unit", 4)}


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

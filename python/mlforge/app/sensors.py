"""Sensors that devicetree has a model fed by, held against the signal that the contract says the model was trained on.

A wrong rate, a wrong order of channels or a wrong unit changes no type and no size: only here can a build tell.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from mlforge.contract.contract import Contract, LoaderKind
from mlforge.data import seglearn_watch
from mlforge.errors import ContractError, Problem
from mlforge.measure.build_facts import Node, read_devicetree

RATE_TOLERANCE: Final = 0.01  # periods are whole microseconds, and no sensor's oscillator is much better
# What Zephyr's sensor API calls the three axes of a sensor, and what people call them.
_AXES: Final = re.compile(
    r"(?P<sensor>a|acc|accel|accelerometer|g|gyr|gyro|gyroscope|m|mag|magn|magnetometer)-?(?P<axis>[xyz])"
)
_SENSORS: Final = {"a": "accel", "g": "gyro", "m": "magn"}  # by their first letter
SCALE_TOLERANCE: Final = 0.005  # scales are whole millionths, and people write 0.102 for a 9.80665th
_STANDARD_GRAVITY: Final = 9.80665  # m/s^2, by definition (3rd CGPM, 1901)
_SEPARATORS: Final = re.compile(r"[,;]| and ")
# What a contract may call the unit: the sensor that has it, and how many of it are one of Zephyr's unit for that sensor
# (m/s^2, rad/s, Gauss; include/zephyr/drivers/sensor.h).
_UNITS: Final[Mapping[str, tuple[str, float]]] = {
    "m/s^2": ("accel", 1.0),
    "m/s2": ("accel", 1.0),
    "m/s²": ("accel", 1.0),
    "g": ("accel", 1 / _STANDARD_GRAVITY),
    "mg": ("accel", 1000 / _STANDARD_GRAVITY),
    "rad/s": ("gyro", 1.0),
    "deg/s": ("gyro", math.degrees(1)),
    "°/s": ("gyro", math.degrees(1)),
    "dps": ("gyro", math.degrees(1)),
    "gauss": ("magn", 1.0),
    "ut": ("magn", 100.0),
    "µt": ("magn", 100.0),
}


def refuse_other_sensors(contract: Contract, devicetree: Path) -> None:
    """Holds `sampling-period-us`, `sensor-channels` and `sensor-scales-micro` of the model's node against
    `data.signal`, or the first two against what the data set is known to be. A contract that says nothing of its
    signal allows everything. Channels are compared where the contract calls all of them as sensors are called
    (accel-x, acc_x, ax, ...), scales of the sensors whose unit it names (`g`, or `g, rad/s`). A negative scale turns an
    axis round, which is allowed.

    Args:
        devicetree: devicetree_generated.h of the build.

    Raises:
        ContractError: they are others, with the contract's line.
        BuildError: the file cannot be read.
    """
    node = Node("", f"DT_N_S_mlforge_S_{contract.name.lower()}", read_devicetree(devicetree))
    if f"{node.identifier}_P_sensors_LEN" not in node.macros:
        return
    if problems := [*_rate(contract, node), *_channels(contract, node), *_scales(contract, node)]:
        raise ContractError(problems)


def _rate(contract: Contract, node: Node) -> Iterator[Problem]:
    period_us, (rate_hz, _) = node.number("P_sampling_period_us"), _signal(contract)
    if period_us and rate_hz and abs(period_us * rate_hz * 1e-6 - 1) > RATE_TOLERANCE:
        found = f"{rate_hz:g} Hz, but devicetree's sampling-period-us of {contract.name} is {period_us}"
        yield _problem(contract, "rate", found, f"sampling-period-us = <{round(1e6 / rate_hz)}>")


def _channels(contract: Contract, node: Node) -> Iterator[Problem]:
    trained = [_channel(name) for name in _signal(contract)[1]]
    if not trained or None in trained:
        return
    read = [part for name in _named(node) for part in _expanded(name)]
    if read != trained:
        found = f"{_listed(trained)}, but devicetree's sensor-channels of {contract.name} are {_listed(read)}"
        yield _problem(contract, "channels", found, "the channels in the contract's order")


def _scales(contract: Contract, node: Node) -> Iterator[Problem]:
    unit = contract.data.signal.unit if contract.data.signal is not None else ""
    units = {sensor: (text.strip(), scale) for text in _SEPARATORS.split(unit) for sensor, scale in _known(text)}
    for index, name in enumerate(_named(node)):
        if (found := units.get(name.partition("-")[0])) is None:
            continue
        text, scale = found
        micro = _signed(node.number(f"P_sensor_scales_micro_IDX_{index}"))
        if abs(abs(micro) / (scale * 1e6) - 1) > SCALE_TOLERANCE:
            found_text = f"{text}, but devicetree's sensor-scales-micro of {contract.name} has {micro} for {name}"
            yield _problem(contract, "unit", found_text, f"{round(scale * 1e6)}, which makes {text} of Zephyr's unit")


def _known(text: str) -> Iterator[tuple[str, float]]:
    if (found := _UNITS.get(text.strip().lower())) is not None:
        yield found


def _signed(cell: int | None) -> int:
    """Devicetree has cells of 32 bits without a sign; 1000000 where the property is not set."""
    if cell is None:
        return 1_000_000
    return cell - (1 << 32) if cell >= 1 << 31 else cell


def _named(node: Node) -> list[str]:
    count = node.number("P_sensor_channels_LEN") or 0
    return [node.macros.get(f"{node.identifier}_P_sensor_channels_IDX_{i}", "").strip('"') for i in range(count)]


def _signal(contract: Contract) -> tuple[float, Sequence[str]]:
    """The rate in Hz, 0 where nobody says, and the channels' names, perhaps none."""
    if (signal := contract.data.signal) is not None:
        return signal.rate_hz, signal.channels
    if contract.data.loader is LoaderKind.SEGLEARN_WATCH:
        return seglearn_watch.RATE_HZ, seglearn_watch.CHANNELS
    return 0, ()


def _channel(name: str) -> str | None:
    """As devicetree has it, accel-x; None for what is no axis of a sensor."""
    match = _AXES.fullmatch(name.lower().replace("_", "-").replace(" ", "-"))
    return f"{_SENSORS[match['sensor'][0]]}-{match['axis']}" if match else None


def _expanded(name: str) -> list[str]:
    sensor, found, _ = name.partition("-xyz")
    return [f"{sensor}-{axis}" for axis in "xyz"] if found else [name]


def _listed(names: Sequence[str | None]) -> str:
    return ", ".join(str(name) for name in names)


def _problem(contract: Contract, key: str, found: str, expected: str) -> Problem:
    """At the line of `data.signal`, or else of the data set that is known to be so."""
    path = "data.loader" if contract.data.signal is None else f"data.signal.{key}"
    return Problem(contract.path, contract.lines.get(path, 0), path, found, expected)

"""Sensors that devicetree has a model fed by, held against the signal that the contract says the model was trained on.

A wrong rate or a wrong order of channels changes no type and no size: only here can a build tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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


def refuse_other_sensors(contract: Contract, devicetree: Path) -> None:
    """Holds `sampling-period-us` and `sensor-channels` of the model's node against `data.signal`, or against what the
    data set is known to be. A contract that says nothing of its signal allows everything, and channels are compared
    where the contract calls all of them as sensors are called (accel-x, acc_x, ax, ...).

    Args:
        devicetree: devicetree_generated.h of the build.

    Raises:
        ContractError: they are others, with the contract's line.
        BuildError: the file cannot be read.
    """
    node = Node("", f"DT_N_S_mlforge_S_{contract.name.lower()}", read_devicetree(devicetree))
    if f"{node.identifier}_P_sensors_LEN" not in node.macros:
        return
    if problems := [*_rate(contract, node), *_channels(contract, node)]:
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
    count = node.number("P_sensor_channels_LEN") or 0
    named = [node.macros.get(f"{node.identifier}_P_sensor_channels_IDX_{i}", "").strip('"') for i in range(count)]
    read = [part for name in named for part in _expanded(name)]
    if read != trained:
        found = f"{_listed(trained)}, but devicetree's sensor-channels of {contract.name} are {_listed(read)}"
        yield _problem(contract, "channels", found, "the channels in the contract's order")


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

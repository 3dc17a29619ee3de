"""Reads the telemetry of a device, draws it beside the bundle's baseline, and advises what to do: nothing, wait,
calibrate, collect data, or train again. Raw data never leave the device.

Exit status: 0 a record was read; 1 an error.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlforge.cli.common import add_json, bounded, console, print_json
from mlforge.cli.devices import add_link, link_of
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.bundle.block import Block
    from mlforge.bundle.telemetry import Record

MAX_REPLAY_BYTES: Final = 1 << 26


def configure(parser: argparse.ArgumentParser) -> None:
    group = add_link(parser)
    group.add_argument("--replay", metavar="F", type=Path, help="a log with telemetry records, or one record in CBOR")
    parser.add_argument(
        "--bundle", metavar="F", type=Path, help="the signed image that the device runs, to show its baseline"
    )
    parser.add_argument("--once", action="store_true", help="read one record and exit")
    parser.add_argument(
        "--every", metavar="S", type=bounded(float, 0.1), default=10.0, help="seconds between records (default: 10)"
    )
    parser.add_argument("--log", metavar="F", type=Path, help="append the records to this file, for --replay")
    parser.add_argument("--calibrate", action="store_true", help="first tell the device to calibrate its baseline")
    parser.add_argument("--reset", action="store_true", help="first tell the device to reset its statistics")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.bundle.telemetry import decode_record

    block = _block(arguments.bundle) if arguments.bundle else None
    records: list[Record] = []
    with suppress(KeyboardInterrupt):  # the way to end watching
        for data in _replayed(arguments.replay) if arguments.replay else _read(arguments):
            records.append(decode_record(data))
            if not (arguments.json or arguments.replay):
                _show(records, block)
    _nothing_is_an_error(records, arguments)
    if arguments.json:
        print_json(_as_json(records, block))
    elif arguments.replay:
        _show(records, block)
    return Status.DONE


def _read(arguments: argparse.Namespace) -> Iterator[bytes]:
    """Records of the device, one after the other. Raises DeviceError, LinkError."""
    import time

    from mlforge.bundle.device import reason_text
    from mlforge.bundle.smp_device import connected
    from mlforge.errors import DeviceError

    link = link_of(arguments)
    with connected(link) as device:
        state = device.state()
        if state is not None and not state.checked:
            raise DeviceError(f"the device does not accept its bundle: {reason_text(state.reason, state.detail)}")
        if arguments.calibrate:
            device.calibrate()
        if arguments.reset:
            device.reset_statistics()
    while True:
        with connected(link) as device:
            data = device.telemetry()
        if arguments.log:
            _append(arguments.log, data)
        yield data
        if arguments.once or arguments.json:
            return
        time.sleep(arguments.every)


def _append(path: Path, data: bytes) -> None:
    from mlforge.bundle.telemetry import log_lines
    from mlforge.errors import ForgeError

    try:
        with path.open("a", encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in log_lines(data))
    except OSError as error:
        raise ForgeError(f"{path} cannot be written: {error.strerror}") from error


def _replayed(path: Path) -> Iterator[bytes]:
    """Raises ForgeError where the file cannot be read."""
    from mlforge.bundle.telemetry import MAX_RECORD_BYTES, records_in
    from mlforge.errors import ForgeError

    try:
        with path.open("rb") as file:
            data = file.read(MAX_REPLAY_BYTES)
    except OSError as error:
        raise ForgeError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    found = tuple(records_in(data.decode("ascii", errors="replace")))
    return iter(found or ((data,) if 0 < len(data) <= MAX_RECORD_BYTES else ()))


def _block(path: Path) -> Block:
    """Raises BundleError."""
    from mlforge.bundle.block import decode
    from mlforge.bundle.extract import find_block
    from mlforge.bundle.signed_image import read_image

    return decode(find_block(read_image(path).payload))


def _show(records: list[Record], block: Block | None) -> None:
    from mlforge.cli.telemetry_view import draw

    draw(console(), records, block)


def _nothing_is_an_error(records: list[Record], arguments: argparse.Namespace) -> None:
    from mlforge.errors import ForgeError

    if not records:
        raise ForgeError(f"{arguments.replay} holds no telemetry records" if arguments.replay else "no record was read")


def _as_json(records: list[Record], block: Block | None) -> dict[str, object]:
    import dataclasses

    from mlforge.bundle.advice import advise
    from mlforge.cli.telemetry_view import calibration_of

    told = [{**dataclasses.asdict(one), "firmware": str(one.firmware), "drift": int(one.drift)} for one in records]
    advice = advise(records[-1], calibration_of(records[-1], block))
    return {"records": told, "advice": [{"step": str(one.step), "why": one.why} for one in advice]}

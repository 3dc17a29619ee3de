"""Records the raw frames that a device sends (CONFIG_MLFORGE_RECORD) into files that the contract's loaders read:
DIRECTORY/LABEL/GROUP_001.wav, or .csv, with what is known of them in .json beside.

With --replay it plays a recording into a device instead (CONFIG_MLFORGE_REPLAY), as if its sensors had sent it, and
prints what the device's console says; --expect names texts that it must say, in this order.

Exit status: 0 done; 3 recorded, but frames were lost, or an expected text was not said; 1 an error.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlforge.cli.common import add_app, add_json, bounded, console, print_json
from mlforge.cli.devices import add_link, link_of
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.targets.transport import Transport


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    add_link(parser)
    parser.add_argument(
        "--smp", action="store_true", help="SMP on --port (CONFIG_MLFORGE_RECORD_SMP), as on the others"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--label", metavar="L", help="what is recorded: a class of the contract")
    what.add_argument("--replay", metavar="FILE", type=Path, help="a .wav or .csv file to play into the device")
    parser.add_argument(
        "--expect",
        metavar="TEXT",
        action="append",
        default=[],
        help="with --replay: what the device must say; repeatable",
    )
    parser.add_argument("--group", metavar="G", default="me", help="the person or the machine (default: me)")
    parser.add_argument(
        "--seconds", metavar="S", type=bounded(float, 0.1), default=10.0, help="how long to record (default: 10)"
    )
    parser.add_argument(
        "--into", metavar="DIR", type=Path, help="where recordings are kept (default: recordings beside the contract)"
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    return _replay(arguments) if arguments.replay else _record(arguments)


def _replay(arguments: argparse.Namespace) -> Status:
    import json

    from mlforge.app.lockfile import read_lock
    from mlforge.app.replay import replay, said
    from mlforge.data.long_recordings import read_signal
    from mlforge.features.pipeline import Pipeline

    lock = read_lock(arguments.app)
    pipeline = Pipeline.from_json(json.dumps(lock.features))
    frames = pipeline.to_frames(read_signal(arguments.replay, pipeline.rate_hz))
    with _line(arguments) as line:
        echo = replay(line, lock.name, frames, pipeline.input_frac_bits)
    text = bytes(echo.text).decode(errors="replace")
    missing = said(text, arguments.expect)
    if arguments.json:
        print_json({"frames": echo.frames, "text": text, "missing": missing})
    else:
        console().print(text, markup=False, highlight=False, soft_wrap=True)
        if missing:
            console().print(f"not said: {missing}", markup=False, soft_wrap=True)
    return Status.UNMET if missing else Status.DONE


@contextmanager
def _line(arguments: argparse.Namespace) -> Iterator[Transport]:
    if arguments.smp or not arguments.port:
        from mlforge.bundle.smp_device import connected
        from mlforge.bundle.smp_record import SmpLine

        with connected(link_of(arguments)) as device:
            yield SmpLine(device)
        return
    from mlforge.targets.transport import SerialTransport

    line = SerialTransport(arguments.port, arguments.baud)
    try:
        yield line
    finally:
        line.close()


def _record(arguments: argparse.Namespace) -> Status:
    from mlforge.app.record import record
    from mlforge.contract.load import load_contract
    from mlforge.data.recorded import Facts, write_recording
    from mlforge.errors import DataError

    contract = load_contract(arguments.app)
    signal = contract.data.signal
    if signal is None:
        raise DataError(
            f"{contract.path}: data.signal names no rate and channels", hint="add data.signal to the contract"
        )
    _check(arguments, contract.data.classes)
    screen = console()
    with _line(arguments) as line:
        heard = record(line, contract.name, seconds=arguments.seconds)
    device = arguments.port or arguments.ble or arguments.udp
    facts = Facts(contract.name, arguments.label, arguments.group, device, signal.rate_hz, signal.channels, signal.unit)
    path = write_recording(heard.recorded, facts, arguments.into or contract.app_dir / "recordings")
    recorded, whole = heard.recorded, not heard.recorded.lost and not heard.broken
    if arguments.json:
        print_json(
            {
                "file": str(path),
                "frames": recorded.frames,
                "lost": [list(gap) for gap in recorded.lost],
                "damaged": heard.damaged,
                "broken": heard.broken,
            }
        )
    else:
        screen.print(f"{path}: {recorded.frames:,} frames, {recorded.frames / signal.rate_hz:.2f} s", soft_wrap=True)
        if recorded.lost:
            screen.print(f"{recorded.lost_frames:,} frames were lost, in {len(recorded.lost)} places: see the .json")
        if heard.broken:
            screen.print(f"ended early: {heard.broken}", soft_wrap=True)
    return Status.DONE if whole else Status.UNMET


def _check(arguments: argparse.Namespace, classes: tuple[str, ...]) -> None:
    from mlforge.contract.schema import did_you_mean
    from mlforge.errors import DataError

    if classes and arguments.label not in classes:
        raise DataError(
            f"--label {arguments.label!r} is no class of the contract: {did_you_mean(arguments.label, list(classes))}"
        )
    for name in ("label", "group"):
        value = getattr(arguments, name)
        if not value or value[0] == "." or set(value) & set("/\\\0") or (name == "group" and "_" in value):
            raise DataError(f"--{name} {value!r}: expected a plain name" + (", without '_'" if name == "group" else ""))

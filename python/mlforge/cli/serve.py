"""Runs the measuring firmware with one model in QEMU, behind a serial port that other programs open.

It speaks the device side of the MLPerf Tiny benchmark: the benchmark's public runner drives it unchanged. With
--benchmark, inputs come as that benchmark sends them (ad01: float32; ic01, vww01: uint8 pixels; kws01: int8), and
results are what it expects (ad01: the mean squared error); without, inputs are the model's own int8 bytes. Ctrl-C ends
it.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from mlforge.cli.common import add_target
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL.tflite", type=Path)
    add_target(parser, default="mps2/an386")
    parser.add_argument(
        "--benchmark", choices=("ad01", "ic01", "kws01", "vww01"), default="", help="behave as this benchmark's device"
    )
    parser.add_argument("--link", type=Path, metavar="PATH", help="create this symbolic link to the serial port")
    parser.add_argument(
        "--elf", type=Path, metavar="F", help="write the firmware's image to this file, and do not run it"
    )


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.app.serve import build_served, serve
    from mlforge.cli.models import model_name, read_model_file
    from mlforge.errors import ForgeError
    from mlforge.study.optimise import usable_target
    from mlforge.toolchain.posix import refuse_without_posix

    refuse_without_posix("serve")
    data = read_model_file(arguments.model)
    target = usable_target(arguments.target)
    target, firmware = build_served(data, model_name(arguments.model), target, arguments.benchmark)
    try:
        if arguments.elf:
            shutil.copyfile(firmware.elf, arguments.elf)
            return Status.DONE
        _ = signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt), _announced(arguments) as ready:
            serve(target, firmware, ready)
    except OSError as error:
        raise ForgeError(f"{error.filename2 or error.filename}: {(error.strerror or str(error)).lower()}") from error
    return Status.DONE


@contextlib.contextmanager
def _announced(arguments: argparse.Namespace) -> Iterator[Callable[[str], None]]:
    """Prints where the port is, and keeps the link to it."""
    link: Path | None = arguments.link

    def ready(port: str) -> None:
        if link:
            if link.is_symlink():
                link.unlink()
            link.symlink_to(port)
        print(f"{arguments.benchmark or arguments.model.name} on {arguments.target}: serial port {port}", flush=True)

    try:
        yield ready
    finally:
        if link and link.is_symlink():
            link.unlink()

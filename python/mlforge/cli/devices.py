"""What the commands that talk to devices share: how a device is named."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlforge.bundle.links import Link


def add_link(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """One of --port, --ble and --udp must be given. Returns the group, for further choices."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument(
        "--port",
        metavar="P",
        help="a serial port; or unix:PATH or tcp:HOST:PORT, the serial port of an emulated device",
    )
    group.add_argument("--ble", metavar="NAME", help="a Bluetooth device's name or address")
    group.add_argument("--udp", metavar="HOST", help="an IP address or name, [HOST]:PORT for another port than 1337")
    parser.add_argument(
        "--baud", metavar="N", type=int, default=115200, help="speed of the serial port (default: 115200)"
    )
    return group


def link_of(arguments: argparse.Namespace) -> Link:
    """Raises DeviceError for an address that is none."""
    from mlforge.bundle.links import ble_link, serial_link, udp_link

    if arguments.port:
        return serial_link(arguments.port, arguments.baud)
    return ble_link(arguments.ble) if arguments.ble else udp_link(arguments.udp)

"""Which power meters there are: `ppk2:/dev/ttyACM1`, `lpm01a:/dev/ttyACM0`, `otii:localhost:1905`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Final

from mlforge.errors import RunError
from mlforge.targets.probes.lpm01a import Lpm01a
from mlforge.targets.probes.otii import Otii
from mlforge.targets.probes.ppk2 import Ppk2
from mlforge.targets.probes.probe import Probe

PROBES: Final[Mapping[str, type[Probe]]] = {"ppk2": Ppk2, "lpm01a": Lpm01a, "otii": Otii}


@contextlib.contextmanager
def opened_probe(text: str, supply_v: float) -> Iterator[Probe]:
    """The meter that KIND:PORT names, ready to record.

    Raises:
        LineError: it is not there, or does not answer.
        RunError: an unknown kind, no port, a port of somebody else's, or a meter that cannot give the voltage.
    """
    kind, _, port = text.partition(":")
    if kind not in PROBES or not port:
        raise RunError(f"{text!r} is no power meter", hint=f"KIND:PORT, where KIND is one of {', '.join(PROBES)}")
    probe = PROBES[kind](supply_v)
    try:
        probe.init(port)
        yield probe
    finally:
        probe.close()

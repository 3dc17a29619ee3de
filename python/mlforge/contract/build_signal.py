"""The contract's `data.signal`: what the sensor delivers, named once."""

from __future__ import annotations

from typing import Final

from mlforge.contract.contract import LoaderKind
from mlforge.contract.reader import Reader
from mlforge.contract.schema import show
from mlforge.contract.stages import Gaps, SignalSpec
from mlforge.contract.units import parse_frequency

MAX_RATE_HZ: Final = 1_000_000
WAV_FRAC_BITS: Final = 15  # of 16-bit PCM, full scale 1.0


def build_signal(reader: Reader, loader: LoaderKind) -> SignalSpec | None:
    """None where the contract has no `data.signal`. Samples of WAV files are int16 unless it says otherwise."""
    if reader.node("data", "signal") is None:
        return None
    rate_hz = reader.quantity(parse_frequency, "data", "signal", "rate")
    if rate_hz is not None and rate_hz > MAX_RATE_HZ:
        reader.wrong(("data", "signal", "rate"), f"{rate_hz} Hz", "a rate of at most 1 MHz")
    wav = loader is LoaderKind.WAV
    samples = reader.text("data", "signal", "samples", default="int16" if wav else "int32")
    return SignalSpec(
        rate_hz=rate_hz or 0,
        channels=_channels(reader),
        unit=reader.text("data", "signal", "unit"),
        samples=samples,
        frac_bits=WAV_FRAC_BITS if wav and samples == "int16" else None,
        gaps=reader.choice(Gaps, "data", "signal", "gaps", default=Gaps.KEEP),
    )


def _channels(reader: Reader) -> tuple[str, ...]:
    steps = ("data", "signal", "channels")
    node = reader.node(*steps)
    names = [item.text for item in (node.items if node else [])]
    for name in names:
        if names.count(name) > 1:
            reader.wrong(steps, f"{name!r} twice", "each name once")
    if node is not None and isinstance(node.value, list) and not names:
        reader.wrong(steps, show(node), "a list of names, such as [mic]")
    return tuple(names)

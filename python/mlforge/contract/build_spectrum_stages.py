"""The settings of stages that describe spectra, beats, and columns in their context."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeVar

from mlforge.contract.build_stages import Place, Steps, known_settings, required, samples, whole
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, show
from mlforge.contract.stages import StageSpec
from mlforge.contract.stages_form import Form
from mlforge.contract.stages_spectrum import (
    CURE_OF_EMPTY,
    BandsSpec,
    PeaksSpec,
    Rr,
    RrSpec,
    Shape,
    SpectralSpec,
    StackSpec,
    bins_of,
    empty_band,
)
from mlforge.contract.tree import Node
from mlforge.contract.units import parse_hertz

MOST_BANDS: Final = 256
MOST_PEAKS: Final = 16
MOST_COLUMNS: Final = 64
MAX_REFRACTORY: Final = 1 << 16
REFRACTORY_S: Final = 0.2  # of a heart; Pan and Tompkins, 1985
THRESHOLD: Final = 0.3

E = TypeVar("E", bound=StrEnum)


def read_names(reader: Reader, steps: Steps, kind: type[E], what: str) -> tuple[E, ...]:
    """A list of names, each once; at least one, whatever was reported."""
    node = reader.node(*steps)
    found: list[E] = []
    if node is None or not isinstance(node.value, list) or not node.value:
        reader.wrong(steps, show(node) if node else "nothing", f"a list of {what}, such as [{', '.join(kind)}]")
    for item in node.items if node else []:
        if not isinstance(item.value, str) or item.value not in list(kind):
            reader.wrong(steps, f"the unknown name {item.text!r}", did_you_mean(item.text, [one.value for one in kind]))
        elif item.value in found:
            reader.wrong(steps, f"{item.value} twice", "each name once")
        else:
            found.append(kind(item.value))
    return tuple(found) or (next(iter(kind)),)


def read_bands(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["edges", "share"])
    share = reader.flag(*steps, "share", default=False)
    edges = _edges(reader, (*steps, "edges"), place)
    form = Form.MEASURES if share else Form.BANDS
    return BandsSpec(edges, share), replace(place, form=form, rows=len(edges) - 1)


def _edges(reader: Reader, steps: Steps, place: Place) -> tuple[float, ...]:
    """Rising frequencies up to half the rate."""
    node = reader.node(*steps)
    items = node.items if node is not None and isinstance(node.value, list) else []
    if not 2 <= len(items) <= MOST_BANDS + 1:
        found = f"{len(items)} frequencies" if items else show(node) if node else "nothing"
        reader.wrong(steps, found, f"2 to {MOST_BANDS + 1} rising frequencies, such as [0, 100 Hz, 1 kHz]")
        return 0.0, 1.0
    edges = tuple(_hertz(reader, steps, item) for item in items)
    nyquist_hz = place.rate_hz / 2 if place.rate_hz else None
    if place.rate_hz is None:
        reader.wrong(steps[:-1], "`bands` of a signal whose rate is unknown", "data.signal: {rate: 16 kHz}")
    elif falling := [f"{low:g} Hz in front of {high:g} Hz" for low, high in pairwise(edges) if low >= high]:
        reader.wrong(steps, falling[0], "frequencies that rise")
    elif nyquist_hz and edges[-1] > nyquist_hz:
        reader.wrong(steps, f"{edges[-1]:g} Hz", f"at most half the rate of the signal here, {nyquist_hz:g} Hz")
    elif nyquist_hz and place.rows > 1:
        width_hz = nyquist_hz / (place.rows - 1)
        if empty := empty_band(edges, bins_of(edges, width_hz, place.rows), width_hz):
            reader.wrong(steps, empty, CURE_OF_EMPTY)
    return edges


def _hertz(reader: Reader, steps: Steps, item: Node) -> float:
    if type(item.value) in (int, float) and item.value == 0:
        return 0.0
    try:
        return parse_hertz(item.text)
    except ValueError as error:
        reader.wrong(steps, show(item), str(error))
        return 0.0


def read_spectral(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    """A list of names."""
    names = read_names(reader, steps, Shape, "what describes a spectrum")
    _needs_rate(reader, steps, place, "spectral")
    return SpectralSpec(names), replace(place, form=Form.MEASURES, rows=len(names))


def read_peaks(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["count"])
    count = whole(reader, (*steps, "count"), 3, 1, MOST_PEAKS)
    _needs_rate(reader, steps, place, "peaks")
    return PeaksSpec(count), replace(place, form=Form.STATISTICS, rows=2 * count)


def read_rr(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["of", "refractory", "threshold"])
    names = read_names(reader, (*steps, "of"), Rr, "statistics of times between beats")
    _needs_rate(reader, steps, place, "rr")
    usual = max(1, round(REFRACTORY_S * place.rate_hz)) if place.rate_hz else 1
    refractory = samples(reader, (*steps, "refractory"), place, usual, MAX_REFRACTORY)
    threshold = reader.number(*steps, "threshold", default=THRESHOLD)
    if not 0 < threshold < 1:
        reader.wrong((*steps, "threshold"), f"{threshold:g}", "a share of the largest sample, above 0 and below 1")
        threshold = THRESHOLD
    if place.rows < 3 * refractory:
        found = f"frames of {place.rows} samples, with beats at least {refractory} apart"
        reader.wrong(steps, found, f"frames of at least {3 * refractory} samples: they must hold three beats")
    return RrSpec(names, refractory, threshold), replace(place, form=Form.MEASURES, rows=len(names))


def read_stack(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["columns"])
    required(reader, steps, "columns", f"a whole number from 2 to {MOST_COLUMNS}")
    columns = whole(reader, (*steps, "columns"), 2, 2, MOST_COLUMNS, "columns")
    form = Form.COEFFICIENTS if place.form is Form.LEVELS else place.form
    span = place.span + (columns - 1) * place.hop
    return StackSpec(columns), replace(place, form=form, rows=columns * place.rows, span=span)


def _needs_rate(reader: Reader, steps: Steps, place: Place, stage: str) -> None:
    if place.rate_hz is None:
        reader.wrong(steps, f"`{stage}`, of a signal whose rate is unknown", "data.signal: {rate: 16 kHz}")

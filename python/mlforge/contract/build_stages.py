"""The settings of each stage of `features`, and what it makes of what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeVar

from mlforge.contract.mel_scale import CURE_OF_EMPTY, empty_filter
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, show
from mlforge.contract.stages import (
    ROBUST_CLIP,
    DctSpec,
    DeltaSpec,
    FftSpec,
    FrameSpec,
    Layout,
    LogScale,
    LogSpec,
    MelNorm,
    MelScale,
    MelSpec,
    SignalSpec,
    Spectrum,
    StageSpec,
    StandardiseSpec,
    Statistics,
    Taper,
    WindowSpec,
)
from mlforge.contract.stages_form import Form
from mlforge.contract.stages_tflm import Like
from mlforge.contract.units import format_frequency, parse_hertz, parse_time

MAX_WINDOW: Final = 65_536
MAX_CLIP: Final = 1000  # deviations
MAX_ROWS: Final = 1024  # of bands
FFT_SIZES: Final = (32, 64, 128, 256, 512, 1024, 2048)
FFT_BITS: Final = (32, 16)

Steps = tuple[str, ...]
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Place:
    """What a stage is given where it stands. `span` samples make a column, the next one begins `hop` later; samples
    are those behind `decimate` or `resample`, where there is one, which makes one of `decimation`. `like` is whose
    integers it has."""

    signal: SignalSpec | None
    form: Form = Form.SIGNAL
    rows: int = 1
    span: int = 1
    hop: int = 1
    decimation: int | Fraction = 1
    like: Like = Like.MLFORGE

    @property
    def rate_hz(self) -> float | None:
        """Of samples, here; None where the contract names no signal."""
        return float(self.signal.rate_hz / self.decimation) if self.signal else None

    @property
    def unit(self) -> str:
        return "columns" if self.framed else "frames"

    @property
    def framed(self) -> bool:
        return self.form is not Form.SIGNAL


def read_window(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    settings = ["length", "hop", "layout"] if place.framed else ["length", "hop"]
    known_settings(reader, steps, settings)
    required(reader, steps, "length", f"a whole number of {place.unit} from 1 to {MAX_WINDOW}")
    length = _columns(reader, (*steps, "length"), place, 1, last=True)
    hop = _columns(reader, (*steps, "hop"), place, length, last=False)
    layout = choice(reader, (*steps, "layout"), Layout, Layout.PICTURE)
    return WindowSpec(length, hop, layout), place


def read_standardise(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["statistics", "clip"])
    statistics = choice(reader, (*steps, "statistics"), Statistics, Statistics.PLAIN)
    clip = reader.number(*steps, "clip", default=ROBUST_CLIP if statistics is Statistics.ROBUST else 0.0)
    if clip and not 1 <= clip <= MAX_CLIP:
        reader.wrong(
            (*steps, "clip"), f"{clip:g}", f"a number of deviations from 1 to {MAX_CLIP}, or 0 for no clipping"
        )
    return StandardiseSpec(statistics, clip), place if place.form is Form.SIGNAL else replace(place, form=Form.STANDARD)


def read_frame(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["length", "hop"])
    required(reader, steps, "length", "a time such as '30 ms', or a whole number of samples")
    length = samples(reader, (*steps, "length"), place, 0, MAX_WINDOW)  # 0 where it is wrong, which was reported
    hop = samples(reader, (*steps, "hop"), place, max(1, length), MAX_WINDOW)
    if hop > length > 0:
        reader.wrong((*steps, "hop"), f"{hop} samples, longer than the frame's {length}", "a hop of at most the length")
        hop = length
    return FrameSpec(length, hop), replace(place, form=Form.FRAMES, rows=length, span=length, hop=hop)


def read_fft(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["size", "taper", "output", "bits", "like"])
    like = choice(reader, (*steps, "like"), Like, Like.MLFORGE)
    _no_settings_beside(reader, steps, like, ("taper", "output", "bits"))
    size = _fft_size(reader, (*steps, "size"), place.rows)
    spec = FftSpec(
        size,
        choice(reader, (*steps, "taper"), Taper, Taper.HANN),
        choice(reader, (*steps, "output"), Spectrum, Spectrum.POWER),
        like,
        _fft_bits(reader, (*steps, "bits")),
    )
    return spec, replace(place, form=Form.SPECTRUM, rows=size // 2 + 1, like=like)


def _no_settings_beside(reader: Reader, steps: Steps, like: Like, own: Sequence[str]) -> None:
    """Reports settings that a stage with another library's integers does not have."""
    for key in own if like.foreign else ():
        if reader.node(*steps, key) is not None:
            reader.wrong((*steps, key), f"{key} beside like: {like}", f"no {key}: it is the library's")


def _same_integers(reader: Reader, steps: Steps, place: Place, own: Sequence[str]) -> Like:
    """`like`, which is that of the stages before."""
    like = choice(reader, (*steps, "like"), Like, place.like)
    if like is not place.like:
        before = f"stages like {place.like}" if place.like.foreign else "stages of MLForge's own"
        reader.wrong((*steps, "like"), f"{like} behind {before}", f"like: {place.like}, as `fft` has it")
    _no_settings_beside(reader, steps, place.like, own)
    return place.like


def _fft_bits(reader: Reader, steps: Steps) -> int:
    node = reader.node(*steps)
    if node is None:
        return FFT_BITS[0]
    if type(node.value) is not int or node.value not in FFT_BITS:
        reader.wrong(steps, show(node), f"one of: {', '.join(map(str, FFT_BITS))}")
        return FFT_BITS[0]
    return node.value


def _fft_size(reader: Reader, steps: Steps, length: int) -> int:
    node = reader.node(*steps)
    sizes = ", ".join(map(str, FFT_SIZES))
    if node is None or node.value == "auto":
        fitting = [size for size in FFT_SIZES if size >= length]
        if not fitting:
            reader.wrong((*steps[:-2], "fft"), f"frames of {length} samples", f"at most {FFT_SIZES[-1]} samples")
        return fitting[0] if fitting else FFT_SIZES[-1]
    if node.value not in FFT_SIZES or not isinstance(node.value, int):
        reader.wrong(steps, show(node), f"auto, or one of: {sizes}")
        return FFT_SIZES[-1]
    if node.value < length:
        reader.wrong(steps, f"{node.value}, shorter than the frame's {length} samples", f"auto, or one of: {sizes}")
    return node.value


def read_mel(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["bands", "low", "high", "scale", "norm", "like"])
    like = _same_integers(reader, steps, place, ("scale", "norm"))
    bands = whole(reader, (*steps, "bands"), 40, 1, MAX_ROWS)
    nyquist = place.rate_hz / 2 if place.rate_hz else 0.0
    if place.rate_hz is None:
        reader.wrong(steps, "a mel filter bank of a signal whose rate is unknown", "data.signal: {rate: 16 kHz}")
    low = _frequency(reader, (*steps, "low"), 0.0)
    high = _frequency(reader, (*steps, "high"), nyquist)
    if nyquist and high > nyquist:
        expected = f"at most half the signal's rate, {_spelt(nyquist)}"
        reader.wrong((*steps, "high"), _spelt(high), expected)
    elif nyquist and low >= high:
        reader.wrong((*steps, "low"), f"{low:g} Hz, with high at {high:g} Hz", "low below high")
    spec = MelSpec(
        bands,
        low,
        high,
        choice(reader, (*steps, "scale"), MelScale, MelScale.HTK),
        choice(reader, (*steps, "norm"), MelNorm, MelNorm.NONE),
        like,
    )
    sound = 0 <= low < high <= nyquist and place.rows > 1
    if sound and not like.foreign and (empty := empty_filter(spec, 2 * nyquist, place.rows)):
        reader.wrong((*steps, "bands"), empty, CURE_OF_EMPTY)
    return spec, replace(place, form=Form.BANDS, rows=bands)


def _frequency(reader: Reader, steps: Steps, default: float) -> float:
    node = reader.node(*steps)
    if node is not None and type(node.value) in (int, float) and node.value == 0:
        return 0.0
    found = reader.quantity(parse_hertz, *steps)
    return default if found is None else found


def _spelt(frequency_hz: float) -> str:
    return format_frequency(int(frequency_hz)) if frequency_hz == int(frequency_hz) else f"{frequency_hz:g} Hz"


def read_log(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["scale", "floor", "like"])
    like = _same_integers(reader, steps, place, ("scale", "floor"))
    floor = reader.number(*steps, "floor", default=0.0)
    if floor < 0:
        reader.wrong((*steps, "floor"), f"{floor:g}", "a value above 0, such as 1e-10")
        floor = 0.0
    scale = choice(reader, (*steps, "scale"), LogScale, LogScale.DB)
    return LogSpec(scale, floor, like), replace(place, form=Form.LEVELS)


def read_dct(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["coefficients"])
    required(reader, steps, "coefficients", f"a whole number from 1 to {place.rows}")
    coefficients = whole(reader, (*steps, "coefficients"), 1, 1, MAX_WINDOW)
    if coefficients > place.rows:
        found = f"{coefficients} coefficients of {place.rows} values"
        reader.wrong((*steps, "coefficients"), found, f"at most {place.rows}: as many as there are values")
    return DctSpec(min(coefficients, place.rows)), replace(place, form=Form.COEFFICIENTS, rows=coefficients)


def read_delta(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["width"])
    width = whole(reader, (*steps, "width"), 5, 3, 9, "columns")
    if width % 2 == 0:
        reader.wrong((*steps, "width"), str(width), "an odd number of columns: 3, 5, 7 or 9")
    span = place.span + (width - 1) * place.hop
    return DeltaSpec(width), replace(place, form=Form.COEFFICIENTS, rows=2 * place.rows, span=span)


def known_settings(reader: Reader, steps: Steps, known: Sequence[str]) -> None:
    """Reports settings that the stage does not have, and what is no mapping of settings."""
    node = reader.node(*steps)
    if node is None or node.value is None:
        return
    if not isinstance(node.value, dict):
        expected = f"a mapping of {', '.join(known)}" if known else "an empty mapping: {}"
        reader.wrong(steps, show(node), expected)
        return
    for key in node.value:
        if key not in known:
            expected = did_you_mean(key, list(known)) if known else "no settings: {}"
            reader.wrong((*steps, key), f"the unknown key {key!r}", expected)


def required(reader: Reader, steps: Steps, key: str, expected: str) -> None:
    if key not in reader.mapping(*steps):
        reader.wrong((*steps, key), "nothing", f"{expected} (required)")


def choice(reader: Reader, steps: Steps, kind: type[E], default: E) -> E:
    """One word of several."""
    node = reader.node(*steps)
    if node is None:
        return default
    if isinstance(node.value, str) and node.value in list(kind):
        return kind(node.value)
    reader.wrong(steps, show(node), f"one of: {', '.join(kind)}")
    return default


def whole(reader: Reader, steps: Steps, default: int, low: int, high: int, unit: str = "") -> int:
    node = reader.node(*steps)
    if node is None:
        return default
    if type(node.value) is not int or not low <= node.value <= high:
        reader.wrong(steps, show(node), f"a whole number{unit and f' of {unit}'} from {low} to {high}")
        return default
    return node.value


def samples(reader: Reader, steps: Steps, place: Place, default: int, most: int) -> int:
    """A length of the signal: samples, or a time with the signal's rate, rounded to the nearest sample."""
    node = reader.node(*steps)
    if node is None:
        return default
    if isinstance(node.value, str):
        return _timed(reader, steps, place, default, most)
    return whole(reader, steps, default, 1, most, "samples")


def _timed(reader: Reader, steps: Steps, place: Place, default: int, most: int) -> int:
    time_us = reader.quantity(parse_time, *steps)
    if time_us is None:
        return default
    if place.rate_hz is None:
        reader.wrong(steps, "a time, of a signal whose rate is unknown", "samples, or data.signal: {rate: 16 kHz}")
        return default
    if place.rate_hz == 0:  # wrong, and reported
        return default
    count = round(time_us * place.rate_hz / 1e6)
    if not 1 <= count <= most:
        reader.wrong(steps, f"{count} samples at {_spelt(place.rate_hz)}", f"1 to {most} samples")
        return default
    return count


def _columns(reader: Reader, steps: Steps, place: Place, default: int, last: bool) -> int:
    """A length of a window: frames or columns, or the time that they span (`last`), or that lies between two."""
    node = reader.node(*steps)
    if node is None or not isinstance(node.value, str):
        return whole(reader, steps, default, 1, MAX_WINDOW, place.unit)
    count = _timed(reader, steps, place, place.span, MAX_WINDOW * place.hop)
    columns = (count - place.span) // place.hop + 1 if last else round(count / place.hop)
    if columns < 1:
        reader.wrong(steps, f"{count} samples", f"at least {place.span if last else place.hop}: those of one column")
    return max(1, columns)

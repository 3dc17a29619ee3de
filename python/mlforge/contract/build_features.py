"""The contract's `features`: the stages in front of the model, a chain in which each takes what the one before makes.

Reads a tree without choices: one with them is resolved to such a tree first, and then built and checked like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeAlias

from mlforge.contract.build_frame_stages import read_statistics
from mlforge.contract.build_resample import read_resample
from mlforge.contract.build_signal_stages import (
    read_dc,
    read_decimate,
    read_difference,
    read_ema,
    read_envelope,
    read_filter,
    read_gravity,
    read_jerk,
    read_magnitude,
    read_moving_mean,
    read_pre_emphasis,
    read_rate_of_change,
    read_squared_slope,
)
from mlforge.contract.build_spectrum_stages import read_bands, read_peaks, read_rr, read_spectral, read_stack
from mlforge.contract.build_stages import (
    Place,
    read_dct,
    read_delta,
    read_fft,
    read_frame,
    read_log,
    read_mel,
    read_standardise,
    read_window,
)
from mlforge.contract.build_tflm_stages import read_noise_reduction, read_pcan, read_tflm_scale
from mlforge.contract.build_user_stage import read_user
from mlforge.contract.contract import DataSpec
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, show
from mlforge.contract.stages import BranchesSpec, FrontEnd, StageSpec, reach_of_chain
from mlforge.contract.stages_form import Form
from mlforge.contract.tree import Node

Read: TypeAlias = Callable[[Reader, tuple[str, ...], Place], tuple[StageSpec, Place]]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A stage of the contract: what it may stand behind, and how its settings are read."""

    read: Read
    takes: frozenset[Form]
    once: bool = True


_SMALL: Final = frozenset({Form.LEVELS, Form.COEFFICIENTS, Form.STATISTICS, Form.MEASURES})
_COLUMNS: Final = _SMALL | {Form.SPECTRUM, Form.BANDS, Form.REDUCED}
_SIGNAL: Final = frozenset({Form.SIGNAL})
_KINDS: Final[Mapping[str, _Kind]] = {
    "filter": _Kind(read_filter, _SIGNAL, once=False),
    "dc": _Kind(read_dc, _SIGNAL),
    "gravity": _Kind(read_gravity, _SIGNAL),
    "pre_emphasis": _Kind(read_pre_emphasis, _SIGNAL),
    "difference": _Kind(read_difference, _SIGNAL, once=False),
    "rate_of_change": _Kind(read_rate_of_change, _SIGNAL, once=False),
    "jerk": _Kind(read_jerk, _SIGNAL),
    "ema": _Kind(read_ema, _SIGNAL, once=False),
    "resample": _Kind(read_resample, _SIGNAL),
    "decimate": _Kind(read_decimate, _SIGNAL, once=False),
    "magnitude": _Kind(read_magnitude, _SIGNAL),
    "envelope": _Kind(read_envelope, _SIGNAL),
    "squared_slope": _Kind(read_squared_slope, _SIGNAL),
    "moving_mean": _Kind(read_moving_mean, _SIGNAL, once=False),
    "window": _Kind(read_window, _COLUMNS | {Form.SIGNAL, Form.STANDARD}),
    "standardise": _Kind(read_standardise, _COLUMNS | {Form.SIGNAL}),
    "frame": _Kind(read_frame, _SIGNAL),
    "statistics": _Kind(read_statistics, frozenset({Form.FRAMES})),
    "fft": _Kind(read_fft, frozenset({Form.FRAMES})),
    "mel": _Kind(read_mel, frozenset({Form.SPECTRUM})),
    "noise_reduction": _Kind(read_noise_reduction, frozenset({Form.BANDS})),
    "pcan": _Kind(read_pcan, frozenset({Form.REDUCED})),
    "log": _Kind(read_log, frozenset({Form.SPECTRUM, Form.BANDS, Form.REDUCED})),
    "tflm_scale": _Kind(read_tflm_scale, frozenset({Form.LEVELS})),
    "dct": _Kind(read_dct, frozenset({Form.LEVELS})),
    "rr": _Kind(read_rr, frozenset({Form.FRAMES})),
    "bands": _Kind(read_bands, frozenset({Form.SPECTRUM})),
    "spectral": _Kind(read_spectral, frozenset({Form.SPECTRUM})),
    "peaks": _Kind(read_peaks, frozenset({Form.SPECTRUM})),
    "stack": _Kind(read_stack, _SMALL | {Form.STANDARD}),
    "user": _Kind(read_user, _SMALL | {Form.SIGNAL, Form.FRAMES}, once=False),
    "delta": _Kind(read_delta, frozenset({Form.LEVELS, Form.COEFFICIENTS})),
    "branches": _Kind(
        lambda reader, steps, place: _read_branches(reader, steps, place),
        frozenset({Form.SIGNAL, Form.FRAMES, Form.SPECTRUM, Form.BANDS, Form.LEVELS}),
        once=False,
    ),
}
_IN_BRANCHES: Final = {name: kind for name, kind in _KINDS.items() if name not in ("window", "standardise")}
MOST_BRANCHES: Final = 16
_BEHIND_WINDOW: Final = ("standardise",)  # point-wise: it makes no difference whether values are cut before


def build_features(reader: Reader, data: DataSpec) -> tuple[StageSpec, ...]:
    """All stages in the order of the contract; each mistake is reported with its line."""
    node = reader.node("features")
    chain = _read_chain(reader, ("features",), node.items if node else [], Place(signal=data.signal), _KINDS)
    if not chain.complete:
        return chain.stages
    if chain.place.form is Form.FRAMES:
        reader.wrong(
            ("features",), "`frame` at the end", "a stage behind it that makes columns of frames, such as `fft`"
        )
    if chain.place.form is Form.STATISTICS:
        found = f"`{_unlike(chain.names)}` without `standardise`"
        reader.wrong(("features",), found, "{standardise: {}} behind: they differ in unit")
    _check_hop(reader, chain.names, FrontEnd((), chain.stages))
    return chain.stages


@dataclass(frozen=True, slots=True)
class _Chain:
    """What was read of a chain: up to its first stage that may not stand where it does, or `complete`."""

    stages: tuple[StageSpec, ...]
    names: list[str]
    place: Place
    complete: bool


def _read_chain(
    reader: Reader, steps: tuple[str, ...], items: Sequence[Node], place: Place, kinds: Mapping[str, _Kind]
) -> _Chain:
    stages: list[StageSpec] = []
    names: list[str] = []
    for index, item in enumerate(items):
        at = (*steps, str(index))
        name = item.value if isinstance(item.value, str) else _only_key(item)
        if name is None:
            reader.wrong(at, show(item), "one stage with its settings, such as {standardise: {}}")
        elif name in _KINDS and name not in kinds:
            reader.wrong((*at, name), f"`{name}` in a branch", f"`{name}` behind `branches`")
        elif name not in kinds:
            reader.wrong((*at, name), f"the unknown stage {name!r}", did_you_mean(name, list(kinds)))
        elif _fits(reader, name, names, place, at):
            stage, place = kinds[name].read(reader, (*at, name), place)
            stages.append(stage)
            names.append(name)
        else:
            return _Chain(tuple(stages), names, place, complete=False)
    return _Chain(tuple(stages), names, place, complete=True)


def _read_branches(reader: Reader, steps: tuple[str, ...], place: Place) -> tuple[StageSpec, Place]:
    """A list of chains, each of which takes what the stage is given."""
    node = reader.node(*steps)
    chains = node.items if node is not None and isinstance(node.value, list) else []
    if not 2 <= len(chains) <= MOST_BRANCHES or not all(isinstance(one.value, list) for one in chains):
        found = f"{len(chains)} branch" if len(chains) == 1 else show(node) if node else "nothing"
        reader.wrong(
            steps,
            found,
            f"2 to {MOST_BRANCHES} lists of stages, such as [[{{statistics: [rms]}}], [{{fft: {{}}}}, log]]",
        )
        return BranchesSpec(()), replace(place, form=Form.STATISTICS)
    read = [
        _read_chain(reader, (*steps, str(index)), chain.items, place, _IN_BRANCHES)
        for index, chain in enumerate(chains)
    ]
    spec = BranchesSpec(tuple(chain.stages for chain in read))
    if all(chain.complete for chain in read):
        _check_branches(reader, steps, read)
    ends = [chain.place for chain in read]
    framed = replace(place, span=ends[0].span, hop=ends[0].hop, decimation=ends[0].decimation)
    return spec, replace(framed, form=Form.STATISTICS, rows=sum(end.rows for end in ends))


def _check_branches(reader: Reader, steps: tuple[str, ...], read: Sequence[_Chain]) -> None:
    """Each must end with values, all at the same time."""
    reaches = [reach_of_chain(chain.stages) for chain in read]
    for index, (chain, reach) in enumerate(zip(read, reaches, strict=True)):
        at = (*steps, str(index))
        if chain.place.form is Form.FRAMES and chain.names:
            reader.wrong(at, "`frame` at the end of a branch", "a stage behind it that describes frames, such as `fft`")
        elif chain.names and chain.names[-1] in ("decimate", "resample"):
            reader.wrong(at, f"`{chain.names[-1]}` at the end of a branch", "`frame` and a stage that describes frames")
        elif reach != reaches[0]:
            found = f"{_spelt_reach(reach)}, beside {_spelt_reach(reaches[0])}"
            reader.wrong(at, found, "branches that make a value each at the same time: frames of one length and hop")


def _spelt_reach(reach: tuple[int | Fraction, int | Fraction]) -> str:
    return f"{float(reach[0]):g} samples for a column and {float(reach[1]):g} for the next"


def _check_hop(reader: Reader, names: list[str], chain: FrontEnd) -> None:
    """Model inputs begin whole numbers of the signal's samples apart, behind `resample`, too."""
    if chain.uneven > 1 and "window" in names:
        steps = ("features", str(names.index("window")), "window")
        expected = f"{chain.uneven} times this hop (of `window` or of `frame`), or a multiple of it"
        reader.wrong(steps, "a hop that is no whole number of the signal's samples", expected)


def _unlike(names: list[str]) -> str:
    """The stage that made values of several units."""
    return next((name for name in ("branches", "peaks") if name in names), "statistics")


def _fits(reader: Reader, name: str, names: list[str], place: Place, steps: tuple[str, ...]) -> bool:
    """Whether the stage may stand here; reported where it may not."""
    kind = _KINDS[name]
    if kind.once and name in names:
        reader.wrong(("features",), f"{name} twice", f"at most one {name}")
        return False
    if "window" in names and name not in _BEHIND_WINDOW:
        reader.wrong((*steps, name), f"`{name}` behind `window`", "`window` behind the stages that make columns")
        return False
    if place.form not in kind.takes:
        makers = ", ".join(f"`{maker}`" for maker, made in _MAKERS.items() if made in kind.takes)
        takes = " or ".join(sorted(form.value for form in kind.takes))
        cure = f" (made by {makers})" if makers else ""
        start = "nothing, so on the raw signal" if place.form is Form.SIGNAL else f"nothing, so on {place.form.value}"
        before = f"`{names[-1]}`, which makes {place.form.value}" if names else start
        found = f"`{name}` behind {before}"
        reader.wrong((*steps, name), found, f"in front of `{name}` {takes}{cure}")
        return False
    return True


_MAKERS: Final = {
    "frame": Form.FRAMES,
    "fft": Form.SPECTRUM,
    "mel": Form.BANDS,
    "noise_reduction": Form.REDUCED,
    "log": Form.LEVELS,
    "dct": Form.COEFFICIENTS,
}


def _only_key(node: Node) -> str | None:
    return next(iter(node.value)) if isinstance(node.value, dict) and len(node.value) == 1 else None

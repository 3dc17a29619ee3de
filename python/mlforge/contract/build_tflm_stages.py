"""The settings of stages that come from TensorFlow Lite Micro's signal library."""

from __future__ import annotations

from dataclasses import replace

from mlforge.contract.build_stages import Place, Steps, known_settings
from mlforge.contract.reader import Reader
from mlforge.contract.stages import StageSpec
from mlforge.contract.stages_form import Form
from mlforge.contract.stages_tflm import NoiseReductionSpec, PcanSpec, TflmScaleSpec


def read_noise_reduction(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["even", "odd", "remaining"])
    plain = NoiseReductionSpec()
    spec = NoiseReductionSpec(
        _share(reader, (*steps, "even"), plain.even),
        _share(reader, (*steps, "odd"), plain.odd),
        _share(reader, (*steps, "remaining"), plain.remaining),
    )
    return spec, replace(place, form=Form.REDUCED)


def _share(reader: Reader, steps: Steps, default: float) -> float:
    value = reader.number(*steps, default=default)
    if not 0 <= value <= 1:
        reader.wrong(steps, f"{value:g}", "a share from 0 to 1")
        return default
    return value


def read_pcan(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["strength", "offset"])
    plain = PcanSpec()
    strength = reader.number(*steps, "strength", default=plain.strength)
    offset = reader.number(*steps, "offset", default=plain.offset)
    if not 0 < strength <= 2:
        reader.wrong((*steps, "strength"), f"{strength:g}", "a number above 0, at most 2")
        strength = plain.strength
    if offset < 0:
        reader.wrong((*steps, "offset"), f"{offset:g}", "a number above 0, in the unit of the bands")
        offset = plain.offset
    return PcanSpec(strength, offset), replace(place, form=Form.BANDS)


def read_tflm_scale(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, [])
    if not place.like.foreign:
        reader.wrong(steps, "`tflm_scale` behind logarithms of MLForge's own", "like: tflm in `fft`, or `standardise`")
    return TflmScaleSpec(), replace(place, form=Form.STANDARD)

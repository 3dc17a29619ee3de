"""Pipelines as JSON values. Stages are told apart by `kind`; one without it is `Standardise`, which once was the only
one, and fields that came later are left out where they have their default: old locks keep their bytes and digests."""

from __future__ import annotations

from typing import Any, get_args

from cattrs.gen import make_dict_unstructure_fn, override
from cattrs.preconf.json import JsonConverter

from mlforge.features.chain import FittedStage
from mlforge.features.standardise import Standardise
from mlforge.records.serial import new_converter

_LATER = ("samples", "rate_hz")
_KINDS = {kind.__name__: kind for kind in get_args(FittedStage)}


def pipeline_converter(pipeline: type[Any]) -> JsonConverter:
    """For the class `Pipeline`, which this module must not import."""
    converter = new_converter()

    def write(stage: Any) -> Any:
        plain = converter.unstructure(stage, type(stage))
        return plain if isinstance(stage, Standardise) else {"kind": type(stage).__name__, **plain}

    def read(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected a stage, found {type(value).__name__}")
        plain = dict(value)
        kind = plain.pop("kind", Standardise.__name__)
        if kind not in _KINDS:
            raise ValueError(f"the unknown stage {kind!r}: expected one of {', '.join(_KINDS)}")
        return converter.structure(plain, _KINDS[kind])

    converter.register_unstructure_hook(FittedStage, write)
    converter.register_structure_hook(FittedStage, read)
    later: dict[str, Any] = {name: override(omit_if_default=True) for name in _LATER}
    converter.register_unstructure_hook(pipeline, make_dict_unstructure_fn(pipeline, converter, **later))
    return converter

"""Operators' names as people read them. Converters join the names of all layers that became one operator."""

from __future__ import annotations

import re
from typing import Final

from mlforge.report.units import one_line

_OURS: Final = re.compile(r"l\d+(_[a-z0-9]+)*")
_OUTPUTS: Final = re.compile(r"outputs(_\d+)?")
_WORDS: Final = {  # in the order in which they are told
    "depthwise": "depthwise",
    "pointwise": "pointwise",
    "norm": "batch norm",
    "relu": "ReLU",
    "relu6": "ReLU6",
}


def readable(name: str) -> str:
    """`layer 2, depthwise, batch norm, ReLU` of our own networks; of others the first layer's own name."""
    parts = [part.strip().split("/")[0] for part in name.split(";") if part.strip()]
    if parts and all(map(_OURS.fullmatch, parts)):
        words = {word for part in parts for word in part.split("_")}
        return ", ".join([_layer(parts[0]), *(text for word, text in _WORDS.items() if word in words)])
    if parts and all(map(_OUTPUTS.fullmatch, parts)):
        return "output layer"
    if parts == ["Identity"]:
        return "the output"
    path = name.split(";")[0].strip().split("/")
    return one_line(path[-2] if len(path) > 1 else path[0], 60)


def _layer(part: str) -> str:
    """`layer 4.1` of `l4_1_conv_1`: numbers behind a word are Keras's own."""
    first, *rest = part.removeprefix("l").split("_")
    inner = []
    for token in rest:
        if not token.isdigit():
            break
        inner.append(token)
    return "layer " + ".".join([first, *inner])

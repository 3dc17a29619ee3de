"""The settings of the stage that is the application's own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from mlforge.contract.build_stages import Place, Steps, known_settings, required, whole
from mlforge.contract.reader import Reader
from mlforge.contract.stages import StageSpec
from mlforge.contract.stages_form import Form
from mlforge.contract.stages_user import MAX_MADE, MAX_STATE_BYTES, UserSpec
from mlforge.contract.user_code import CodeError, read_code

FRAC_BITS: Final = (0, 30)
_FUNCTION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_user(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["file", "function", "makes", "fraction_bits", "state"])
    required(reader, steps, "file", "a C file of the application, such as src/crest.c")
    required(reader, steps, "function", "the name of a function in it")
    file, function = reader.text(*steps, "file"), reader.text(*steps, "function")
    if function and (not _FUNCTION.fullmatch(function) or function.startswith("mlforge_")):
        reader.wrong((*steps, "function"), repr(function), "a C identifier that does not begin with mlforge_")
        function = ""
    given = reader.node(*steps, "fraction_bits") is not None
    bits = whole(reader, (*steps, "fraction_bits"), 0, *FRAC_BITS) if given else None
    spec = UserSpec(
        file,
        function,
        _code(reader, steps, file, function),
        _made(reader, steps, place),
        bits,
        whole(reader, (*steps, "state"), 0, 0, MAX_STATE_BYTES, "bytes"),
    )
    form = Form.SIGNAL if place.form is Form.SIGNAL else Form.MEASURES
    return spec, replace(place, form=form, rows=spec.made)


def _made(reader: Reader, steps: Steps, place: Place) -> int:
    """Of samples one for each channel; of frames one value for each, of columns as many as before, by default."""
    if place.form is not Form.SIGNAL:
        usual = 1 if place.form is Form.FRAMES else min(place.rows, MAX_MADE)
        return whole(reader, (*steps, "makes"), usual, 1, MAX_MADE, "values for each channel")
    if reader.node(*steps, "makes") is not None:
        reader.wrong((*steps, "makes"), "makes, of samples", "no makes: a sample for each sample; or `frame` in front")
    return 1


def _code(reader: Reader, steps: Steps, file: str, function: str) -> str:
    if not file or not function:
        return ""
    try:
        return read_code(reader.directory, file, function)
    except CodeError as error:
        reader.wrong((*steps, "file"), error.found, error.expected)
        return ""

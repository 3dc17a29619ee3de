"""What is counted in an application that has functions of the same names: those of the model and the firmware alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlforge.errors import BuildError
from mlforge.records.categories import Category, Part
from mlforge.targets.counting import Function, marks, read_counts
from mlforge.toolchain.link_record import Unit
from tests import programs

MODEL = Unit(Category.CODE, frozenset(), "tiny")
OTHER = Unit(Category.CODE, frozenset(), "other")
FIRMWARE = Unit(Category.APPLICATION, frozenset(), part=Part.MEASURING)
PROBES = ("mlforge_probe_begin", "mlforge_probe_end", "mlforge_probe_features_begin", "mlforge_probe_features_end")
OPERATORS = ("tiny_op0_sum", "tiny_op1_difference")


def _image() -> tuple[Function, ...]:
    """Every name three times: the application's, another model's, and the right one."""
    names = [*((name, FIRMWARE) for name in PROBES), *((name, MODEL) for name in (*OPERATORS, "tiny_invoke"))]
    found = []
    for index, (name, unit) in enumerate(names):
        at = 0x1000 + 0x100 * index
        found += [Function(name, at, 16), Function(name, at + 0x20, 16, OTHER), Function(name, at + 0x40, 16, unit)]
        found.append(Function(f"{name}.constprop.0", at + 0x60, 16, unit))
    return tuple(found)


def test_marks_are_at_the_models_and_the_firmwares_functions() -> None:
    text = marks(_image(), programs.tiny())
    assert [line.split()[0] for line in text.splitlines()] == [f"{0x1040 + 0x100 * index:x}" for index in range(6)]


def test_a_name_of_somebody_elses_is_no_function_to_count_at() -> None:
    image = tuple(function for function in _image() if function.name != OPERATORS[0] or function.unit is not MODEL)
    image = tuple(function for function in image if not function.name.startswith(f"{OPERATORS[0]}."))
    with pytest.raises(BuildError, match="the image has no function tiny_op0_sum to count at"):
        marks(image, programs.tiny())


def test_only_the_firmwares_own_code_is_left_out() -> None:
    image = (
        Function("mlforge_measure_of_the_application", 0x100, 16),
        Function("whatever", 0x200, 16, FIRMWARE),
        Function("tiny_invoke", 0x300, 16),
        Function("tiny_invoke", 0x400, 16, MODEL),
    )
    places = (0x100, 0x200, 0x300, 0x400)
    blocks = "".join(f"B {index} {at:x} 4 2\n" for index, at in enumerate(places))
    counts = "".join(f"C 3 {index} 1 0\n" for index in range(len(places)))
    (window,) = read_counts(f"{blocks}W 1\n{counts}E\n", image, programs.tiny()).inferences
    assert [(block.address, block.operator) for block in window.blocks] == [(0x100, 0), (0x300, 0), (0x400, -1)]


def test_one_function_for_two_operators_is_refused() -> None:
    image = tuple(
        replace(function, start=0x9000) if function.name in OPERATORS and function.unit is MODEL else function
        for function in _image()
    )
    with pytest.raises(BuildError, match="share one function"):
        marks(image, programs.tiny())

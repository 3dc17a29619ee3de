"""The cases and the reference of every operator, gathered from the files of each group of operators.

A new group: its cases in a dictionary like `cases.CASES`, its reference in a subclass of `Interpreter` with a method
for each operator, and one line for each of them here.
"""

from __future__ import annotations

from collections.abc import Callable

from mlforge.compiler.graph import Graph
from mlforge.compiler.ops.scale_features import SCALE_FEATURES
from mlforge.compiler.ops.trees import TREES
from tests.unit.compiler import (
    cases,
    cases_arithmetic,
    cases_blocks,
    cases_int16,
    cases_logic,
    cases_matrices,
    cases_movement,
    cases_signal,
    cases_trees,
    cases_variables,
)
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.reference_blocks import BlocksReference
from tests.unit.compiler.reference_int16 import Int16Reference
from tests.unit.compiler.reference_logic import LogicReference
from tests.unit.compiler.reference_matrices import MatricesReference
from tests.unit.compiler.reference_movement import MovementReference
from tests.unit.compiler.reference_signal import SignalReference
from tests.unit.compiler.reference_trees import TreesReference
from tests.unit.compiler.reference_variables import VariablesReference

CASES: dict[str, Callable[[Maker], Graph]] = {
    **cases.CASES,
    **cases_arithmetic.CASES,
    **cases_movement.CASES,
    **cases_int16.CASES,
    **cases_blocks.CASES,
    **cases_matrices.CASES,
    **cases_variables.CASES,
    **cases_logic.CASES,
    **cases_signal.CASES,
    **cases_trees.CASES,
}


# Those that TensorFlow Lite's interpreters have, too.
OF_TFLITE = {kind: make for kind, make in CASES.items() if kind not in (SCALE_FEATURES, TREES)}


class Reference(
    Int16Reference,
    MovementReference,
    LogicReference,
    VariablesReference,
    BlocksReference,
    MatricesReference,
    SignalReference,
    TreesReference,
):
    """Runs a graph of any operators on one set of inputs."""

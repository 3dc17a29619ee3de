"""LOGICAL_AND."""

from __future__ import annotations

from mlforge.compiler.ops.shared.truths import Truths


class LogicalAnd(Truths):
    kind = "LOGICAL_AND"
    flip = -1

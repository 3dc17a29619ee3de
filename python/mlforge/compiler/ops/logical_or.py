"""LOGICAL_OR."""

from __future__ import annotations

from mlforge.compiler.ops.shared.truths import Truths


class LogicalOr(Truths):
    kind = "LOGICAL_OR"
    flip = 0

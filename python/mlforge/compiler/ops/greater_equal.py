"""GREATER_EQUAL."""

from __future__ import annotations

from mlforge.compiler.ops.shared.comparing import EQUAL, GREATER, Comparison


class GreaterEqual(Comparison):
    kind = "GREATER_EQUAL"
    relation = EQUAL + GREATER

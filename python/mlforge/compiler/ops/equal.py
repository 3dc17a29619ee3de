"""EQUAL."""

from __future__ import annotations

from mlforge.compiler.ops.shared.comparing import EQUAL, Comparison


class Equal(Comparison):
    kind = "EQUAL"
    relation = EQUAL

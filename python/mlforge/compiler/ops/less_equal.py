"""LESS_EQUAL."""

from __future__ import annotations

from mlforge.compiler.ops.shared.comparing import EQUAL, LESS, Comparison


class LessEqual(Comparison):
    kind = "LESS_EQUAL"
    relation = LESS + EQUAL

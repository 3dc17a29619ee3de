"""NOT_EQUAL."""

from __future__ import annotations

from mlforge.compiler.ops.shared.comparing import GREATER, LESS, Comparison


class NotEqual(Comparison):
    kind = "NOT_EQUAL"
    relation = LESS + GREATER

"""GREATER."""

from __future__ import annotations

from mlforge.compiler.ops.shared.comparing import GREATER, Comparison


class Greater(Comparison):
    kind = "GREATER"
    relation = GREATER

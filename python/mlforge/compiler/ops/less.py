"""LESS."""

from __future__ import annotations

from mlforge.compiler.ops.shared.comparing import LESS, Comparison


class Less(Comparison):
    kind = "LESS"
    relation = LESS

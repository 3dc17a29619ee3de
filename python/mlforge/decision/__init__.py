"""Decisions of streams: the contract's `decision` in whole numbers, as C for the target, and the same C on the host."""

from mlforge.decision.emit import emit_decision
from mlforge.decision.fit import fit_decision
from mlforge.decision.native import decide, error_levels

__all__ = ["decide", "emit_decision", "error_levels", "fit_decision"]

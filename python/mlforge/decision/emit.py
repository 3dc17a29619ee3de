"""A decision as C tables for the target. The C text itself is in templates/."""

from __future__ import annotations

from mlforge.records.decision import Decision
from mlforge.templating import environment


def emit_decision(decision: Decision | None, name: str) -> dict[str, str]:
    """`NAME_decision.h` and `NAME_decision.c`, which define `const struct mlforge_decision NAME_decision`; for
    None, files without it. Equal decisions give equal text."""
    values = {"symbol": f"{name}_decision", "decision": decision}
    return {
        f"{name}_decision.{kind}": environment("mlforge.decision").get_template(f"decision.{kind}.j2").render(values)
        for kind in ("h", "c")
    }

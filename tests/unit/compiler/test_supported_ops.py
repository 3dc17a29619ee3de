"""docs/supported-ops.md is generated from the checks, and current. MLFORGE_UPDATE_DOCS=1 rewrites it."""

from __future__ import annotations

import os

from mlforge.compiler import supported_ops_markdown
from mlforge.compiler.ops import OPERATORS
from mlforge.compiler.ops.operator import sentence
from mlforge.toolchain.sources import root


def test_document_is_current() -> None:
    file = root() / "docs" / "supported-ops.md"
    if os.environ.get("MLFORGE_UPDATE_DOCS"):
        file.write_text(supported_ops_markdown(), encoding="utf-8")
    assert file.read_text(encoding="utf-8") == supported_ops_markdown()


def test_every_constraint_has_a_sentence() -> None:
    for operator in OPERATORS.values():
        assert operator.constraints
        for constraint in operator.constraints:
            assert sentence(constraint).endswith("."), constraint

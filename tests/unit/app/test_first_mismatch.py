"""A target that computes one operator wrongly is caught, and the operator is named."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.app.first_mismatch import first_mismatch
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.records.architecture import Architecture, Conv, Dense, GlobalAveragePool, Head
from mlforge.records.program import Firmware
from mlforge.targets.host import HostTarget
from mlforge.targets.target import Inference

GRAPH = lower_architecture(
    Architecture((16, 1, 2), (Conv(4, (3, 1)), Conv(8, (3, 1)), GlobalAveragePool(), Dense(6)), 3, Head.SOFTMAX), 1
)
INPUTS = np.random.default_rng(1).integers(-128, 128, (4, 32), dtype=np.int8)


@dataclass(frozen=True, slots=True)
class Faulty(HostTarget):
    """The host, but from the given operator on one output value is wrong."""

    operator: int = 0

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference:
        right = HostTarget.infer(self, firmware, inputs)
        if all(operator.index < self.operator for operator in firmware.program.operators):
            return right
        outputs = right.outputs.copy()
        outputs[0, 0] ^= 2
        return replace(right, outputs=outputs)


@pytest.mark.parametrize("operator", [0, 1, 4])
def test_the_first_wrong_operator_is_named(operator: int) -> None:
    mismatch = first_mismatch(GRAPH, "m", HostTarget(), Faulty(operator=operator), INPUTS)
    assert mismatch is not None
    assert mismatch.operator == operator
    assert mismatch.kind == GRAPH.nodes[operator].kind
    assert (mismatch.differing, mismatch.largest) == (1, 2)
    assert mismatch.kind in str(mismatch)


def test_targets_that_agree_have_no_mismatch() -> None:
    assert first_mismatch(GRAPH, "m", HostTarget(), HostTarget(), INPUTS) is None

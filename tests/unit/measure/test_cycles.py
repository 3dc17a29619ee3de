"""Instructions to timing classes, from real encodings."""

from __future__ import annotations

import pytest

from mlforge.errors import RunError
from mlforge.measure.decode import Decoder
from mlforge.measure.timing import TIMINGS, Kind, timing_of
from mlforge.toolchain.cores import CORES

ARM = {
    "0130": (Kind.SIMPLE, 0),  # adds r0, #1
    "4843": (Kind.MULTIPLY, 0),  # muls r0, r1, r0
    "01fb0233": (Kind.MULTIPLY_ADD, 0),  # mla r3, r1, r2, r3
    "81fb0223": (Kind.LONG_MULTIPLY, 0),  # smull r2, r3, r1, r2
    "c1fb0223": (Kind.LONG_MULTIPLY_ADD, 0),  # smlal r2, r3, r1, r2
    "11fb0233": (Kind.SIMPLE, 0),  # smlabb r3, r1, r2, r3
    "20fb0123": (Kind.SIMPLE, 0),  # smlad r3, r0, r1, r2
    "91fbf2f0": (Kind.DIVIDE, 0),  # sdiv r0, r1, r2
    "0868": (Kind.LOAD, 0),  # ldr r0, [r1]
    "91f90000": (Kind.LOAD, 0),  # ldrsb.w r0, [r1]
    "0860": (Kind.STORE, 0),  # str r0, [r1]
    "8850": (Kind.STORE_INDEXED, 0),  # str r0, [r1, r2]
    "f0b5": (Kind.MULTIPLE, 5),  # push {r4-r7, lr}
    "bde8f083": (Kind.MULTIPLE, 7),  # ldmia sp!, {r4-r9, pc}
    "d1e90023": (Kind.MULTIPLE, 2),  # ldrd r2, r3, [r1]
    "fed1": (Kind.BRANCH, 0),  # bne
    "fed3": (Kind.BRANCH, 0),  # blo
    "fedd": (Kind.BRANCH, 0),  # ble
    "fee7": (Kind.BRANCH, 0),  # b
    "2ded048b": (Kind.MULTIPLE, 4),  # vpush {d8, d9}
    "08b1": (Kind.BRANCH, 0),  # cbz r0
    "7047": (Kind.BRANCH, 0),  # bx lr
    "00f000f8": (Kind.CALL, 0),  # bl
    "8047": (Kind.CALL, 0),  # blx r0
    "08bf": (Kind.SIMPLE, 0),  # it eq
    "dfe803f0": (Kind.TABLE_BRANCH, 0),  # tbb [pc, r3]
    "20ee010a": (Kind.FLOAT, 0),  # vmul.f32 s0, s0, s2
    "00eea10a": (Kind.FLOAT_MULTIPLY_ADD, 0),  # vmla.f32 s0, s1, s3
    "80eea00a": (Kind.FLOAT_DIVIDE, 0),  # vdiv.f32 s0, s1, s1
    "90ed000a": (Kind.LOAD, 0),  # vldr s0, [r0]
    "eff31080": (Kind.SYSTEM, 0),  # mrs r0, primask
}
RISCV = {
    "0505": (Kind.SIMPLE, 0),  # c.addi a0, 1
    "3385c502": (Kind.MULTIPLY, 0),  # mul a0, a1, a2
    "33c5c502": (Kind.DIVIDE, 0),  # div a0, a1, a2
    "03850500": (Kind.LOAD, 0),  # lb a0, 0(a1)
    "8841": (Kind.LOAD, 0),  # c.lw a0, 0(a1)
    "2380a500": (Kind.STORE, 0),  # sb a0, 0(a1)
    "8280": (Kind.BRANCH, 0),  # ret
    "63150500": (Kind.BRANCH, 0),  # bnez a0
}


@pytest.mark.parametrize("family", ["cortex-m", "riscv"])
def test_kinds_of_encodings(family: str) -> None:
    table = ARM if family == "cortex-m" else RISCV
    found = {code: next(iter(Decoder(family).instructions(bytes.fromhex(code)))) for code in table}
    assert found == table


def test_a_load_behind_a_load_overlaps() -> None:
    kinds = [kind for kind, _ in Decoder("cortex-m").instructions(bytes.fromhex("0868086801300868"))]
    assert kinds == [Kind.LOAD, Kind.LOAD_NEXT, Kind.SIMPLE, Kind.LOAD]


def test_what_cannot_be_decoded_is_a_vector_and_loses_nothing_behind_it() -> None:
    code = bytes.fromhex("013022ee521f0130")  # the middle one: a vector instruction of the M-profile extension
    kinds = [kind for kind, _ in Decoder("cortex-m").instructions(code)]
    assert kinds[0] is kinds[-1] is Kind.SIMPLE
    assert len(kinds) == 3


def test_every_core_has_timings_for_every_kind_with_their_source() -> None:
    assert set(TIMINGS) == set(CORES)
    for timing in TIMINGS.values():
        assert set(timing.cycles) == set(Kind)
        assert timing.estimate == ("estimate" in timing.source)


def test_a_core_without_timings_is_an_error() -> None:
    with pytest.raises(RunError, match="no instruction timings"):
        timing_of("z80")

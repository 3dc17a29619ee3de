"""Instructions to timing classes: capstone decodes, the mnemonic decides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import capstone

from mlforge.measure.timing import Kind

# First match decides. Capstone writes Arm conditions and widths into the mnemonic ("ldrbne.w"); ".w" is cut off before.
_ARM: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"(it|ite|itt|it[te]{2,3}|nop)$", Kind.SIMPLE),
        (r"(push|pop|ldm|stm|vpush|vpop|vldm|vstm|ldrd|strd)", Kind.MULTIPLE),
        (r"v?ldr", Kind.LOAD),
        (r"(vstr|str)", Kind.STORE),
        (r"(smull|umull)", Kind.LONG_MULTIPLY),
        (r"(smlal(?!b|t|d)|umlal|umaal)", Kind.LONG_MULTIPLY_ADD),
        (r"ml[as]", Kind.MULTIPLY_ADD),
        (r"mul", Kind.MULTIPLY),
        (r"[su]div", Kind.DIVIDE),
        (r"tb[bh]", Kind.TABLE_BRANCH),
        (r"blx?$", Kind.CALL),
        (r"(cbn?z|bx|b(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?$|le$|wls|dls)", Kind.BRANCH),
        (r"(vdiv|vsqrt)", Kind.FLOAT_DIVIDE),
        (r"v(n?ml[as]|fn?m[as])", Kind.FLOAT_MULTIPLY_ADD),
        (r"v", Kind.FLOAT),
        (r"(mrs|msr|dmb|dsb|isb|cps|svc|bkpt|wfi|wfe)", Kind.SYSTEM),
    )
)
_RISCV: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"(c\.)?l(b|h|w|bu|hu|wsp)$", Kind.LOAD),
        (r"(c\.)?s(b|h|w|wsp)$", Kind.STORE),
        (r"mul", Kind.MULTIPLY),
        (r"(div|rem)", Kind.DIVIDE),
        (r"(c\.)?(jalr?|j|jr|beqz?|bnez?|blt|bltu|bge|bgeu|ret)", Kind.BRANCH),
        (r"(csr|fence|ecall|mret|wfi)", Kind.SYSTEM),
    )
)


class Decoder:
    """Splits the bytes of a block into `(kind, registers)`; `registers` counts those of a multiple load or store."""

    def __init__(self, family: str) -> None:
        self._arm = family == "cortex-m"
        if self._arm:
            mode = capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
            self._engine: Any = capstone.Cs(capstone.CS_ARCH_ARM, mode)
        else:
            self._engine = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32 | capstone.CS_MODE_RISCVC)
        self._kinds: dict[str, Kind] = {}

    def instructions(self, code: bytes) -> Iterator[tuple[Kind, int]]:
        """Capstone does not know the M-profile vector extension: what it cannot decode is taken for a vector."""
        memory_before = False
        offset = 0
        while offset < len(code):
            for at, size, mnemonic, operands in self._engine.disasm_lite(code[offset:], offset):
                kind = self._kind(mnemonic, operands)
                if kind is Kind.LOAD and memory_before:
                    kind = Kind.LOAD_NEXT
                memory_before = kind in (Kind.LOAD, Kind.LOAD_NEXT, Kind.STORE, Kind.STORE_INDEXED)
                offset = at + size
                yield kind, _registers(mnemonic, operands) if kind is Kind.MULTIPLE else 0
            if offset < len(code):
                yield Kind.VECTOR, 0
                offset += self._size(code[offset : offset + 2])

    def _kind(self, mnemonic: str, operands: str) -> Kind:
        if mnemonic not in self._kinds:
            plain = mnemonic.removesuffix(".w").removesuffix(".n")
            rules = _ARM if self._arm else _RISCV
            self._kinds[mnemonic] = next((kind for pattern, kind in rules if pattern.match(plain)), Kind.SIMPLE)
        kind = self._kinds[mnemonic]
        if kind is Kind.STORE and self._arm and re.search(r"\[\w+, [^#\]]", operands):
            return Kind.STORE_INDEXED
        return kind

    def _size(self, head: bytes) -> int:
        """Of an instruction by its first halfword (Armv7-M A5.1; RISC-V unprivileged specification 1.5)."""
        first = int.from_bytes(head, "little")
        wide = first >= 0xE800 if self._arm else first & 3 == 3
        return 4 if wide else 2


def _registers(mnemonic: str, operands: str) -> int:
    """Words that a multiple load or store moves: its list's (a `d` register is two), or the two of LDRD and STRD."""
    found = re.search(r"\{([^}]*)\}", operands)
    if not found:
        return 2
    count = 0
    for item in found[1].split(","):
        first, _, last = item.strip().partition("-")
        items = int(last[1:]) - int(first[1:]) + 1 if last else 1
        count += 2 * items if first[0] == "d" else items
    return count

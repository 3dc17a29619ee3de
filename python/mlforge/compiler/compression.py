"""Tables of weights in few bits: indices into palettes, for weights of few values (`struct mlforge_palettes`).

A table is compressed as the kernels have it, whatever its layout: of several ways to divide it among palettes, the one
that takes least flash is kept. What comes out of it are the same bytes; that is tried out here for every table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import ABSENT, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops import operator_for
from mlforge.compiler.ops.operator import Constant, Field, Lowered, Unpacked, View
from mlforge.compiler.ops.shared.movement import in_sequence
from mlforge.errors import ModelError

MAX_BITS: Final = 7
_STRUCT_BYTES: Final = 28
_CALL_BYTES: Final = 48  # of code in front of the kernel, roughly
_LEAST_BYTES: Final = 256  # of a table that is worth a look
_ALIGNMENT: Final = 16
_GROUP: Final = 4  # outputs of a dense layer that kernels take together

Bytes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How units take turns among palettes; see struct mlforge_palettes."""

    block: int
    run: int
    count: int = 1
    inner: int = 1

    def rows(self, units: Bytes) -> Bytes:
        """[palettes, units of each]"""
        blocks, groups = len(units) // self.block, self.count // self.inner
        repeats = self.block // (self.run * groups)
        shaped = units.reshape(blocks, repeats, groups, self.run // self.inner, self.inner)
        return shaped.transpose(0, 2, 4, 1, 3).reshape(blocks * self.count, -1)

    def fits(self, units: int) -> bool:
        groups, rest = divmod(self.count, self.inner)
        whole = rest == 0 and self.run % self.inner == 0 and self.block > 0 and units % self.block == 0
        return whole and self.block % (self.run * groups) == 0


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A table's bytes as palettes [palettes, colours], sorted, and indices of `bits` bits."""

    pattern: Pattern
    bits: int
    palettes: Bytes
    indices: NDArray[np.uint8]
    units: int
    pairs: bool

    @property
    def flash_bytes(self) -> int:
        return self.palettes.nbytes + self.indices.nbytes + _STRUCT_BYTES + _CALL_BYTES

    def fields(self, suffix: str) -> Mapping[str, Field]:
        return {
            "indices": Constant(f"{suffix}_indices", self.indices),
            "palettes": Constant(f"{suffix}_palettes", self.palettes),
            "units": self.units,
            "block": self.pattern.block,
            "run": self.pattern.run,
            "count": self.pattern.count,
            "inner": self.pattern.inner,
            "bits": self.bits,
            "colours": self.palettes.shape[1],
            "pairs": int(self.pairs),
        }


def code_of(table: NDArray[np.generic], channels: int) -> Code | None:
    """The smallest code of a table, or None where none saves flash. `channels`: of the operator's output."""
    return _code_of(np.ascontiguousarray(table).tobytes(), table.dtype == np.int32, channels)


@lru_cache(maxsize=4096)  # a plan asks for the same tables again and again
def _code_of(data: bytes, may_be_pairs: bool, channels: int) -> Code | None:
    raw = np.frombuffer(data, np.int8)
    best: Code | None = None
    for pairs in (False, True) if may_be_pairs else (False,):
        units = _apart(raw) if pairs else raw
        for pattern in dict.fromkeys(_patterns(len(units), channels)):
            found = _coded(units, pattern, pairs) if pattern.fits(len(units)) else None
            if found and found.flash_bytes < (best.flash_bytes if best else len(raw)):
                best = found
    if best is not None and not np.array_equal(unpacked(best), raw):
        raise ModelError("a compressed table is another one")  # which would be a fault of this file
    return best


def unpacked(code: Code) -> Bytes:
    """The table's bytes, as mlforge_unpack makes them."""
    bits = np.unpackbits(code.indices, bitorder="little")[: code.units * code.bits].reshape(-1, code.bits)
    indices = bits @ (1 << np.arange(code.bits))
    order = code.pattern.rows(np.arange(code.units, dtype=np.int64))  # type: ignore[arg-type]
    units = np.empty(code.units, np.int8)
    for palette, places in zip(code.palettes, order, strict=True):
        units[places] = palette[indices[places]]
    if code.pairs:
        units[1::2] += units[0::2] >> 7
    return units


def _apart(raw: Bytes) -> Bytes:
    """Bytes of half-words 256 * b + a, to a and b."""
    units = raw.copy()
    units[1::2] -= units[0::2] >> 7
    return units


def _patterns(units: int, channels: int) -> Iterator[Pattern]:
    """One palette for all; one for each channel, by the layouts that kernels have."""
    yield Pattern(units, units)
    yield Pattern(units, units, 2, 2)  # every other value has a palette of its own
    even, whole = channels + channels % 2, -(-channels // _GROUP) * _GROUP
    if units % channels == 0:
        yield Pattern(units // channels, units // channels)
        yield Pattern(units, 1, channels)  # channels last
    if units % even == 0:  # two channels in turn
        yield Pattern(2 * units // even, 2 * units // even, 2, 2)
    if units % whole == 0:
        four = _GROUP * units // whole
        yield Pattern(four, 4, _GROUP, 2)  # four outputs: words of two pairs in turn
        yield Pattern(four, 2, _GROUP)  # two values of each of four outputs in turn
        yield Pattern(four, 1, _GROUP)


def _coded(units: Bytes, pattern: Pattern, pairs: bool) -> Code | None:
    rows = pattern.rows(units)
    values = [np.unique(row) for row in rows]
    colours = max(len(one) for one in values)
    bits = max(1, int(colours - 1).bit_length())
    if bits > MAX_BITS:
        return None
    palettes = np.zeros((len(rows), colours), np.int8)
    ranks = np.empty(rows.shape, np.uint8)
    for at, (one, row) in enumerate(zip(values, rows, strict=True)):
        palettes[at, : len(one)] = one
        ranks[at] = np.searchsorted(one, row)
    order = pattern.rows(np.arange(len(units), dtype=np.int64))  # type: ignore[arg-type]
    indices = np.empty(len(units), np.uint8)
    indices[order] = ranks
    planes = (indices[:, np.newaxis] >> np.arange(bits, dtype=np.uint8)) & 1
    return Code(pattern, bits, palettes, np.packbits(planes.reshape(-1), bitorder="little"), len(units), pairs)


# Operators.


def saved_bytes(lowered: Lowered) -> int:
    """Flash that compressed tables save."""
    return sum(table.saved_bytes for call in lowered.calls for table in call.unpacked)


def compressed(view: View, isa: Isa, lowered: Lowered, room_bytes: int) -> Lowered:
    """The operator with those of its tables compressed that save flash, in so much more scratch at the most. Dense
    layers may be cut into several calls for that."""
    made = replace(_compressed(view, lowered), then=tuple(_compressed(view, call) for call in lowered.then))
    if _more(made, lowered) <= room_bytes or not saved_bytes(made):
        return made
    for pieces in _pieces(view, _more(made, lowered), room_bytes):
        cut = _cut(view, isa, pieces)
        made = replace(_compressed(view, cut), then=tuple(_compressed(view, call) for call in cut.then))
        if _more(made, lowered) <= room_bytes and saved_bytes(made):
            return made
    return lowered


def _more(made: Lowered, before: Lowered) -> int:
    return max(call.scratch_bytes for call in made.calls) - max(call.scratch_bytes for call in before.calls)


def _compressed(view: View, call: Lowered) -> Lowered:
    parameters, found = dict(call.parameters), []
    place = -(-call.scratch_bytes // _ALIGNMENT) * _ALIGNMENT
    channels = view.output.shape[-1] if view.output.shape else 1
    for key, value in call.parameters.items():
        if not isinstance(value, Constant) or value.data.nbytes < _LEAST_BYTES or value.data.nbytes % 4:
            continue
        code = code_of(value.data, _channels_of(call, channels))
        if code is not None:
            del parameters[key]
            saved = value.data.nbytes - code.flash_bytes
            found.append(Unpacked(key, place, code.fields(value.suffix), saved))
            place += -(-value.data.nbytes // _ALIGNMENT) * _ALIGNMENT
    if not found:
        return call
    return replace(call, parameters=parameters, unpacked=tuple(found), scratch_bytes=place, then=())


def _channels_of(call: Lowered, channels: int) -> int:
    """Of one call: a piece of a layer has fewer than the layer."""
    own = call.parameters.get("outputs", channels)
    return own if isinstance(own, int) and own > 0 else channels


def _pieces(view: View, needed: int, room: int) -> Iterator[int]:
    """Numbers of calls that a dense layer of one row may be cut into."""
    if view.kind != "FULLY_CONNECTED" or view.output.elements != view.output.shape[-1] or room <= 0:
        return
    most = view.output.elements // _GROUP
    first = max(2, -(-needed // room))
    yield from (pieces for pieces in (first, first + 1, 2 * first, most) if 2 <= pieces <= most)


def _cut(view: View, isa: Isa, pieces: int) -> Lowered:
    """A dense layer as several, one behind the other."""
    outputs, calls = view.output.elements, []
    size = -(-outputs // (pieces * _GROUP)) * _GROUP
    for number, start in enumerate(range(0, outputs, size)):
        part = _part(view, slice(start, min(start + size, outputs)))
        lowered = operator_for(view.kind).lower(part, isa)
        if lowered is None or lowered.then:
            raise ModelError("a dense layer is one call")  # which would be a fault of the compiler
        width = view.output.dtype.size_bytes
        calls.append(replace(lowered, parameters=_named(lowered.parameters, number), output_offset=start * width))
    whole = in_sequence([replace(call, in_place=frozenset(), overlap={}) for call in calls])
    return replace(whole, macs=sum(call.macs for call in calls), note=f"{len(calls)} pieces; {calls[0].note}")


def _part(view: View, rows: slice) -> View:
    """The layer with some of its outputs alone."""
    node, tensors = view.node, list(view.graph.tensors)
    for index in node.inputs[1:]:
        if index != ABSENT:
            tensors[index] = _rows(tensors[index], rows)
    output = tensors[node.outputs[0]]
    tensors[node.outputs[0]] = replace(output, shape=(*output.shape[:-1], rows.stop - rows.start))
    return View(replace(view.graph, tensors=tuple(tensors)), node)


def _rows(tensor: Tensor, rows: slice) -> Tensor:
    data = np.asarray(tensor.data)[rows]
    quantization = tensor.quantization
    if quantization is not None and quantization.per_channel:
        quantization = replace(
            quantization, scales=quantization.scales[rows], zero_points=quantization.zero_points[rows]
        )
    return replace(tensor, shape=data.shape, data=data, quantization=quantization)


def _named(fields: Mapping[str, Field], number: int) -> dict[str, Field]:
    """With names of their own for the tables of one of several calls."""
    made: dict[str, Field] = {}
    for key, value in fields.items():
        if isinstance(value, Constant):
            made[key] = Constant(f"{value.suffix}_{number}", value.data)
        else:
            made[key] = _named(value, number) if isinstance(value, Mapping) else value
    return made

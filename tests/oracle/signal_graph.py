"""A model of TensorFlow Lite Micro's signal operators: from a frame of samples to logarithms of bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import flatbuffers
import numpy as np
from flatbuffers import flexbuffers
from numpy.typing import NDArray

_CUSTOM = 32
_TYPES: dict[type[np.generic], int] = {np.int32: 2, np.uint64: 12, np.int16: 7, np.uint32: 15}


@dataclass
class SignalGraph:
    """Grows operator by operator."""

    b: flatbuffers.Builder = field(default_factory=lambda: flatbuffers.Builder(1024))
    tensors: list[int] = field(default_factory=list)
    buffers: list[int] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    operators: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._buffer(b"")

    def tensor(self, kind: type[np.generic], *shape: int, data: Sequence[int] | None = None) -> int:
        """Its index; a constant where it has data."""
        buffer = 0
        if data is not None:
            self._buffer(np.array(data, kind).tobytes())
            buffer = len(self.buffers) - 1
        dims = self.b.CreateNumpyVector(np.array(shape, np.int32))
        name = self.b.CreateString(f"t{len(self.tensors)}")
        self.b.StartObject(10)
        self.b.PrependUOffsetTRelativeSlot(0, dims, 0)
        self.b.PrependInt8Slot(1, _TYPES[kind], 0)
        self.b.PrependUint32Slot(2, buffer, 0)
        self.b.PrependUOffsetTRelativeSlot(3, name, 0)
        self.tensors.append(self.b.EndObject())
        return len(self.tensors) - 1

    def put(self, name: str, inputs: Sequence[int], outputs: Sequence[int], **options: int) -> int:
        """The first output."""
        if name not in self.codes:
            self.codes.append(name)
        builder = flexbuffers.Builder()
        with builder.Map():
            for key, value in options.items():
                builder.Key(key)
                builder.Int(value)
        custom = self.b.CreateByteVector(bytes(builder.Finish()))
        lists = [self.b.CreateNumpyVector(np.array(one, np.int32)) for one in (inputs, outputs)]
        self.b.StartObject(9)
        self.b.PrependUint32Slot(0, self.codes.index(name), 0)
        self.b.PrependUOffsetTRelativeSlot(1, lists[0], 0)
        self.b.PrependUOffsetTRelativeSlot(2, lists[1], 0)
        self.b.PrependUOffsetTRelativeSlot(5, custom, 0)
        self.operators.append(self.b.EndObject())
        return outputs[0]

    def finish(self, source: int, results: Sequence[int]) -> bytes:
        fields = [
            self._offsets(self.tensors),
            self.b.CreateNumpyVector(np.array([source], np.int32)),
            self.b.CreateNumpyVector(np.array(results, np.int32)),
            self._offsets(self.operators),
        ]
        self.b.StartObject(5)
        for slot, one in enumerate(fields):
            self.b.PrependUOffsetTRelativeSlot(slot, one, 0)
        subgraphs = self._offsets([self.b.EndObject()])
        tables = [self._offsets([self._code(name) for name in self.codes]), subgraphs, 0, self._offsets(self.buffers)]
        self.b.StartObject(5)
        self.b.PrependUint32Slot(0, 3, 0)
        for slot, one in enumerate(tables, start=1):
            self.b.PrependUOffsetTRelativeSlot(slot, one, 0)
        self.b.Finish(self.b.EndObject(), file_identifier=b"TFL3")
        return bytes(self.b.Output())

    def _code(self, name: str) -> int:
        text = self.b.CreateString(name)
        self.b.StartObject(4)
        self.b.PrependInt8Slot(0, _CUSTOM, 0)
        self.b.PrependUOffsetTRelativeSlot(1, text, 0)
        self.b.PrependInt32Slot(2, 1, 1)
        self.b.PrependInt32Slot(3, _CUSTOM, 0)
        return int(self.b.EndObject())

    def _buffer(self, data: bytes) -> None:
        vector = self.b.CreateByteVector(data) if data else 0
        self.b.StartObject(3)
        self.b.PrependUOffsetTRelativeSlot(0, vector, 0)
        self.buffers.append(self.b.EndObject())

    def _offsets(self, offsets: Sequence[int]) -> int:
        self.b.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.b.PrependUOffsetTRelative(offset)
        return int(self.b.EndVector())


@dataclass(frozen=True, slots=True)
class Tables:
    """The constants of a front end: taper int16 [length], filters as SignalFilterBank takes them, and gains."""

    taper: Sequence[int]
    bins: Sequence[int]
    offsets: Sequence[int]
    widths: Sequence[int]
    weights: Sequence[int]
    rests: Sequence[int]
    gains: Sequence[int]


def speech_front_end(size: int, tables: Tables) -> bytes:
    """Outputs are logarithms int16 [bands], bands uint32 [bands] behind square roots, energies uint32 [bins]."""
    g, length, bands = SignalGraph(), len(tables.taper), len(tables.widths) - 1
    bins = size // 2 + 1
    source = g.tensor(np.int16, length)
    taper = g.tensor(np.int16, length, data=tables.taper)
    tapered = g.put("SignalWindow", [source, taper], [g.tensor(np.int16, length)], shift=12)
    scaled, bits = g.tensor(np.int16, length), g.tensor(np.int32)
    g.put("SignalFftAutoScale", [tapered], [scaled, bits])
    spectrum = g.put("SignalRfft", [scaled], [g.tensor(np.int16, 2 * bins)], fft_length=size, T=7)
    energies = g.put("SignalEnergy", [spectrum], [g.tensor(np.uint32, bins)], end_index=bins, start_index=0)
    filters = [
        g.tensor(np.int16, len(one), data=one)
        for one in (tables.weights, tables.rests, tables.bins, tables.offsets, tables.widths)
    ]
    sums = g.put("SignalFilterBank", [energies, *filters], [g.tensor(np.uint64, bands)], num_channels=bands)
    roots = g.put("SignalFilterBankSquareRoot", [sums, bits], [g.tensor(np.uint32, bands)])
    reduced, estimates = g.tensor(np.uint32, bands), g.tensor(np.uint32, bands)
    g.put("SignalFilterBankSpectralSubtraction", [roots], [reduced, estimates], **_subtraction(bands))
    gains = g.tensor(np.int16, len(tables.gains), data=tables.gains)
    gained = g.put("SignalPCAN", [reduced, estimates, gains], [g.tensor(np.uint32, bands)], snr_shift=6)
    correction = size.bit_length() - 7
    levels = g.put(
        "SignalFilterBankLog",
        [gained],
        [g.tensor(np.int16, bands)],
        input_correction_bits=correction,
        output_scale=64,
    )
    return g.finish(source, [levels, roots, energies])


def _subtraction(bands: int) -> dict[str, int]:
    """Alphabetical, as the interpreter reads them."""
    one = 1 << 14
    return {
        "alternate_one_minus_smoothing": one - int(0.06 * one),
        "alternate_smoothing": int(0.06 * one),
        "clamping": 0,
        "min_signal_remaining": int(0.05 * one),
        "num_channels": bands,
        "one_minus_smoothing": one - int(0.025 * one),
        "smoothing": int(0.025 * one),
        "smoothing_bits": 10,
        "spectral_subtraction_bits": 14,
    }


def frames_of(samples: NDArray[np.int16], length: int, hop: int) -> NDArray[np.int16]:
    """[frames, length]."""
    return np.lib.stride_tricks.sliding_window_view(samples, length)[::hop].copy()

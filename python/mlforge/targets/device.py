"""Running vectors and frames on a device that speaks our protocol, however it is reached.

A `Session` starts the device with data in its buffer; the rest is the same for emulators, native programs and boards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import RunError
from mlforge.records.program import Firmware
from mlforge.targets.program_files import checked_frames, checked_inputs
from mlforge.targets.protocol import Batch, DeviceClient
from mlforge.targets.target import Inference

Session = Callable[[bytes], AbstractContextManager[DeviceClient]]


@dataclass(frozen=True, slots=True)
class Device:
    """`session` starts a firmware that is ready, with the given bytes in its buffer; `buffer_bytes` is the buffer's
    size, 0 where it cannot hold a single vector (one then waits in the arena)."""

    firmware: Firmware
    session: Session
    buffer_bytes: int

    def infer(self, inputs: NDArray[np.int8]) -> Inference:
        """Runs inputs int8 [N, input_bytes]. Raises RunError."""
        program = self.firmware.program
        parts = list(self._infer_parts(self._parts(checked_inputs(program, inputs))))
        outputs = [part.rows for part in parts] or [np.empty((0, program.output_bytes), np.int8)]
        return Inference(np.concatenate(outputs), max((part.stack_bytes for part in parts), default=0))

    def arena_used_bytes(self) -> int:
        """See DeviceClient."""
        with self.session(b"") as client:
            return client.arena_used_bytes()

    def extract(self, frames: NDArray[np.int32]) -> NDArray[np.int8]:
        """All model inputs int8 [M, feature_bytes] of raw frames int32 [F, frame_length]. Raises RunError."""
        data, offset = with_frames(np.empty((0, self.firmware.program.input_bytes), np.int8), frames)
        with self.session(data) as client:
            return extract(client, frames, offset).rows

    def _infer_parts(self, parts: list[NDArray[np.int8]]) -> Iterator[Batch]:
        """A model with a state sees all vectors in one session; else each part starts one, since that loads faster."""
        program = self.firmware.program
        together = len(parts) if program.state_bytes else 1
        for start in range(0, len(parts), max(together, 1)):
            with self.session(parts[start].tobytes()) as client:
                yield client.batch(len(parts[start]), program.output_bytes)
                for part in parts[start + 1 : start + together]:
                    client.load(part.tobytes(), client.info().line_bytes)
                    yield client.batch(len(part), program.output_bytes)

    def _parts(self, vectors: NDArray[np.int8]) -> list[NDArray[np.int8]]:
        """As many vectors at a time as the buffer holds; one where it holds none."""
        room = max(self.buffer_bytes // max(vectors.shape[1], 1), 1)
        return [vectors[start : start + room] for start in range(0, len(vectors), room)]


def extract(client: DeviceClient, frames: NDArray[np.int32], offset: int) -> Batch:
    """The model inputs that the device makes of frames at that offset of its buffer. Raises RunError."""
    info = client.info()
    if not info.feature_bytes:
        raise RunError("the firmware has no feature pipeline")
    checked_frames(frames, info.frame_length)
    client.reset_features()
    return client.extract(len(frames), info.feature_bytes, offset)


@dataclass(frozen=True, slots=True)
class Streamed:
    """The features of frames, of which the last one came alone: `last` has a row where it completed a model input."""

    before: Batch
    last: Batch

    @property
    def completed(self) -> bool:
        return len(self.last.rows) == 1

    @property
    def stack_bytes(self) -> int:
        return max(self.before.stack_bytes, self.last.stack_bytes)


def extract_streamed(client: DeviceClient, frames: NDArray[np.int32], offset: int) -> Streamed:
    """As `extract`, with the last frame measured by itself, as it comes in a stream. Raises RunError."""
    before = extract(client, frames[:-1], offset)
    last_bytes = 4 * frames[:-1].size
    return Streamed(before, client.extract(1, client.info().feature_bytes, offset + last_bytes))


def with_frames(vectors: NDArray[np.int8], frames: NDArray[np.int32] | None) -> tuple[bytes, int]:
    """Vectors, and behind them, aligned, the frames; with the frames' offset."""
    data = vectors.tobytes()
    padded = data + bytes(-len(data) % 16)
    return (data, 0) if frames is None else (padded + frames.astype("<i4").tobytes(), len(padded))

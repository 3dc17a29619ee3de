"""Records what a device sends until a time is over, or somebody ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mlforge.data.record_packets import PacketReader, model_id
from mlforge.data.recorded import Recorded
from mlforge.errors import DataError, RunError
from mlforge.targets.transport import Transport

READ_S: Final = 0.2
Progress = Callable[[int], None]


@dataclass(slots=True)
class Heard:
    """What came over the line: the recording, and how many packets were damaged. `broken` says why it ended early."""

    recorded: Recorded
    damaged: int = 0
    broken: str = ""


def record(
    line: Transport,
    model: str,
    *,
    seconds: float,
    patience_s: float = 10.0,
    progress: Progress = lambda frames: None,
    text: Callable[[bytes], None] = lambda told: None,
    clock: Callable[[], float] = time.monotonic,
) -> Heard:
    """Frames of the model until so many seconds have passed since the first one; what there is where the line breaks.

    Args:
        patience_s: how long to wait for frames, at the beginning and in between.
        progress: hears how many frames there are.
        text: gets what is no packet, such as a log.

    Raises:
        RunError: nothing came in that time.
        DataError: the frames are of another model, or the device began anew.
    """
    heard, reader = Heard(Recorded()), PacketReader()
    due = clock() + patience_s
    end: float | None = None
    while end is None or clock() < end:
        try:
            data = line.read(READ_S)
        except KeyboardInterrupt:
            break
        except RunError as error:
            if end is None:
                raise
            heard.broken = error.message
            break
        packets = reader.feed(data)
        heard.damaged = reader.damaged
        text(bytes(reader.text))
        reader.text.clear()
        for packet in packets:
            if packet.model != model_id(model):
                raise DataError(f"the device sends frames of another model than {model}")
            heard.recorded.add(packet)
        if packets:
            end = end if end is not None else clock() + seconds
            due = clock() + patience_s
            progress(heard.recorded.frames)
        elif clock() > due:
            if end is None:
                raise _silence(patience_s, heard.damaged)
            heard.broken = f"no frames for {patience_s:g} s"
            break
    return heard


def _silence(patience_s: float, damaged: int) -> RunError:
    told = f"no frames in {patience_s:g} s" + (f", but {damaged} damaged packets" if damaged else "")
    hint = "does the application have CONFIG_MLFORGE_RECORD=y, and the line the right speed (--baud)?"
    return RunError(told, hint=hint)

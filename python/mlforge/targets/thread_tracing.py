"""An application's own image in QEMU as a timeline: threads, interrupts, frames, deadlines, inferences, operators and
stages. The image runs unchanged; a plugin watches.

The axis counts instructions: sleep takes none.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mlforge.errors import RunError, ToolError
from mlforge.records.timeline import Slice, Timeline, Track
from mlforge.targets.image_code import Kind, Watched, watch
from mlforge.targets.qemu import Machine, shift_of
from mlforge.toolchain.plugin import tracing_plugin
from mlforge.toolchain.process import find, run

_BOOT: Final = "boot"
_WALL_S: Final = 300.0
_PARTS: Final = {Kind.OPERATOR: Track.OPERATOR, Kind.STAGE: Track.STAGE}


def trace_image(
    elf: Path, machine: Machine, name: str, *, clock_hz: int, seconds: float, deadline_us: float | None
) -> Timeline:
    """Runs the image for so many seconds' worth of instructions at about that clock.

    Args:
        name: of the application.
        deadline_us: from an inference's last frame to its result; None where there is none.

    Raises:
        BuildError: it is no image that can be watched.
        RunError: it ended early, or too much happened.
        ToolError: QEMU is not installed.
    """
    if find(machine.qemu) is None:
        raise ToolError(f"{machine.qemu} is not installed", hint="`west mlforge doctor` helps")
    shift = shift_of(clock_hz)
    found = watch(elf)
    with tempfile.TemporaryDirectory(prefix="mlforge-") as scratch:
        places, out = Path(scratch) / "places", Path(scratch) / "events"
        places.write_text(found.places, encoding="ascii")
        limit = round(seconds * 1e9 / (1 << shift))
        plugin = f"{tracing_plugin(machine.qemu)},places={places},out={out},switch={found.switch:x},limit={limit}"
        command: list[str | Path] = [machine.qemu, "-M", machine.machine, *machine.options, "-nodefaults"]
        command += ["-no-user-config", "-display", "none", "-monitor", "none", "-serial", "null"]
        command += ["-icount", f"shift={shift},sleep=off", "-kernel", elf, "-plugin", plugin]
        done = run(command, timeout_s=_WALL_S)
        text = out.read_text(encoding="ascii") if out.exists() else ""
    if done.status != 0:
        raise RunError(f"{machine.qemu} ended before {seconds:g} s of the application were over", log=done.output)
    deadline = None if deadline_us is None else round(deadline_us * 1000 / (1 << shift))
    return read_image_events(text, found, name, machine.machine, deadline, 1 << shift)


def read_image_events(
    text: str, found: Watched, name: str, target: str, deadline: int | None = None, ns_each: int = 1
) -> Timeline:
    """Reads what the plugin wrote: see ports/qemu-plugin/trace.c.

    Args:
        deadline: in instructions.

    Raises:
        RunError: the file is incomplete or damaged, or has more events than one picture can show.
    """
    reader, end = _Reader(found, deadline), -1
    try:
        for line in text.splitlines():
            first, *rest = line.split()
            if first == "X":
                raise RunError("more happened than one picture can show", hint="trace a shorter time")
            if first == "E":
                end = int(rest[0])
            elif first == "S":
                reader.switched(int(rest[0]), found.thread_at(int(rest[1], 16)))
            else:
                reader.entered(int(first), *found.kinds[int(rest[0])])
        if end < 0:
            raise RunError("QEMU ended before the tracing plugin had written all events", log=text[-2000:])
        reader.close(end)
    except (ValueError, KeyError, IndexError) as error:
        raise RunError("the tracing plugin's file is damaged", log=text[-2000:]) from error
    order = list(Track)
    slices = sorted(reader.slices, key=lambda each: (each.begin, -each.end, order.index(each.track)))
    return Timeline(name, target, tuple(slices), ns_each)


@dataclass(slots=True)
class _Context:
    """A thread, or a handler of an interrupt: what it is in the midst of."""

    name: str
    is_handler: bool = False
    since: int = 0  # it runs
    part: tuple[Track, str] | None = None
    part_since: int = 0
    inference_since: int = -1
    inference_frame: int = -1
    leaving: bool = False


@dataclass(slots=True)
class _Reader:
    found: Watched
    deadline: int | None
    slices: list[Slice] = field(default_factory=list)
    threads: dict[str, _Context] = field(default_factory=lambda: {_BOOT: _Context(_BOOT)})
    running: str = _BOOT
    handlers: list[_Context] = field(default_factory=list)
    frame_at: int = -1
    frame_opened: int = -1
    judged_until: int = 0

    def switched(self, now: int, thread: str) -> None:
        self._returned(now)
        self._stop(now)
        self.running = thread
        self.threads.setdefault(thread, _Context(thread))
        self._start(now)

    def entered(self, now: int, kind: Kind, name: str) -> None:
        if self.frame_opened >= 0:
            self._slice(Track.FRAME, "frame", self.frame_opened, now)
            self.frame_opened = -1
        self._returned(now)
        if kind is Kind.HANDLER:
            self._stop(now)
            self.handlers.append(_Context(name, is_handler=True))
            self._start(now)
        elif kind is Kind.EXIT:
            self._context.leaving = self._context.is_handler
        elif kind is Kind.ROUTINE and self._context.is_handler:
            self._context.name = self._context.name or name
        elif kind is Kind.MAIN:
            self.switched(now, "main")
        elif kind is Kind.FRAME:
            self.frame_at = self.frame_opened = now
            self._part(now, None)
        elif kind is Kind.INFERENCE:
            self._part(now, None)
            context = self._context
            context.inference_since, context.inference_frame = now, self.frame_at
        elif kind in _PARTS:
            self._part(now, (_PARTS[kind], name))
        elif kind is Kind.BETWEEN:
            self._part(now, None)
        elif kind in (Kind.OTHER, Kind.ROUTINE):
            self._part(now, None)
            self._inferred(now)

    def close(self, now: int) -> None:
        self._stop(now)

    @property
    def _context(self) -> _Context:
        return self.handlers[-1] if self.handlers else self.threads[self.running]

    def _returned(self, now: int) -> None:
        """A handler that was about to leave has left: something else runs."""
        if self._context.leaving:
            self._stop(now)
            self.handlers.pop()
            self._start(now)

    def _start(self, now: int) -> None:
        context = self._context
        context.since = context.part_since = now

    def _stop(self, now: int) -> None:
        context = self._context
        track = Track.INTERRUPT if context.is_handler else Track.THREAD
        self._slice(track, context.name or "an interrupt", context.since, now)
        if context.part is not None:
            self._slice(*context.part, context.part_since, now)

    def _part(self, now: int, part: tuple[Track, str] | None) -> None:
        context = self._context
        if context.part != part:
            if context.part is not None:
                self._slice(*context.part, context.part_since, now)
            context.part, context.part_since = part, now

    def _inferred(self, now: int) -> None:
        context = self._context
        if context.inference_since < 0:
            return
        self._slice(Track.WINDOW, "inference", context.inference_since, now)
        frame, context.inference_since = context.inference_frame, -1
        if frame < 0:
            return
        late = self.deadline is not None and now - frame > self.deadline
        self._slice(Track.DEADLINE, "missed" if late else "kept", max(frame, self.judged_until), now)
        self.judged_until = now

    def _slice(self, track: Track, name: str, begin: int, end: int) -> None:
        if end > begin:
            self.slices.append(Slice(track, name, begin, end))


def missed(timeline: Timeline) -> Iterator[Slice]:
    """The deadlines that were."""
    return (each for each in timeline.slices if each.track is Track.DEADLINE and each.name == "missed")

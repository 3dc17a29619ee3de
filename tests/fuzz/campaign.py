"""Feeds mutants to the reader and the compiler, in a process of its own that may be lost.

Each input must end as a ForgeError with a sentence, or as C text. The worker has a limit on its memory, and each input
one on its time; what the worker says before an input tells which one it died of.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import struct
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mlforge.compiler import Isa, compile_graph, read_tflite
from mlforge.errors import ForgeError, PlanError
from tests.fuzz.mutate import Original, mutant

MEMORY_BYTES: Final = 1 << 30  # beyond what the worker has when it starts
TIME_S: Final = 20.0
_RECORD: Final = struct.Struct("<IBdI")  # seed, outcome, seconds, length of the text behind it
STARTED, ACCEPTED, REFUSED, FAILED = range(4)
Work = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: int
    state: int
    seconds: float
    text: str  # the error's sentence, or the traceback


@dataclass(slots=True)
class Summary:
    inputs: int = 0
    accepted: list[int] = field(default_factory=list)
    failures: list[Outcome] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    slowest: Outcome | None = None

    def add(self, outcome: Outcome) -> None:
        self.inputs += 1
        if outcome.state == ACCEPTED:
            self.accepted.append(outcome.seed)
        elif outcome.state == FAILED:
            self.failures.append(outcome)
        else:
            self.refusals[outcome.text] += 1
        if self.slowest is None or outcome.seconds > self.slowest.seconds:
            self.slowest = outcome

    def merge(self, other: Summary) -> None:
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.failures += other.failures
        self.refusals += other.refusals
        times = [one for one in (self.slowest, other.slowest) if one is not None]
        self.slowest = max(times, key=lambda one: one.seconds, default=None)


def compile_model(data: bytes) -> None:
    """Reads and compiles for each instruction set. Raises ForgeError for a model that is refused."""
    graph = read_tflite(data)
    for isa in Isa:
        compile_graph(graph, "fuzzed", isa)


def run(originals: list[Original], first: int, count: int, work: Work = compile_model) -> Summary:
    """The inputs `first` to `first + count - 1`."""
    summary = Summary()
    following = first
    while following < first + count:
        for outcome in _worker(originals, following, first + count, work):
            summary.add(outcome)
            following = outcome.seed + 1
    return summary


def _worker(originals: list[Original], first: int, end: int, work: Work) -> Iterator[Outcome]:
    """What one process makes of inputs from `first` on, until they are through or it is lost."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _serve(originals, first, end, work, writing)
    os.close(writing)
    begun, since = first, time.monotonic()
    try:
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            while record := _read(pipe.fileno(), _RECORD.size, TIME_S):
                seed, state, seconds, length = _RECORD.unpack(record)
                text = (_read(pipe.fileno(), length, TIME_S) or b"").decode() if length else ""
                if state != STARTED:
                    yield Outcome(seed, state, seconds, text)
                begun, since = (seed, time.monotonic()) if state == STARTED else (seed + 1, since)
    finally:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if begun < end:
        ended = f"exit status {os.WEXITSTATUS(status)}" if os.WIFEXITED(status) else f"signal {os.WTERMSIG(status)}"
        seconds = time.monotonic() - since
        reason = f"still busy after {TIME_S:g} s" if seconds >= TIME_S else f"the worker ended with {ended}"
        yield Outcome(begun, FAILED, seconds, reason)


def _read(file: int, count: int, timeout_s: float) -> bytes | None:
    """Exactly `count` bytes; None at the end, or where none come in time."""
    data = b""
    while len(data) < count:
        if not select.select([file], [], [], timeout_s)[0]:
            return None
        part = os.read(file, count - len(data))
        if not part:
            return None
        data += part
    return data


def _serve(originals: list[Original], first: int, end: int, work: Work, writing: int) -> None:
    """The worker. Never returns."""
    status = 1
    try:
        limit_memory()
        for seed in range(first, end):
            os.write(writing, _RECORD.pack(seed, STARTED, 0.0, 0))
            start = time.monotonic()
            state, text = outcome_of(work, mutant(originals, seed)[1])
            words = text.encode(errors="replace")[-2000:]
            os.write(writing, _RECORD.pack(seed, state, time.monotonic() - start, len(words)) + words)
        status = 0
    finally:
        os._exit(status)


def limit_memory() -> None:
    """Asking for more than MEMORY_BYTES beyond what this process has is a MemoryError from now on."""
    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_BYTES, now + MEMORY_BYTES))


def outcome_of(work: Work, data: bytes) -> tuple[int, str]:
    """State and text. Anything but a ForgeError with a sentence is a failure; so is a plan that the checker refuses."""
    try:
        work(data)
    except PlanError:
        return FAILED, traceback.format_exc()
    except ForgeError as error:
        message = str(error)
        return (REFUSED, message) if len(message) > 10 else (FAILED, f"no sentence: {message!r}")
    except BaseException:
        return FAILED, traceback.format_exc()
    return ACCEPTED, ""

"""The parent's side of a process that has TensorFlow loaded and does nothing else: each job runs in a copy of it.

Importing TensorFlow takes seconds, which is more than many a training; a copy (fork) of a process that has imported it
takes a hundredth of one, and is as fresh as it was. The other side is `worker.fork_copies`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import BinaryIO, Final

from mlforge.toolchain.posix import refuse_without_posix
from mlforge.toolchain.sources import cache_directory
from mlforge.toolchain.spawn import without_main
from mlforge.training import worker

_LOG_TAIL_BYTES: Final = 4000
_ANSWER_TIMEOUT_S: Final = 60.0  # to copy or to reap a process: longer only where the machine stands still
_LAST_WORDS_S: Final = 5.0  # between the end of its socket and that of the process
_SPAWN: Final = multiprocessing.get_context("spawn")


@dataclass(slots=True, eq=False)
class Worker:
    """A copy that takes one job from `jobs` and answers there."""

    pid: int
    jobs: Connection
    lifeline: Connection
    log: BinaryIO
    status: int | None = None  # once it is known to have ended

    def log_tail(self) -> str:
        return _tail(self.log)

    def close(self) -> None:
        for end in (self.jobs, self.lifeline, self.log):
            end.close()


@dataclass(slots=True, eq=False)
class ForkServer:
    """Starts loading TensorFlow when made. Safe to use from several threads.

    The kernel ends the process together with the thread that made it, so that thread must outlive every use.
    """

    last_words: str = field(init=False, default="")  # the end of its log, once it is closed
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _ready: bool = field(init=False, default=False)
    _deaf: bool = field(init=False, default=False)  # it has closed its end, so it is about to die
    _log: BinaryIO = field(init=False)
    _control: socket.socket = field(init=False)
    _process: multiprocessing.context.SpawnProcess = field(init=False)

    def __post_init__(self) -> None:
        """With SIGINT blocked, so that Ctrl-C in the terminal reaches the parent alone."""
        refuse_without_posix("training")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._control, theirs = socket.socketpair()
        home = cache_directory() / "keras"
        home.mkdir(parents=True, exist_ok=True)
        their_log = Connection(os.dup(self._log.fileno()), readable=False)
        arguments = (theirs, their_log, os.getpid(), str(home))
        self._process = _SPAWN.Process(target=worker.fork_copies, args=arguments, name="mlforge-training", daemon=True)
        resource_tracker.ensure_running()  # else start() would start it, and unblock the signal
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with without_main():
                self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        their_log.close()

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def worker(self, timeout_s: float) -> Worker:
        """A fresh copy.

        Raises:
            TimeoutError: TensorFlow is not loaded after `timeout_s`.
            EOFError: the process has died.
        """
        with self._lock:
            if not self._ready:
                self._await_ready(timeout_s)
            jobs, their_jobs = multiprocessing.Pipe()
            their_lifeline, lifeline = multiprocessing.Pipe(duplex=False)
            log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
            given = [their_jobs.fileno(), their_lifeline.fileno(), log.fileno()]
            try:
                pid = self._ordered(worker.COPY, 0, given)
            except EOFError:
                for end in (jobs, lifeline, log):
                    end.close()
                raise
            finally:
                their_jobs.close()
                their_lifeline.close()
            return Worker(pid, jobs, lifeline, log)

    def kill(self, one: Worker) -> None:
        """May be called while another thread waits for its answer."""
        with self._lock:
            if one.status is None:  # else its number may be another process's by now
                with suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)

    def ended(self, one: Worker, *, patient: bool = False) -> int:
        """Ends a worker and returns its exit status, negative for a signal.

        Args:
            patient: it is ending by itself; wait for that.
        """
        with self._lock:
            if one.status is None:
                try:
                    one.status = self._ordered(worker.AWAIT if patient else worker.END, one.pid)
                except EOFError:  # the process is gone, and with it all of its copies
                    one.status = -signal.SIGKILL
            return one.status

    def close(self) -> int:
        """Ends the process, and with it all of its copies; returns its exit status, from before where it had ended."""
        if self.alive:
            self._process.join(_LAST_WORDS_S if self._deaf else 0)
            self._process.kill()
        self._process.join()
        with self._lock:
            if not self._log.closed:
                self.last_words = _tail(self._log)
                self._log.close()
            self._control.close()
        return self._process.exitcode or 0

    def _await_ready(self, timeout_s: float) -> None:
        try:
            self._control.settimeout(timeout_s)
            self._answer()
        except TimeoutError:
            raise
        except OSError as error:
            raise EOFError from error
        self._ready = True

    def _ordered(self, order: bytes, pid: int, given: Sequence[int] = ()) -> int:
        """What the process answers. Raises EOFError where it does not, and ends it: an answer may not come late."""
        try:
            self._control.settimeout(_ANSWER_TIMEOUT_S)
            socket.send_fds(self._control, [worker.ORDER.pack(order, pid)], given)
            return self._answer()
        except OSError as error:
            self._process.kill()
            raise EOFError from error

    def _answer(self) -> int:
        answer = b""
        while len(answer) < worker.ANSWER.size:
            part = self._control.recv(worker.ANSWER.size - len(answer))
            if not part:
                self._deaf = True
                raise EOFError
            answer += part
        return int(worker.ANSWER.unpack(answer)[0])


def _tail(log: BinaryIO) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - _LOG_TAIL_BYTES))
    return log.read().decode(errors="replace")

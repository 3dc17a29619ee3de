"""Data from the user's own `module:function`, a module beside the contract. It is the user's code and runs as such, in
a process of its own (`python_process`): whatever it prints, changes or ends is none of ours.
"""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data import python_process
from mlforge.data.python_process import Array, Failed, Found
from mlforge.data.reading import Reading
from mlforge.data.recordings import Recordings, Signal, Source, Stacked
from mlforge.errors import DataError
from mlforge.toolchain.spawn import without_main

_SPAWN: Final = multiprocessing.get_context("spawn")
_LOOK_S: Final = 1.0


def load_python_function(app_dir: Path, argument: str, reading: Reading) -> Recordings:
    """Calls the function without arguments. It returns a `Recordings`, or a mapping with `x` (a sequence of arrays),
    `y` (one label each) and any further columns. What it prints goes to stderr.

    Raises:
        DataError: no such module or function; the function raised, ended its process, or returned something else.
    """
    path = app_dir.joinpath(*argument.partition(":")[0].split(".")).with_suffix(".py")
    if not path.is_file():
        raise DataError(f"no such module beside the contract (python: {argument})", file=path)
    results, theirs = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=python_process.serve, args=(theirs, app_dir, argument, path), name="mlforge-data")
    with without_main():
        process.start()
    theirs.close()
    try:
        return _received(results, path, argument, reading)
    except EOFError:
        process.join()
        raise DataError(_ending(process.exitcode or 0), file=path) from None
    finally:
        results.close()
        process.kill()
        process.join()
        process.close()


def _received(results: Connection, path: Path, argument: str, reading: Reading) -> Recordings:
    while not results.poll(_LOOK_S):
        reading.waiting(f"{argument} is at work")
    message = results.recv()
    if isinstance(message, Failed):
        raise DataError(message.reason, file=message.file or path, row=message.row, hint=message.hint)
    if not isinstance(message, Found):
        raise DataError("its process answered with something else", file=path)
    signals = [_array(results, item) for item in message.signals]
    return Recordings(
        signals=Stacked(signals[0]) if message.stacked else signals,
        labels=message.labels,
        columns=message.columns,
        sources=message.sources or [Source(f"{path} x[{at}]") for at in range(message.count)],
        sampling=message.sampling,
    )


def _array(results: Connection, item: Array) -> Signal:
    """One array, into memory that is taken once."""
    array: NDArray[Any] = np.empty(item.shape, dtype=item.dtype)
    view = array.reshape(-1).view(np.uint8).data
    for start in range(0, len(view), python_process.PART_BYTES):
        results.recv_bytes_into(view[start : start + python_process.PART_BYTES])
    return array


def _ending(status: int) -> str:
    if status < 0:
        return f"ended its process before it returned: killed by {signal.Signals(-status).name}"
    return f"ended its process before it returned, with exit status {status}"

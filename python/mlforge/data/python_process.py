"""The process that runs a user's loader, and tells what it returned over a pipe: a message, then the arrays' bytes.

Nothing of it reaches the parent but that: no output on stdout, no changed directory, no exit, no crash.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.recordings import Recordings, Sampling, Signal, Source, Stacked
from mlforge.errors import DataError
from mlforge.toolchain.spawn import die_with_parent

PART_BYTES: Final = 1 << 24  # of an array's bytes that are sent at once


@dataclass(frozen=True, slots=True)
class Array:
    """Announces the bytes of an array."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the loader returned; its signals follow, in order: one array of all where they are stacked."""

    signals: tuple[Array, ...]
    stacked: bool
    count: int
    labels: NDArray[Any]
    columns: Mapping[str, NDArray[Any]]
    sources: tuple[Source, ...]  # empty where the loader names none
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there are no recordings: what a DataError says."""

    reason: str
    file: str = ""
    row: int = 0
    hint: str = ""


def serve(results: Connection, app_dir: Path, argument: str, path: Path) -> None:
    """Runs the loader, sends what it returned, and ends the process, whatever else the loader has started."""
    die_with_parent()
    os.dup2(2, 1)  # stdout is the parent's alone
    sys.stdout = sys.stderr
    try:
        _send(results, _recordings(_call(app_dir, argument, path), path))
    except DataError as error:
        results.send(Failed(error.reason, error.file, error.row, error.hint))
    except BrokenPipeError:
        pass  # the parent was stopped
    sys.stderr.flush()
    os._exit(0)


def _call(app_dir: Path, argument: str, path: Path) -> Any:
    module_name, _, function_name = argument.partition(":")
    function = getattr(_import(module_name, path, app_dir), function_name, None)
    if not callable(function):
        raise DataError(f"no function {function_name!r} (python: {argument})", file=path)
    return _guarded(function, path)


def _import(name: str, path: Path, app_dir: Path) -> ModuleType:
    """Under its own name, so that processes which the loader starts find it; unless that is another module's."""
    known = name if name not in sys.modules and name not in sys.builtin_module_names else f"mlforge_user_{name}"
    spec = importlib.util.spec_from_file_location(known, path)
    if spec is None or spec.loader is None:
        raise DataError("cannot be imported", file=path)
    module = importlib.util.module_from_spec(spec)
    loader = spec.loader
    sys.path.insert(0, str(app_dir.resolve()))  # the module may import its neighbours
    sys.modules[known] = module
    _guarded(lambda: loader.exec_module(module), path)
    return module


def _guarded(call: Callable[[], Any], path: Path) -> Any:
    try:
        return call()
    except DataError:
        raise
    except SystemExit as error:
        row = _row(error, path)
        raise DataError(f"called sys.exit({error.code!r}): raise an error instead", file=path, row=row) from error
    except BaseException as error:  # whatever the user's code raised
        words = f"raised {type(error).__name__}: {error}".rstrip(": ")
        raise DataError(words, file=path, row=_row(error, path)) from error


def _row(error: BaseException, path: Path) -> int:
    """The line of the user's module that an exception comes from; 0 for none."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 0
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return (frames[-1].lineno if frames else 0) or 0


def _recordings(result: Any, path: Path) -> Recordings:
    """What was returned, as arrays of numbers and text."""
    if isinstance(result, Recordings):
        return result
    if not isinstance(result, Mapping) or "x" not in result or "y" not in result:
        raise DataError(f"returned {type(result).__name__}: expected a mapping with 'x' and 'y'", file=path)
    return _guarded_arrays(result, path)


def _guarded_arrays(result: Mapping[Any, Any], path: Path) -> Recordings:
    try:
        with np.errstate(over="ignore"):  # what overflows becomes infinite, and is then refused with its place
            signals = _signals(result["x"])
        columns = {str(name): np.asarray(values) for name, values in result.items() if name not in ("x", "y")}
        return Recordings(signals, np.asarray(result["y"]), columns, [])
    except (TypeError, ValueError) as error:
        raise DataError(f"returned something that is no array of numbers: {error}", file=path) from error


def _signals(x: Any) -> Sequence[Signal]:
    """Of an array, a table of pandas, a tensor: all at once. Of any other sequence: each on its own."""
    if hasattr(x, "__array__") and (stack := np.asarray(x)).dtype.kind in "fiub" and stack.ndim in (2, 3, 4):
        return Stacked(np.ascontiguousarray(stack, dtype=np.float32))
    return [np.asarray(signal, dtype=np.float32) for signal in x]


def _send(results: Connection, found: Recordings) -> None:
    stacked = isinstance(found.signals, Stacked)
    arrays = [found.signals.values] if isinstance(found.signals, Stacked) else [*map(np.asarray, found.signals)]
    results.send(
        Found(
            signals=tuple(Array(array.shape, array.dtype.str) for array in arrays),
            stacked=stacked,
            count=len(found.signals),
            labels=_plain(np.asarray(found.labels)),
            columns={str(name): _plain(np.asarray(values)) for name, values in found.columns.items()},
            sources=tuple(found.sources),
            sampling=found.sampling,
        )
    )
    for array in arrays:
        view = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        for start in range(0, len(view), PART_BYTES):
            results.send_bytes(view[start : start + PART_BYTES])


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Objects as text, since their types may be unknown to the parent."""
    if values.dtype.kind != "O":
        return values
    return np.array([str(value) for value in values.reshape(-1)]).reshape(values.shape)

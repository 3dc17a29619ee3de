"""Data from the user's own `module:function`, a module beside the contract. It is the user's code and runs as such."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mlforge.data.dataset import Recordings, Source
from mlforge.errors import DataError


def load_python_function(app_dir: Path, argument: str) -> Recordings:
    """Calls the function without arguments. It returns a `Recordings`, or a mapping with `x` (a sequence of arrays),
    `y` (one label each) and any further columns.

    Raises:
        DataError: no such module or function, the function raised, or it returned something else.
    """
    module_name, _, function_name = argument.partition(":")
    path = app_dir.joinpath(*module_name.split(".")).with_suffix(".py")
    if not path.is_file():
        raise DataError(f"no such module beside the contract (python: {argument})", file=path)
    module = _import(module_name, path, app_dir)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise DataError(f"no function {function_name!r} (python: {argument})", file=path)
    return _recordings(_guarded(function, path), path)


def _import(name: str, path: Path, app_dir: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"mlforge_user_{name.replace('.', '_')}", path)
    if spec is None or spec.loader is None:
        raise DataError("cannot be imported", file=path)
    module = importlib.util.module_from_spec(spec)
    loader = spec.loader
    sys.path.insert(0, str(app_dir.resolve()))  # the module may import its neighbours
    try:
        _guarded(lambda: loader.exec_module(module), path)
    finally:
        sys.path.remove(str(app_dir.resolve()))
    return module


def _guarded(call: Callable[[], Any], path: Path) -> Any:
    try:
        return call()
    except DataError:
        raise
    except Exception as error:  # whatever the user's code raised
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
        line = getattr(error, "lineno", None) or (frames[-1].lineno if frames else 0) or 0
        raise DataError(f"raised {type(error).__name__}: {error}", file=path, row=line) from error


def _recordings(result: Any, path: Path) -> Recordings:
    if isinstance(result, Recordings):
        return result
    if not isinstance(result, Mapping) or "x" not in result or "y" not in result:
        raise DataError(f"returned {type(result).__name__}: expected a mapping with 'x' and 'y'", file=path)
    try:
        signals = [np.asarray(signal, dtype=np.float32) for signal in result["x"]]
        columns = {str(name): np.asarray(values) for name, values in result.items() if name not in ("x", "y")}
        labels = np.asarray(result["y"])
    except (TypeError, ValueError) as error:
        raise DataError(f"returned something that is no array of numbers: {error}", file=path) from error
    return Recordings(signals, labels, columns, [Source(f"{path} x[{at}]") for at in range(len(signals))])

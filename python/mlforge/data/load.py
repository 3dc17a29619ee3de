"""Picks the loader that a contract names, runs it, and checks what it returned."""

from __future__ import annotations

from pathlib import Path

from mlforge.contract import Contract, LoaderKind, WindowSpec
from mlforge.data.csv_folder import load_csv
from mlforge.data.dataset import Dataset, Recordings, make_dataset
from mlforge.data.npz import load_npz
from mlforge.data.python_function import load_python_function
from mlforge.data.seglearn_watch import load_seglearn_watch
from mlforge.data.wav import load_wav_folder
from mlforge.errors import DataError


def load_dataset(contract: Contract) -> Dataset:
    """The contract's data, complete and checked.

    Raises:
        DataError: naming the file and, where there is one, the row.
    """
    try:
        return make_dataset(_load(contract), contract)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=str(error.filename or "")) from error


def _load(contract: Contract) -> Recordings:
    spec = contract.data
    match spec.loader:
        case LoaderKind.SEGLEARN_WATCH:
            return load_seglearn_watch()
        case LoaderKind.CSV:
            windowed = any(isinstance(stage, WindowSpec) for stage in contract.features)
            return load_csv(_inside(contract), (spec.split.group, *spec.strata), windowed)
        case LoaderKind.WAV:
            return load_wav_folder(_inside(contract))
        case LoaderKind.NPZ:
            return load_npz(_inside(contract))
        case LoaderKind.PYTHON:
            return load_python_function(contract.app_dir, spec.argument)


def _inside(contract: Contract) -> Path:
    """The loader's path, relative to the app; an absolute path is taken as it is."""
    path = contract.app_dir / contract.data.argument
    if not path.exists():
        raise DataError("no such file or directory (data.loader)", file=path)
    return path

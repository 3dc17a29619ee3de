"""Picks the loader that a contract names, runs it, and checks what it returned."""

from __future__ import annotations

from pathlib import Path

from mlforge.contract import Contract, LoaderKind
from mlforge.data.csv_folder import load_csv
from mlforge.data.dataset import Dataset, make_dataset
from mlforge.data.npz import load_npz
from mlforge.data.python_function import load_python_function
from mlforge.data.reading import Reading, Say, reason_of, silent
from mlforge.data.recordings import Recordings
from mlforge.data.seglearn_watch import load_seglearn_watch
from mlforge.data.sensor import check_sensor
from mlforge.data.short import reach_of, without_short
from mlforge.data.wav import load_wav_folder
from mlforge.errors import DataError


def load_dataset(contract: Contract, say: Say = silent) -> Dataset:
    """The contract's data, checked; without recordings that are shorter than the window, which it names.

    Args:
        say: takes a sentence now and then, where loading takes long.

    Raises:
        DataError: naming the file and, where there is one, the row.
    """
    try:
        recordings = _load(contract, Reading(say))
        check_sensor(recordings.sampling, contract)
        return without_short(make_dataset(recordings, contract), contract)
    except OSError as error:
        raise DataError(f"cannot be read: {reason_of(error)}", file=str(error.filename or "")) from error
    except MemoryError as error:
        raise DataError("the data do not fit into this machine's memory", hint="train on a part of them") from error


def _load(contract: Contract, reading: Reading) -> Recordings:
    spec = contract.data
    match spec.loader:
        case LoaderKind.SEGLEARN_WATCH:
            return load_seglearn_watch()
        case LoaderKind.CSV:
            named = (spec.split.group, *spec.strata)
            return load_csv(_inside(contract), named, reach_of(contract) is not None, reading)
        case LoaderKind.WAV:
            return load_wav_folder(_inside(contract), reading)
        case LoaderKind.NPZ:
            return load_npz(_inside(contract), reading)
        case LoaderKind.PYTHON:
            return load_python_function(contract.app_dir, spec.argument, reading)


def _inside(contract: Contract) -> Path:
    """The loader's path, relative to the app; an absolute path is taken as it is."""
    path = contract.app_dir / contract.data.argument
    if not path.exists():
        raise DataError("no such file or directory (data.loader)", file=path)
    return path

"""CSV folders: three layouts, and every way in which a file can be wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlforge.contract import Contract
from mlforge.data import load_dataset
from mlforge.errors import DataError

from .conftest import MakeContract

ROWS = "1,2\n3,4\n5,6\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def folders(root: Path) -> None:
    for label in ("walk", "run"):
        for person in ("ann", "bob", "eve"):
            write(root / "data" / label / f"{person}_1.csv", "x,y\n" + ROWS)


def indexed(root: Path) -> Path:
    for number in range(4):
        write(root / "data" / "raw" / f"{number}.csv", ROWS)
    rows = [f"raw/{number}.csv,{'ab'[number % 2]},p{number},left" for number in range(4)]
    return write(root / "data" / "index.csv", "file,label,person,side\n" + "\n".join(rows) + "\n")


def error(contract: Contract) -> DataError:
    with pytest.raises(DataError) as caught:
        load_dataset(contract)
    return caught.value


def test_folder_for_each_label(tmp_path: Path, contract: MakeContract) -> None:
    folders(tmp_path)
    dataset = load_dataset(contract("{csv: data}", group="subject", strata="subject"))
    assert dataset.classes == ("run", "walk")
    assert dataset.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.groups.tolist() == ["ann", "bob", "eve"] * 2
    np.testing.assert_array_equal(dataset.signals[0], np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32))
    assert dataset.outputs == 2


def test_index(tmp_path: Path, contract: MakeContract) -> None:
    indexed(tmp_path)
    dataset = load_dataset(contract("{csv: data}", group="person", strata="person, side"))
    assert dataset.labels.tolist() == [0, 1, 0, 1]
    assert dataset.groups.tolist() == ["p0", "p1", "p2", "p3"]
    assert sorted(dataset.strata) == ["person", "side"]


def test_table(tmp_path: Path, contract: MakeContract) -> None:
    write(tmp_path / "t.csv", "machine,heat,label,noise\nm1,1.5,ok,2\nm2,3.5,bad,4\n")
    dataset = load_dataset(contract("{csv: t.csv}", group="machine"))
    assert dataset.classes == ("bad", "ok")
    np.testing.assert_array_equal(np.stack(dataset.signals), np.array([[1.5, 2], [3.5, 4]], dtype=np.float32))


LONG = "t,ax,label,recording\n1,10,sit,1\n2,20,sit,1\n3,30,walk,1\n4,40,walk,2\n5,50,walk,2\n6,60,sit,2\n"


def test_table_of_frames(tmp_path: Path, contract: MakeContract) -> None:
    write(tmp_path / "t.csv", LONG)
    dataset = load_dataset(contract("{csv: t.csv}", features="window: {length: 1}"))
    assert [signal[:, 1].tolist() for signal in dataset.signals] == [[10, 20], [30], [40, 50], [60]]
    assert dataset.labels.tolist() == [0, 1, 1, 0]
    assert [source.row for source in dataset.sources] == [2, 4, 5, 7]


def test_folder_of_tables(tmp_path: Path, contract: MakeContract) -> None:
    for person in ("ann", "bob_2"):
        write(tmp_path / "data" / f"{person}.csv", LONG)
    dataset = load_dataset(contract("{csv: data}", group="subject", features="window: {length: 1}"))
    assert dataset.groups.tolist() == ["ann"] * 4 + ["bob"] * 4
    path = write(tmp_path / "data" / "eve.csv", LONG.replace("60", "x"))
    found = error(contract("{csv: data}", group="subject", features="window: {length: 2}"))
    assert (found.file, found.row) == (str(path), 7)
    write(path, LONG.replace("recording", "run"))
    assert "other columns than in ann.csv" in error(contract("{csv: data}", features="window: {length: 2}")).reason


def test_regression_with_two_outputs(tmp_path: Path, contract: MakeContract) -> None:
    write(tmp_path / "t.csv", "a,label_1,label_2\n1,0.5,-2\n2,1.5,3e1\n")
    dataset = load_dataset(contract("{csv: t.csv}", task="regression"))
    np.testing.assert_array_equal(dataset.labels, np.array([[0.5, -2], [1.5, 30]], dtype=np.float32))
    assert dataset.outputs == 2
    assert dataset.classes == ()


def test_semicolons_blank_lines_and_byte_order_mark(tmp_path: Path, contract: MakeContract) -> None:
    folders(tmp_path)
    write(tmp_path / "data" / "run" / "ann_1.csv", "\ufeffx;y\n\n1;2\n  \n3;4\n")
    assert load_dataset(contract("{csv: data}")).signals[0].shape == (2, 2)


def test_numeric_labels_keep_their_order(tmp_path: Path, contract: MakeContract) -> None:
    write(tmp_path / "t.csv", "a,label\n1,10\n2,9\n3,2\n")
    assert load_dataset(contract("{csv: t.csv}")).classes == ("2", "9", "10")


@pytest.mark.parametrize(
    ("text", "row", "reason"),
    [
        ("1,2\n3,x\n", 2, "'x' in column 2: expected a number"),
        ("a,b\n1,2\n3,nan\n", 3, "nan in column 2: not finite"),
        ("1,2\ninf,4\n", 2, "inf in column 1"),
        ("1,2\n1e60,4\n", 2, "1e60 in column 1: not finite"),
        ("1,2\n3\n", 2, "1 values, but the rows above have 2"),
        ("1,2\n\n3,4,5\n", 3, "3 values, but the rows above have 2"),
        ("1,2\n3,\n", 2, "'' in column 2"),
        ("", 0, "no rows"),
        ("x,y\n", 0, "no rows"),
        ("1,2,3\n", 1, "3 columns: expected 2 as in ann_1.csv"),
        ("x,z\n1,2\n", 0, "columns x, z, but ann_1.csv has x, y"),
        ('1,"2\n', 0, "cannot be read as CSV"),
    ],
)
def test_broken_recording_is_named_with_its_row(
    tmp_path: Path, contract: MakeContract, text: str, row: int, reason: str
) -> None:
    folders(tmp_path)
    path = write(tmp_path / "data" / "walk" / "bob_1.csv", text)
    found = error(contract("{csv: data}"))
    assert (found.file, found.row) == (str(path), row)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("old", "new", "row", "reason"),
    [
        ("raw/2.csv,a", "raw/9.csv,a", 4, "'raw/9.csv' does not exist"),
        ("raw/2.csv,a", "../mlforge.yaml,a", 4, "outside data/"),
        ("raw/2.csv,a", "/etc/passwd,a", 4, "outside data/"),
        ("raw/2.csv,a,p2,left", "raw/2.csv,a,p2", 4, "3 values, but the header has 4"),
        ("file,label", "path,label", 1, "no column 'file'"),
        ("file,label", "file,class", 1, "no column 'label'"),
        ("person,side", "side,side", 1, "twice in the header"),
        ("raw/2.csv,a", "raw/2.csv,", 4, "an empty label"),
    ],
)
def test_broken_index_is_named_with_its_row(
    tmp_path: Path, contract: MakeContract, old: str, new: str, row: int, reason: str
) -> None:
    path = indexed(tmp_path)
    path.write_text(path.read_text().replace(old, new))
    found = error(contract("{csv: data}"))
    assert (found.file, found.row) == (str(path), row)
    assert reason in found.reason


def test_unknown_label(tmp_path: Path, contract: MakeContract) -> None:
    path = indexed(tmp_path)
    path.write_text(path.read_text().replace("raw/3.csv,b", "raw/3.csv,c"))
    found = error(contract("{csv: data}", classes="b, a"))
    assert (found.file, found.row) == (str(path), 5)
    assert "unknown label 'c'" in found.reason
    path.write_text(path.read_text().replace("raw/3.csv,c", "raw/3.csv,b"))
    assert load_dataset(contract("{csv: data}", classes="b, a")).classes == ("b", "a")


def test_label_of_a_regression_that_is_no_number(tmp_path: Path, contract: MakeContract) -> None:
    path = write(tmp_path / "t.csv", "a,label\n1,0.5\n2,high\n")
    found = error(contract("{csv: t.csv}", task="regression"))
    assert (found.file, found.row) == (str(path), 3)
    assert "'high'" in found.reason


def test_column_that_the_data_do_not_have(tmp_path: Path, contract: MakeContract) -> None:
    indexed(tmp_path)
    found = error(contract("{csv: data}", group="patient"))
    assert "data.split.group names 'patient'" in found.reason
    assert found.hint == "columns in the data: person, side"


def test_missing_or_empty_directory(tmp_path: Path, contract: MakeContract) -> None:
    assert "no such file or directory" in error(contract("{csv: data}")).reason
    (tmp_path / "data").mkdir()
    assert "no sub-folders" in error(contract("{csv: data}")).reason
    (tmp_path / "data" / "walk").mkdir()
    assert "class without examples" in error(contract("{csv: data}")).reason


def test_one_class_is_nothing_to_tell_apart(tmp_path: Path, contract: MakeContract) -> None:
    write(tmp_path / "t.csv", "a,label\n1,x\n2,x\n")
    assert "only one class" in error(contract("{csv: t.csv}")).reason


DIALECTS = {
    "commas": "x,y,label\n1.5,2,a\n3,-4.25,b\n",
    "tabs": "x\ty\tlabel\n1.5\t2\ta\n3\t-4.25\tb\n",
    "semicolons": "x;y;label\n1.5;2;a\n3;-4.25;b\n",
    "decimal commas": "x;y;label\n1,5;2;a\n3;-4,25;b\n",
    "tabs, decimal commas": "x\ty\tlabel\n1,5\t2\ta\n3\t-4,25\tb\n",
    "words with the other separators": '"x, left";y;label\n1.5;2;"a, b"\n3;-4.25;b\n',
    "semicolon in a header of commas": "x;1,y,label\n1.5,2,a\n3,-4.25,b\n",
    "old Macintosh lines": "x,y,label\r1.5,2,a\r3,-4.25,b\r",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", DIALECTS.values(), ids=DIALECTS)
def test_ways_to_write_numbers(tmp_path: Path, contract: MakeContract, text: str, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    dataset = load_dataset(contract("{csv: t.csv}"))
    np.testing.assert_array_equal(np.stack([*dataset.signals]), np.array([[1.5, 2], [3, -4.25]], dtype=np.float32))


def test_recording_with_decimal_commas_and_no_header(tmp_path: Path, contract: MakeContract) -> None:
    folders(tmp_path)
    for file in (tmp_path / "data").rglob("*.csv"):
        write(file, "1,5;2,5\n-3;4e-1\n")
    dataset = load_dataset(contract("{csv: data}"))
    np.testing.assert_array_equal(dataset.signals[0], np.array([[1.5, 2.5], [-3, 0.4]], dtype=np.float32))


@pytest.mark.parametrize(
    ("text", "row", "reason", "hint"),
    [
        ("x;label\n1,5;a\n2.5;b\n", 3, "decimal commas and decimal points", "with a point"),
        ("x;label\n2.5;a\n1,5;b\n", 3, "decimal commas and decimal points", "with a point"),
        ("x;label\n1.234,5;a\n1;b\n", 2, "expected a number", ""),
        ("x,label\n1_000,a\n1,b\n", 2, "expected a number", ""),
        ("x,label\n1 2,a\n1,b\n", 2, "expected a number", "separate values by"),
        ("x,label\n1,a\n\udce9,b\n", 0, "cannot be read as CSV", "UTF-8"),
        ("", 0, "empty", ""),
        ("x,label\n", 0, "empty", ""),
    ],
)
def test_number_that_may_be_another(
    tmp_path: Path, contract: MakeContract, text: str, row: int, reason: str, hint: str
) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode(errors="surrogateescape"))
    found = error(contract("{csv: t.csv}"))
    assert (found.row, reason in found.reason, hint in found.hint) == (row, True, True)


def test_error_far_down_a_table_has_its_row(tmp_path: Path, contract: MakeContract) -> None:
    rows = [f"{number},{number % 7},{'ab'[number % 2]}" for number in range(60_000)]
    rows[50_001] = "1,1e60,a"
    write(tmp_path / "t.csv", "x,y,label\n" + "\n".join(rows) + "\n")
    found = error(contract("{csv: t.csv}"))
    assert (found.row, found.reason.split(": ")[-1]) == (50_003, "not finite")


MEASURE = """
import resource, sys
from pathlib import Path
from mlforge.contract import load_contract
from mlforge.data import load_dataset
contract = load_contract(Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said = []
dataset = load_dataset(contract, said.append)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(after - before, sum(signal.nbytes for signal in dataset.signals) // 1024, len(said))
"""


@pytest.mark.parametrize("features", ["", "window: {length: 2}"])
def test_large_table_takes_about_as_much_memory_as_its_values(
    tmp_path: Path, contract: MakeContract, features: str
) -> None:
    """18 MB of text, 400,000 rows: measured in a process of its own."""
    block = "".join(f"{n / 7:.6f},{n / 3:.6f},{n:.6f},{n % 97:.6f},{'ab'[n // 500]}\n" for n in range(1000))
    write(tmp_path / "t.csv", "p,q,r,s,label\n" + 400 * block)
    contract("{csv: t.csv}", features=features)
    done = subprocess.run([sys.executable, "-c", MEASURE, tmp_path], capture_output=True, text=True, check=True)
    peak_kib, values_kib, _ = map(int, done.stdout.split())
    assert values_kib == 6250
    assert peak_kib < 6 * values_kib, "the text itself would be 18 MB, and as Python's own 300"

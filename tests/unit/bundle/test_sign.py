"""What imgtool is told, what is noted down of it, and versions that must agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlforge.bundle.block import Version
from mlforge.bundle.sign import read_words, with_facts, without_key
from mlforge.bundle.verification import Expected, verify
from mlforge.bundle.versions import check_version, read_version, refuse_downgrade
from mlforge.contract.load import load_contract
from mlforge.errors import BundleError
from tests.programs.locked_app import CONTRACT
from tests.unit.bundle import images

SCRIPT = Path(__file__).parents[3] / "scripts" / "imgtool_with_facts.py"


def as_zephyr_does(tmp_path: Path, source: Path, version: str) -> subprocess.CompletedProcess[str]:
    """imgtool as MCUboot's repository has it: a script."""
    tool = tmp_path / "tool.py"
    tool.write_text("from imgtool import main\n\nmain.imgtool()\n")
    words = ("sign", "--version", version, *images.SIGNING[2:], "--key", str(images.keys().private), "--pad-sig")
    command = (sys.executable, str(SCRIPT), str(tool), str(tmp_path / "signing.json"), *words)
    return subprocess.run(
        (*command, str(source), str(tmp_path / "zephyr.signed.bin")),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_builds_signing_adds_the_facts_and_notes_no_key(tmp_path: Path) -> None:
    from mlforge.bundle.keys import read_key

    done = as_zephyr_does(tmp_path, images.unsigned(tmp_path / "zephyr.bin"), "0.0.0+0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert verify(tmp_path / "zephyr.signed.bin", Expected(key=read_key(images.keys().public))).sound
    note = (tmp_path / "signing.json").read_text()
    assert "secret" not in note
    assert read_words(tmp_path / "signing.json") == ("--version", "0.0.0+0", *images.SIGNING[2:], "--pad-sig")


@pytest.mark.parametrize(("version", "data", "words"), [("1.2.4", None, "says 1.2.3+4"), ("1.2.3+4", b"", "none in")])
def test_the_builds_signing_refuses(tmp_path: Path, version: str, data: bytes | None, words: str) -> None:
    source = images.unsigned(tmp_path / "zephyr.bin", *([] if data is None else [data]))
    done = as_zephyr_does(tmp_path, source, version)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "zephyr.signed.bin").exists()


@pytest.mark.parametrize("words", [("--key", "/k"), ("-k", "/k"), ("--key=/k",), ("--pad", "--key", "/k", "--x")])
def test_no_spelling_of_a_key_is_noted_down(words: tuple[str, ...]) -> None:
    assert not any("/k" in word for word in without_key(words))


def test_version_is_the_blocks_where_none_is_given(tmp_path: Path) -> None:
    source = images.unsigned(tmp_path / "zephyr.bin")
    assert with_facts(("--align", "4"), source)[:2] == ("--version", "1.2.3+4")
    with pytest.raises(BundleError, match="signed as"):
        with_facts(("-v", "1.2.3"), source)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "nonsense"])
def test_notes_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "signing.json").write_text(text)
    with pytest.raises(BundleError):
        read_words(tmp_path / "signing.json")
    with pytest.raises(BundleError):
        read_words(tmp_path / "missing.json")


def contract_with_version(app: Path, version: str) -> Path:
    app.mkdir(exist_ok=True)
    (app / "mlforge.yaml").write_text(f"{CONTRACT.format(name='activity')}bundle: {{version: {version}}}\n")
    return app


ZEPHYR_VERSION = "VERSION_MAJOR = 1\nVERSION_MINOR = 4\nPATCHLEVEL = 2\nVERSION_TWEAK = 3\nEXTRAVERSION =\n"


def test_the_version_file_and_the_contract_must_agree(tmp_path: Path) -> None:
    app = contract_with_version(tmp_path, "1.4.2+3")
    assert check_version(load_contract(app)) == Version(1, 4, 2, 3)
    (app / "VERSION").write_text(ZEPHYR_VERSION)
    assert check_version(load_contract(app)) == Version(1, 4, 2, 3)
    contract_with_version(tmp_path, "1.4.3")
    with pytest.raises(BundleError, match=r"mlforge.yaml:\d+: bundle.version: 1.4.3, but .*VERSION says 1.4.2\+3"):
        check_version(load_contract(app))


@pytest.mark.parametrize("text", ["", "VERSION_MAJOR = 1\nVERSION_MINOR = x\nPATCHLEVEL = 1", "\xff"])
def test_version_files_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "VERSION").write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError):
        read_version(tmp_path / "VERSION")


def test_version_files_beyond_what_images_hold(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text(ZEPHYR_VERSION.replace("MAJOR = 1", "MAJOR = 256"))
    with pytest.raises(BundleError, match="256"):
        read_version(tmp_path / "VERSION")


def test_downgrades_are_refused_unless_allowed() -> None:
    old, new = Version(1, 0, 0, 9), Version(1, 0, 1)
    refuse_downgrade(new, old, allowed=False)
    refuse_downgrade(old, old, allowed=False)
    refuse_downgrade(old, new, allowed=True)
    with pytest.raises(BundleError, match="older"):
        refuse_downgrade(old, new, allowed=False)


def test_notes_are_json(tmp_path: Path) -> None:
    (tmp_path / "signing.json").write_text(json.dumps(["--align", "4"]))
    assert read_words(tmp_path / "signing.json") == ("--align", "4")

"""Signing an image as MCUboot wants it: imgtool, told the facts of the bundle block that is in the image.

The build signs through scripts/imgtool_with_facts.py, which adds the facts to whatever Zephyr tells imgtool, and notes
down the words; `sign` repeats them with another key.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlforge.bundle.block import Version, decode
from mlforge.bundle.extract import find_block
from mlforge.bundle.signed_image import payload_of
from mlforge.bundle.tlv import facts_of, imgtool_arguments
from mlforge.errors import BundleError
from mlforge.toolchain.packages import needed
from mlforge.toolchain.process import run

if TYPE_CHECKING:
    from mlforge.bundle.keys import Key

TIMEOUT_S: Final = 120.0
NO_VERSION: Final = "0.0.0+0"  # what Zephyr passes for an application without a VERSION file
_KEY_WORDS: Final = ("--key", "-k")


def with_facts(words: Sequence[str], unsigned: Path) -> tuple[str, ...]:
    """The words of `imgtool sign` with the facts of the block in `unsigned`, and its version.

    Raises:
        BundleError: there is no sound block, or the image would be signed as another version than its block's.
    """
    block = find_block(payload_of(unsigned))
    version = decode(block).versions.firmware
    return (*_versioned(words, version), *imgtool_arguments(facts_of(block)))


def _versioned(words: Sequence[str], version: Version) -> tuple[str, ...]:
    for word in ("--version", "-v"):
        if word in words[:-1]:
            at = words.index(word) + 1
            given = words[at]
            if given != NO_VERSION and Version.parse(given) != version:
                raise BundleError(
                    f"the image would be signed as {given}, its contract says {version}",
                    hint="make bundle.version, the VERSION file and CONFIG_MCUBOOT_IMGTOOL_SIGN_VERSION agree",
                )
            return (*words[:at], _text(version), *words[at + 1 :])
    return ("--version", _text(version), *words)


def without_key(words: Sequence[str]) -> tuple[str, ...]:
    """The words that may be noted down: no key's path is."""
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in _KEY_WORDS:
            skip = True
        elif not word.startswith("--key="):
            kept.append(word)
    return tuple(kept)


def read_words(path: Path) -> tuple[str, ...]:
    """What the build told imgtool. Raises BundleError."""
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{path} does not say how the image is signed",
            hint="build with CONFIG_MLFORGE_BUNDLE=y and MCUboot (`west build --sysbuild`)",
        ) from error
    if not isinstance(values, list) or not all(isinstance(word, str) for word in values):
        raise BundleError(f"{path} is damaged", hint="build anew")
    return tuple(values)


def sign(unsigned: Path, signed: Path, key_file: Path, words: Sequence[str], *, development: bool = False) -> Key:
    """Writes `signed`, which either is whole or is not written. Returns the key.

    Args:
        unsigned: the image as linked, with room for MCUboot's header in front and a bundle block in it.
        words: further words of `imgtool sign`: version, header and slot sizes, alignment.
        development: whether a key that is public knowledge will do.

    Raises:
        BundleError: the key will not do, the image has no block or another version, or imgtool refused.
    """
    from mlforge.bundle.keys import read_key, refuse_development

    key = read_key(key_file)
    if not key.private:
        raise BundleError("the key is a public one: signing takes the private half")
    refuse_development(key.development, allowed=development)
    told = with_facts(words, unsigned)
    with tempfile.TemporaryDirectory(prefix=".mlforge-", dir=signed.parent) as directory:
        scratch = Path(directory) / signed.name
        _imgtool("sign", *told, "--key", str(key_file), str(unsigned), str(scratch), secret=str(key_file))
        scratch.replace(signed)
    return key


def _imgtool(*words: str, secret: str) -> None:

    done = run([sys.executable, "-m", "imgtool.main", *words], timeout_s=TIMEOUT_S)
    if done.status == 0:
        return
    if "No module named" in done.output:
        raise BundleError("signing needs the package imgtool", hint=needed("bundle"))
    lines = done.output.replace(secret, "(key)").strip().splitlines()
    errors = [line for line in lines if line.startswith("Error")] or lines  # its log may come behind the error
    raise BundleError(f"imgtool could not sign the image: {errors[-1] if errors else 'no reason given'}")


def _text(version: Version) -> str:
    return f"{version.major}.{version.minor}.{version.revision}+{version.build}"

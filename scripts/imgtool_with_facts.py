# SPDX-License-Identifier: Apache-2.0
"""imgtool as Zephyr's build calls it, with the facts of the bundle block in the image as protected TLVs.

    imgtool_with_facts.py IMGTOOL NOTE sign [WORDS...] INFILE OUTFILE

NOTE is a file that the words are noted down in, without the key, for `west mlforge bundle` to sign again with another.
Runs in Zephyr's Python and needs nothing but its standard library.
"""

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from mlforge.bundle.sign import with_facts, without_key
from mlforge.errors import ForgeError


def main(imgtool: str, note: str, command: str, *words: str) -> NoReturn:
    options, unsigned, signed = words[:-2], words[-2], words[-1]
    try:
        told = with_facts(options, Path(unsigned))
    except ForgeError as error:
        sys.exit(f"error: {error}")
    if signed.endswith(".signed.bin") and "--encrypt" not in options:
        Path(note).write_text(json.dumps(without_key(options)) + "\n", encoding="utf-8")
    os.execv(sys.executable, [sys.executable, imgtool, command, *told, unsigned, signed])


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Coverage-guided: atheris looks for inputs that reach lines of the reader and the compiler which none reached before.

`python -m tests.fuzz.guided SECONDS`; atheris is an extra (`pip install atheris`), without which this says so and ends.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

TIME_S = 20
MEMORY_MIB = 2048


def main() -> int:
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: no coverage-guided run")
        return 0
    import atheris

    with atheris.instrument_imports(include=["mlforge.compiler", "tflite"]):
        from tests.fuzz import campaign, originals

    def try_one(data: bytes) -> None:
        state, text = campaign.outcome_of(campaign.compile_model, data)
        if state == campaign.FAILED:
            raise RuntimeError(text)

    with tempfile.TemporaryDirectory(prefix="mlforge-fuzz-") as corpus:
        for one in originals.small():
            (Path(corpus) / one.name.replace(" ", "-")).write_bytes(one.data)
        seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
        limits = [f"-max_total_time={seconds}", f"-timeout={TIME_S}", f"-rss_limit_mb={MEMORY_MIB}", "-max_len=65536"]
        atheris.Setup([sys.argv[0], corpus, *limits, "-verbosity=0", "-print_final_stats=1"], try_one)
        child = os.fork()
        if child == 0:
            atheris.Fuzz()  # never returns
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    raise SystemExit(main())

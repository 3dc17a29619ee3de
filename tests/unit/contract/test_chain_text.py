"""A chain as one line."""

from __future__ import annotations

from mlforge.contract.chain_text import chain_text
from mlforge.contract.stages import BranchesSpec, FftSpec, FrameSpec, MelSpec, StandardiseSpec, WindowSpec
from mlforge.contract.stages_frames import Statistic, StatisticsSpec
from mlforge.contract.stages_user import UserSpec


def test_what_differs_from_a_default_and_branches_in_their_place() -> None:
    spectrum = (FftSpec(512, bits=16), MelSpec(8, 20, 8000.0), UserSpec("src/own.c", "own", "int x;", 1))
    branches = BranchesSpec(((StatisticsSpec((Statistic.MEAN, Statistic.RMS)),), spectrum, ()))
    chain = (FrameSpec(480, 320), branches, StandardiseSpec(), WindowSpec(4, 1))
    assert chain_text(chain) == (
        "frame (length 480, hop 320) → branches [statistics (of mean rms) | fft (size 512, bits 16) → mel (bands 8, "
        "low 20 Hz, high 8000 Hz) → user (own of src/own.c) | as they are] → standardise → window (length 4, hop 1)"
    )
    assert chain_text(()) == "as they are"

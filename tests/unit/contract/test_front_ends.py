"""Choices in `features`: every sound chain is found, no other, and mistakes have their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.contract import Contract, load_contract
from mlforge.contract.front_ends import presets
from mlforge.contract.stages import BranchesSpec, DctSpec, FrameSpec, MelSpec, WindowSpec
from mlforge.contract.stages_frames import StatisticsSpec
from mlforge.contract.stages_spectrum import BandsSpec
from mlforge.errors import ArchitectureError, ContractError

HEAD = """\
name: test
task: classification
data:
  loader: {wav: data}
  split: {validate: 0.2, test: 0.2}
  signal: {rate: 16 kHz, channels: [mic]}
limits: {ram: 10 KiB}
goals: {accuracy: 0.5}
"""
CHOICES = """\
features:
  - frame: {length: 30 ms, hop: {choose: [20 ms, 10 ms]}}
  - fft: {}
  - mel: {bands: {choose: [40, 12]}}
  - log: {}
  - dct: {coefficients: {choose: [10, 13]}}
  - window: {length: 1 s, hop: 500 ms}
"""


def load(directory: Path, features: str) -> Contract:
    (directory / "mlforge.yaml").write_text(HEAD + features)
    return load_contract(directory)


def problems(directory: Path, features: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ContractError) as caught:
        load(directory, features)
    return [(one.line, one.key, f"{one.found}; {one.expected}") for one in caught.value.problems]


def test_all_sound_combinations_and_no_other(tmp_path: Path) -> None:
    contract = load(tmp_path, CHOICES)
    found = {one.name for one in contract.front_ends}
    assert len(contract.front_ends) == len(found) == 6  # of eight: 13 coefficients of 12 bands cannot be had
    assert "frame.hop=10 ms mel.bands=12 dct.coefficients=10" in found
    assert "frame.hop=10 ms mel.bands=12 dct.coefficients=13" not in found
    for one in contract.front_ends:
        settings = dict(one.settings)
        frame, mel, dct, window = (
            next(stage for stage in one.stages if isinstance(stage, kind))
            for kind in (FrameSpec, MelSpec, DctSpec, WindowSpec)
        )
        assert isinstance(frame, FrameSpec) and isinstance(window, WindowSpec)
        assert frame.hop == {"20 ms": 320, "10 ms": 160}[str(settings["frame.hop"])]
        assert (mel.bands, dct.coefficients) == (settings["mel.bands"], settings["dct.coefficients"])  # type: ignore[union-attr]
        assert one.samples_needed == frame.length + (window.length - 1) * frame.hop <= 16_000


def test_the_first_options_are_the_default(tmp_path: Path) -> None:
    contract = load(tmp_path, CHOICES)
    assert contract.features == contract.front_ends[0].stages == contract.front_end("").stages
    assert contract.front_ends[0].name == "frame.hop=20 ms mel.bands=40 dct.coefficients=10"
    with pytest.raises(ArchitectureError, match="no front end"):
        contract.front_end("mel.bands=7")


def test_without_choices_there_is_one_front_end_without_a_name(tmp_path: Path) -> None:
    contract = load(tmp_path, "features: [{window: {length: 8, hop: 4}}]")
    assert [one.name for one in contract.front_ends] == [""]
    assert contract.front_ends[0].samples_needed == 8
    assert [one.samples_needed for one in load(tmp_path, "").front_ends] == [1]


def test_whole_chains_compete(tmp_path: Path) -> None:
    raw = "raw: [{window: {length: 1600}}, {standardise: {}}]"
    spectral = "spectral: [{frame: {length: 32 ms}}, {fft: {size: {choose: [512, 1024]}}}, {log: {}}]"
    contract = load(tmp_path, f"features: {{choose: {{{raw}, {spectral}}}}}")
    assert [one.name for one in contract.front_ends] == [
        "chain=raw",
        "chain=spectral fft.size=512",
        "chain=spectral fft.size=1024",
    ]


def test_equal_stages_are_numbered(tmp_path: Path) -> None:
    chain = "[{standardise: {}}, {window: {length: {choose: [8, 16]}}}]"
    assert load(tmp_path, f"features: {chain}").front_ends[1].settings == (("window.length", 16),)


def test_lists_and_branches_are_choices_too(tmp_path: Path) -> None:
    features = """\
features:
  - frame: {length: 32 ms}
  - branches:
      - [statistics: {choose: [[rms], [mean, rms]]}]
      - [fft: {bits: {choose: [16, 32]}}, bands: {edges: {choose: [[0, 1 kHz, 8 kHz], [0, 4 kHz]]}}]
  - standardise: {}
"""
    contract = load(tmp_path, features)
    names = [one.name for one in contract.front_ends]
    assert len(set(names)) == 8
    assert names[0] == "statistics=[rms] fft.bits=16 bands.edges=[0,1kHz,8kHz]"
    rows = []
    for one in contract.front_ends:
        branches = one.stages[1]
        assert isinstance(branches, BranchesSpec)
        statistics, bands = branches.branches[0][0], branches.branches[1][1]
        assert isinstance(statistics, StatisticsSpec) and isinstance(bands, BandsSpec)
        rows.append((len(statistics.of), len(bands.edges_hz)))
    assert sorted(rows) == sorted([(1, 3), (1, 2), (2, 3), (2, 2)] * 2)


def test_chains_of_branches_compete(tmp_path: Path) -> None:
    features = "features: [branches: {choose: [[[], [jerk]], [[dc], [jerk], []]]}, standardise, window: {length: 1 s}]"
    contract = load(tmp_path, features)
    assert [one.name for one in contract.front_ends] == ["branches=[[],[jerk]]", "branches=[[dc],[jerk],[]]"]


def test_a_bank_that_a_transform_is_too_small_for_is_no_combination(tmp_path: Path) -> None:
    features = CHOICES.replace("fft: {}", "fft: {size: {choose: [512, 2048]}}").replace("[40, 12]", "[40, 150]")
    found = {one.name for one in load(tmp_path, features).front_ends}
    assert any("fft.size=2048 mel.bands=150" in name for name in found)
    assert not any("fft.size=512 mel.bands=150" in name for name in found)


@pytest.mark.parametrize("name", ["speech", "environment"])
def test_presets_are_sound_at_usual_rates(tmp_path: Path, name: str) -> None:
    assert set(presets()) >= {name}
    contract = load(tmp_path, f"features: {{preset: {name}}}")
    assert len(contract.front_ends) > 4
    assert all(15_000 <= one.samples_needed <= 16_000 for one in contract.front_ends)


def test_stages_beside_a_preset_replace_its_settings(tmp_path: Path) -> None:
    contract = load(tmp_path, "features: {preset: speech, window: {length: 500 ms}, mel: {bands: 20}}")
    assert all(one.samples_needed <= 8_000 for one in contract.front_ends)
    mels = {stage.bands for one in contract.front_ends for stage in one.stages if isinstance(stage, MelSpec)}
    assert mels == {20}


@pytest.mark.parametrize(
    ("features", "line", "key", "words"),
    [
        (CHOICES.replace("[40, 12]", "[40, 4]"), 12, "features[2].mel.bands", "'4', with which no chain is sound"),
        (CHOICES.replace("[40, 12]", "[8]"), 14, "features[4].dct.coefficients", "10 coefficients of 8 values"),
        (CHOICES.replace("[40, 12]", "[]"), 12, "features[2].mel.bands", "a choice such as"),
        (CHOICES.replace("[40, 12]", "[[1], 2]"), 12, "features[2].mel.bands", "a list; a whole number"),
        (CHOICES.replace("[40, 12]", "[{a: 1}, 2]"), 12, "features[2].mel.bands", "a choice such as"),
        (CHOICES.replace("[40, 12]", "[40, null]"), 12, "features[2].mel.bands", "a choice such as"),
        (CHOICES.replace("[40, 12]", str(list(range(13, 600)))), 9, "features", "at most 1024"),
        ("features: {preset: speach}", 9, "features.preset", "'speech' (did you mean that?"),
        ("features: {preset: speech, dtc: {}}", 9, "features.dtc", "'dct' (did you mean that?"),
        ("features: {choose: [1, 2]}", 9, "features", "a list of stages"),
        ("features: {choose: {}}", 9, "features", "a list of stages"),
        ("features: {mel: {}}", 9, "features", "a list of stages"),
        ("features: 7", 9, "features", "a list of stages"),
        ("features: {choose: {raw: 7}}", 9, "features", "a list of stages"),
    ],
)
def test_mistakes(tmp_path: Path, features: str, line: int, key: str, words: str) -> None:
    found = problems(tmp_path, features)
    assert [(one[0], one[1]) for one in found] == [(line, key)], found
    assert words in found[0][2]


@pytest.mark.parametrize(
    ("stages", "needed", "between"),
    [
        ("[{window: {length: 100, hop: 25}}]", 100, 25),
        ("[{decimate: {factor: 4}}, {window: {length: 100, hop: 25}}, {standardise: {}}]", 400, 100),
        (
            "[{decimate: {factor: 8}}, {frame: {length: 512, hop: 256}}, {fft: {}}, {log: {}}, {window: {length: 1}}]",
            4096,
            2048,
        ),
    ],
)
def test_how_far_model_inputs_lie_apart(tmp_path: Path, stages: str, needed: int, between: int) -> None:
    text = (Path(__file__).parents[2] / "corpus" / "contracts" / "good" / "features-cepstrum.yaml").read_text()
    start, end = text.index("features:"), text.index("limits:")
    (tmp_path / "mlforge.yaml").write_text(f"{text[:start]}features: {stages}\n{text[end:]}")
    (front_end,) = load_contract(tmp_path).front_ends
    assert (front_end.samples_needed, front_end.samples_between) == (needed, between)

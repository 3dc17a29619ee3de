"""What a study gives its agent: numbers of the contract, files for its exchanges, and a model that may be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.contract.contract import AgentSpec, Contract
from mlforge.contract.load import load_contract
from mlforge.errors import AgentError, StudyError
from mlforge.study.agent import ExchangeFiles, chat_model, refuse_replay_without_agent
from mlforge.study.optimise import study_name

ACTIVITY = (Path(__file__).parents[3] / "samples" / "activity" / "mlforge.yaml").read_text()


def contract(directory: Path, agent: str, proposer: str = "agent") -> Contract:
    """The sample's contract with another `search`."""
    lines = [line for line in ACTIVITY.splitlines() if not line.startswith(("search:", "  proposer:"))]
    given = f", agent: {agent}" if agent else ""
    text = "\n".join(line for line in lines if not line.startswith(("  trials:", "  seed:", "  epochs:", "  workers:")))
    (directory / "mlforge.yaml").write_text(f"{text}\nsearch: {{proposer: {proposer}, seed: 1{given}}}\n")
    return load_contract(directory)


def spec(directory: Path, agent: str) -> AgentSpec:
    found = contract(directory, agent).search.agent
    assert found is not None
    return found


def test_the_agents_budget_is_not_part_of_a_study_and_what_it_is_is(tmp_path: Path) -> None:
    name = study_name(contract(tmp_path, "{model: m}"), "data")
    for budget in ("tokens: 9", "costs: 0", "time: 1 min", "timeout: 1 s", "money: 1, price: {input: 1, output: 1}"):
        assert study_name(contract(tmp_path, f"{{model: m, {budget}}}"), "data") == name
    for more in ("model: other", "model: m, every: 3", "model: m, endpoint: 'http://localhost:1/v1'"):
        assert study_name(contract(tmp_path, f"{{{more}}}"), "data") != name
    alone = study_name(contract(tmp_path, "", "tpe"), "data")
    assert study_name(contract(tmp_path, "{model: m}", "tpe"), "data") == alone != name


def test_exchanges_are_files_by_trial(tmp_path: Path) -> None:
    files = ExchangeFiles(tmp_path / "agent" / "study")
    assert (list(files), len(files), files.get(3)) == ([], 0, None)
    files[12], files[3] = "twelve", "three"
    assert (list(files), len(files), files[3]) == ([3, 12], 2, "three")
    assert (tmp_path / "agent" / "study" / "0003.json").read_text() == "three"
    (tmp_path / "agent" / "study" / "0004.json").write_bytes(b"\xff\xfe")
    (tmp_path / "agent" / "study" / "notes.json").write_text("mine")
    with pytest.raises(StudyError, match="cannot read"):
        files[4]
    assert list(files) == [3, 4, 12]
    del files[4]
    assert list(files) == [3, 12]


def test_a_provider_without_its_key_is_refused_before_anything_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for provider, variable in (("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY")):
        asked = spec(tmp_path, f"{{model: m, provider: {provider}}}")
        monkeypatch.delenv(variable, raising=False)
        with pytest.raises(AgentError, match=f"{variable} is not set"):
            chat_model(asked)
        monkeypatch.setenv(variable, "sk-0123456789")
        assert chat_model(asked).description == f"m at {asked.endpoint}"
    assert chat_model(spec(tmp_path, "{model: m, endpoint: 'http://localhost:1/v1'}")).description.startswith(
        "m at http"
    )


def test_replay_is_for_agents_alone(tmp_path: Path) -> None:
    refuse_replay_without_agent(contract(tmp_path, "{model: m}"), replay=True)
    refuse_replay_without_agent(contract(tmp_path, "", "tpe"), replay=False)
    with pytest.raises(StudyError, match="the proposer is tpe"):
        refuse_replay_without_agent(contract(tmp_path, "", "tpe"), replay=True)

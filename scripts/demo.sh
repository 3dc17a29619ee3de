#!/usr/bin/env bash
# `west mlforge optimise` on a copy of samples/activity, in a west workspace that is this checkout alone.
# Arguments go to `optimise`, for example: make demo DEMO_ARGUMENTS="--seed 7"
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.venv/bin:$PATH

if ! west topdir >/dev/null 2>&1; then
	mkdir -p .west
	printf '[manifest]\npath = .\nfile = west-standalone.yml\n' >.west/config
fi
mkdir -p build/demo/activity
# The study in build/demo/activity/.mlforge stays, so that a second run resumes it; the winner is the demo's to find.
cp -r samples/activity/. build/demo/activity/
rm -rf build/demo/activity/model build/demo/activity/mlforge.lock.yaml
exec west mlforge optimise build/demo/activity "$@"

#!/usr/bin/env bash
# Installs a wheel or sdist of MLForge into an empty virtual environment, with all that it needs, and tries it far from
# any checkout: compile, check, run on the host, and a small study.
# Usage: scripts/try_package.sh FILE        (Debian packages are installed where they are missing)
set -euo pipefail
package=$(realpath "$1")
sample=$(realpath "$(dirname "$0")/../samples/hello_model")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export MLFORGE_CACHE=$place/cache
unset PYTHONPATH MLFORGE_ROOT

python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet "$package[train]"
mlforge=$place/venv/bin/mlforge
missing=$("$mlforge" doctor --missing-packages)
# shellcheck disable=SC2086
[ -z "$missing" ] || sudo apt-get install -y --no-install-recommends $missing

cp -r "$sample" "$place/app"
cd "$place"
"$mlforge" check app
"$mlforge" compile app/model/sine.tflite -o generated
"$mlforge" run app/model/sine.tflite --target host
rm -rf app/model app/mlforge.lock.yaml
"$mlforge" optimise app --trials 1 && status=0 || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 3 ] # one training may miss the goal
"$mlforge" report app
echo "the package works"

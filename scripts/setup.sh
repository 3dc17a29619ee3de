#!/usr/bin/env bash
# Installs what MLForge needs and does not find: Debian packages, and a virtual environment inside the checkout.
# Usage: scripts/setup.sh run|dev        (dev adds what the tests need)
# A second run finds everything in place and touches no network.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}
venv=.venv

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# How long to wait for another apt, such as the updates that a machine makes of its own when it has started.
lock_wait_s=${MLFORGE_APT_WAIT_S:-600}
apt_locks=${MLFORGE_APT_LOCKS:-/var/lib/dpkg/lock-frontend /var/lib/apt/lists/lock /var/cache/apt/archives/lock}

# Whether another apt is at work: the kernel lists the locks on its files, by their inodes.
another_apt() {
	local lock
	for lock in $apt_locks; do
		[ -e "$lock" ] && grep -qs ":$(stat -c %i "$lock") " /proc/locks && return
	done
	return 1
}

# apt itself waits for dpkg's lock alone (DPkg::Lock::Timeout), and not for that of the lists.
wait_for_apt() {
	another_apt || return 0
	echo "setup: another apt is at work, as after a start of the system; waiting for it, up to $lock_wait_s s" >&2
	local end=$((SECONDS + lock_wait_s))
	while another_apt && [ $SECONDS -lt $end ]; do sleep 1; done
}

apt_install() {
	[ "$#" -gt 0 ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "setup: missing: $* (no apt-get here; install them with your system's package manager)" >&2
		exit 1
	fi
	echo "setup: installing $*"
	wait_for_apt
	apt_get -qq update
	apt_get -qq install -y --no-install-recommends "$@" >/dev/null
}

# apt-get, which ends with this script even where that is killed: it is watched, and interrupted. Of an interrupt apt
# makes what is right: a download ends at once, packages that are being unpacked are finished first.
apt_get() {
	as_root sh -c '
		script=$1 lock_wait_s=$2
		shift 2
		env --default-signal=INT DEBIAN_FRONTEND=noninteractive \
			apt-get -o "DPkg::Lock::Timeout=$lock_wait_s" "$@" &
		apt=$!
		while kill -0 $apt 2>/dev/null; do
			kill -0 "$script" 2>/dev/null || { kill -INT $apt; break; }
			sleep 0.3
		done
		wait $apt' watch $$ "$lock_wait_s" "$@"
}

# By uv, which is quick; by pip where uv cannot, for want of a build of it or of a proxy's certificate.
pip_install() {
	[ -x $venv/bin/uv ] && $venv/bin/uv pip install --quiet --python $venv/bin/python "$@" && return
	echo "setup: not with uv; trying pip" >&2
	$venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
}

# uv brings certificates of its own; behind a proxy that inspects TLS only the system's, or those that pip is told, will do.
export UV_NATIVE_TLS=true UV_SYSTEM_CERTS=true
SSL_CERT_FILE=${SSL_CERT_FILE:-${PIP_CERT:-${REQUESTS_CA_BUNDLE:-}}}
if [ -n "$SSL_CERT_FILE" ]; then export SSL_CERT_FILE; else unset SSL_CERT_FILE; fi

python3_ready() {
	command -v python3 >/dev/null &&
		python3 -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

python3_ready || apt_install python3 python3-venv
python3_ready || {
	echo "setup: Python 3.11, 3.12 or 3.13 with venv is needed; found $(python3 --version 2>&1)" >&2
	exit 1
}

optional=
[ "$what" = dev ] && optional=--optional # the tests run on every emulated board

# The packages come from the doctor's own table, which needs nothing but the standard library.
packages=$(PYTHONPATH=python python3 -m mlforge doctor --missing-packages $optional)
# shellcheck disable=SC2086
apt_install $packages &
apt=$!

pins=requirements.txt
[ "$what" = dev ] && pins=requirements-dev.txt
stamp=$venv/.mlforge-$what-$(cat "$pins" pyproject.toml | sha256sum | cut -c1-16)
if [ ! -e "$stamp" ]; then
	echo "setup: Python packages into $venv"
	[ -x $venv/bin/python ] || python3 -m venv $venv
	$venv/bin/python -m pip install --quiet --disable-pip-version-check uv || true
	pip_install -r "$pins"
	# The sample's data set lies inside this wheel; its own dependencies are not needed to read it.
	pip_install --no-deps seglearn==1.2.5
	pip_install --no-deps --no-build-isolation -e .
	touch "$stamp"
fi
wait $apt

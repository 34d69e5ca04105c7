# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by ./demo and ./check, in the root of the repository. need TIER... installs the packages of those tiers of
# tools/packages.txt that are missing, with apt; says nothing when none is. Elsewhere than on Debian it does nothing:
# meson names what it does not find.

need()
{
	command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
	local tier wanted=() have missing=() name sudo=()
	for tier; do
		while read -r t name _; do
			[ "$t" = "$tier" ] && wanted+=("$name")
		done <tools/packages.txt
	done
	have=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null)
	for name in "${wanted[@]}"; do
		grep -qxF "$name installed" <<<"$have" || missing+=("$name")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "packages are missing; as root: apt-get install ${missing[*]}" >&2
			return 1
		fi
		sudo=(sudo)
	fi
	sudo+=(env DEBIAN_FRONTEND=noninteractive)
	echo "installing ${#missing[@]} Debian packages: ${missing[*]}" >&2
	mkdir -p build
	local apt=("${sudo[@]}" apt-get)
	"${apt[@]}" update >build/apt.log 2>&1 </dev/null
	if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >>build/apt.log 2>&1 </dev/null; then
		tail -n 15 build/apt.log >&2
		echo "apt-get failed; the whole log is in build/apt.log" >&2
		return 1
	fi
}

# The build: gcc, in build/. Quiet unless it fails; only compiles what changed.
build()
{
	mkdir -p build
	{ [ -f build/build.ninja ] || CC=gcc meson_debian setup build; } >build/build.log 2>&1 &&
		ninja -C build "$@" >>build/build.log 2>&1 && return 0
	tail -n 30 build/build.log >&2
	echo "the build failed; the whole log is in build/build.log" >&2
	return 1
}

# Debian's meson with Debian's python, whatever else is first on PATH.
meson_debian()
{
	if [ -x /usr/bin/meson ]; then
		/usr/bin/meson "$@"
	else
		meson "$@"
	fi
}

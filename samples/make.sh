#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rebuilds the sample: nullderef.exe and nullderef.pdb (byte-identical each time), and sample.dmp (ids, times and
# addresses differ each time, so it is made once and committed). Installs nothing; needs these Debian packages:
#   clang-19 lld-19 llvm-19 wine wine64 libwine mingw-w64 xz-utils python3
# Usage: samples/make.sh [OUTDIR]      OUTDIR: where the three .xz files go; default: samples/
set -eu
here=$(cd "$(dirname "$0")" && pwd)
make=$here/../tests/make
out=$(cd "${1:-$here}" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cp "$here/src/nullderef.c" "$here/src/kernel32.def" .

# Every path that could reach the PDB is replaced by C:\sample.
llvm-dlltool-19 -m i386:x86-64 -d kernel32.def -l kernel32.lib
clang-19 --target=x86_64-pc-windows-msvc -std=gnu17 -Wall -Wextra -Werror -O1 -g -gcodeview \
	-gno-codeview-command-line '-ffile-compilation-dir=C:\sample' -c nullderef.c -o nullderef.obj
lld-link-19 /nologo /debug /Brepro /pdbaltpath:%_PDB% '/pdbsourcepath:C:\sample' /entry:start /subsystem:console \
	/nodefaultlib /pdb:nullderef.pdb /out:nullderef.exe nullderef.obj kernel32.lib
x86_64-w64-mingw32-gcc -O1 -Wall -Wextra -s -o fulldump.exe "$make/fulldump.c" "$make/fulldump_run.c" -lversion

# The program gets an environment of its own (-e); Wine and the dumper get an empty one.
in_wine()
{
	env -i HOME="$dir/home" PATH=/usr/bin:/bin WINEPREFIX="$dir/prefix" WINEARCH=win64 WINEDEBUG=-all DISPLAY= \
		WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe=' "$@"
}
env='SystemRoot=C:\windows;SystemDrive=C:;Path=C:\windows\system32;TEMP=C:\Temp'
env="$env;USERNAME=demo;USERPROFILE=C:\\Users\\demo;COMPUTERNAME=DEMO"
mkdir -p home
in_wine wine wineboot -i 2>/dev/null
in_wine wineserver -w
in_wine wine winecfg -v win10
mkdir -p prefix/drive_c/sample
cp nullderef.exe fulldump.exe prefix/drive_c/sample/
cd prefix/drive_c/sample
in_wine wine 'C:\sample\fulldump.exe' -e "$env" -x full.dmp 0 'C:\sample\nullderef.exe'
in_wine wineserver -k
cd "$dir"

# Nothing of this machine may be in the dump: names and values of its variables, its folders, its user and host.
set -- --forbid "$dir" --forbid "$(basename "$dir")" --forbid "$here" --forbid "\\$(id -un)\\" --forbid "=$(id -un)" \
	--forbid "=$(hostname)" --forbid '/tmp' --forbid '\tmp' --forbid '/home' --forbid '\home' --forbid '/root' \
	--forbid 'Z:\' --forbid '/usr' --forbid '\usr\'
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z_0-9]*\)=.*/\1/p'); do
	case $name in
	PATH | TEMP | _) ;; # the sample's own environment has a Path and a TEMP
	*) set -- "$@" --forbid "$name=" ;;
	esac
	value=$(printenv "$name" || true)
	case $value in
	*[/@:.]*) set -- "$@" --forbid "$value" ;;
	esac
done
python3 "$make/filter_dump.py" --normal --whole nullderef.exe "$@" prefix/drive_c/sample/full.dmp sample.dmp
for file in sample.dmp nullderef.exe nullderef.pdb; do
	xz --lzma2=preset=9e,dict=1MiB -c "$file" >"$out/$file.xz"
	ls -l "$out/$file.xz"
done

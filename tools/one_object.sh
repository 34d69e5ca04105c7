#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# one_object.sh IN.a OUT.a: the members of IN as one object in which hidden symbols are local.
set -e
object=$2.o
ld -r -o "$object" --whole-archive "$1"
objcopy --localize-hidden "$object"
rm -f "$2"
ar rcs "$2" "$object"
rm "$object"

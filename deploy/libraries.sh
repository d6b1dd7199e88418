#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Copies the libraries that a program names, and those that they name, and their licences:
#
#	libraries.sh PROGRAM TRIPLET LIBRARIES LICENCES
#
# LIBRARIES and LICENCES are directories. Prints the path of the program's loader.
set -eu
program=$1 triplet=$2 libraries=$3 licences=$4
if ! readelf=$(command -v "$triplet-readelf"); then
	readelf=readelf
fi

needed() {
	"$readelf" -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

add_licence() { # add_licence LIBRARY
	package=$(dpkg -S "$(readlink -f "$1")" "$1" 2> /dev/null | sed -n '1s/:.*//p')
	[ ! -f "/usr/share/doc/$package/copyright" ] ||
		install -D -m 0644 "/usr/share/doc/$package/copyright" "$licences/$package/copyright"
}

add() { # add LIBRARY-OR-PROGRAM
	for name in $(needed "$1"); do
		[ ! -e "$libraries/$name" ] || continue
		for dir in "/lib/$triplet" "/usr/lib/$triplet" "/usr/$triplet/lib"; do
			[ ! -e "$dir/$name" ] || break
		done
		install -D -m 0755 "$dir/$name" "$libraries/$name"
		add_licence "$dir/$name"
		add "$libraries/$name"
	done
}

add "$program"
"$readelf" -l "$program" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p'

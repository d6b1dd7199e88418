#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks of the sources. Prints one `ok NAME`, `not ok NAME: why` or `SKIP NAME: why` per check, with its
# findings.
set -u
cd "$(dirname "$0")/.." || exit 1

# verdict NAME FINDINGS: fails if there are findings
verdict() {
	if [ -z "$2" ]; then
		echo "ok lint_$1"
	else
		echo "not ok lint_$1: $(wc -l <<< "$2") lines of findings"
		printf '%s\n' "$2" | sed 's/^/    /'
	fi
}

sources() {
	find "$@" -path ./build -prune -o -path ./.git -prune -o -type f -print | sort
}

lint_shell() {
	local scripts
	mapfile -t scripts < <(sources . | grep -E '\.sh$|^\./\.ci/run$')
	if ! command -v shellcheck > /dev/null; then
		echo "SKIP lint_shell: shellcheck is not here: make deps"
		return
	fi
	verdict shell "$(shellcheck -S warning -f gcc "${scripts[@]}")"
}

# Releases of clang-format disagree about details. The release that formatted the tree decides.
lint_format() {
	local release files
	release=$(clang-format --version 2> /dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
	if [ "$release" != 14 ]; then
		echo "SKIP lint_format: clang-format 14 decides, here is ${release:-none}"
		return
	fi
	mapfile -t files < <(sources bpf exporter tests | grep -E '\.[ch]$')
	verdict format "$(clang-format --dry-run -Werror "${files[@]}" 2>&1 | grep -E 'error:')"
}

# A server process contains the code that attaches, but its sources must not use it. Follows the includes from
# server.c.
lint_server() {
	local closure=exporter/process/server.c more
	# shellcheck disable=SC2086 # a list of files
	while more=$(sed -n 's/^#include "\([a-z_/]*\)\.h"$/\1/p' $closure | sort -u | while read -r name; do
		for file in "exporter/$name".[ch]; do
			[ ! -e "$file" ] || echo "$file"
		done
	done); more=$(printf '%s\n' exporter/process/server.c "$more" | sort -u); [ "$more" != "$closure" ]; do
		closure=$more
	done
	verdict server "$(grep -E '/(attach|object)/|/discover/discover|/labels/slots|/probes/(generation|missed|table|reconcile)|/kernel/features' <<< "$closure")"
}

# tests/run.sh leaves out suites that cannot be executed, and documents run scripts by their names. debhelper installs its
# own.
lint_scripts() {
	verdict scripts "$(find dashboards deploy exporter tests -type f ! -perm -u+x ! -path 'deploy/debian/*' -exec awk '
		FNR == 1 && /^#!/ { print FILENAME ": not executable" }
		{ nextfile }' {} +)"
}

# Limits that the Makefile overrides by -DNAME=VALUE exist in the sources.
lint_limits() {
	verdict limits "$(grep -oE -e '-D[A-Z][A-Z_]+=[0-9.]+' Makefile | sed 's/-D//; s/=.*//' | sort -u |
		while read -r name; do
			grep -rqE "^#define[[:space:]]+${name}[[:space:]]" bpf exporter || echo "Makefile: no source defines $name"
		done)"
}

# grep_lint NAME PATTERN [EXEMPT]: no line of the tree matches, except in files like EXEMPT
grep_lint() {
	verdict "$1" "$(sources . | grep -v -E "^\./(tests/lint\.sh${3:+|$3})$" |
		xargs -d '\n' grep -n -I -E -e "$2")"
}

lint_license() {
	local files
	files=$(sources . | grep -E '\.([ch]|sh)$')
	verdict license "$(xargs -d '\n' awk 'FNR <= 2 && /SPDX-License-Identifier/ { print FILENAME }' <<< "$files" |
		sort | comm -13 - <(sort <<< "$files") | sed 's/$/: no SPDX line at its head/')"
}

# Links in documents lead to files and headings of the tree.
lint_links() {
	verdict links "$(python3 -B tests/docs/links.py 2>&1)"
}

# structure.py prints its own plan.
echo 1..10
lint_shell
lint_format
python3 -B tests/structure.py
lint_server
lint_limits
lint_scripts
lint_license
lint_links
grep_lint home_paths '(^|[^A-Za-z0-9_.])/(home|Users)/[a-z]+|(^|[^A-Za-z0-9_.])/root/'
grep_lint leftovers '\b(TODO|FIXME|XXX)\b'
grep_lint conflicts '^(<<<<<<<|>>>>>>>) '

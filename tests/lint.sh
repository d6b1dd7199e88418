#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The checks that read the sources: one `ok NAME`, `not ok NAME: why` or `SKIP NAME: why` each, with
# the findings under it.
set -u
cd "$(dirname "$0")/.." || exit 1

# The corridor of the exporter, upstream first: a file includes headers of its own line or of lines
# above it, never of one below. NAME stands for NAME.c, NAME.h and NAME_*.c unless a longer name fits.
corridor='
abi outcome build_version syscall_table retprobe.skel
util fault buf shared image btf_layout log progress stop declaration suggest strmap tracefs perf_event bpf_sys version channel
kprobe_events switches
cgroupfs cgroup_path modules machine
advice
grid self presets ledger returns
confined
file_finder same_inode opened_file ld_cache
locate
config pattern
board
features privs symbols demangle syscalls denylist btf_print btf_result dwarf_print retkind enumerators hazards exits
result
module_list
file_users
elf_symbols elf_image elf_input elf_code elf_debug elf_dynamic elf_reader elf_types elf_types_image elf_types_reader elf_dwarf elf_btf
debug_file
expr
extra
banks
target
discover btf_types
sockets sd_notify
programs
bpfobj
snapshot
label_groups
labels label_book
attach
losses
generation
expo
metrics
served
view plan
valve watch
reconcile
collect
web
http
pages
server
copies
serving
attacher
main
'

# verdict NAME FINDINGS: no findings, no fault.
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

# Releases of clang-format disagree about details. The one that the tree is formatted with decides.
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

lint_includes() {
	local files
	mapfile -t files < <(sources exporter | grep -E '\.[ch]$')
	verdict includes "$(awk -v corridor="$corridor" '
		BEGIN {
			lines = split(corridor, line, "\n")
			for (i = 1; i <= lines; i++) {
				n = split(line[i], name, " ")
				for (j = 1; j <= n; j++)
					rank[name[j]] = i
			}
		}
		# The stage of a file: by its own name, else by the longest prefix that is a stage.
		function stage(path) {
			sub(/.*\//, "", path)
			sub(/\.[ch]$/, "", path)
			while (!(path in rank) && path ~ /_/)
				sub(/_[^_]*$/, "", path)
			return path
		}
		/^#include "/ {
			header = $2
			gsub(/"/, "", header)
			from = stage(FILENAME)
			to = stage(header)
			if (!(from in rank))
				unknown[FILENAME] = from
			else if (!(to in rank))
				unknown[header] = to
			else if (rank[to] > rank[from])
				print FILENAME ":" FNR ": " from " includes " header ", which is downstream"
		}
		END {
			for (path in unknown)
				print path ": " unknown[path] " has no place in the table of tests/lint.sh"
		}' "${files[@]}")"
}

# What serves the network includes nothing of what attaches: a server is given numbers (served.h).
lint_server() {
	local closure=exporter/server.c more
	while more=$(for file in $closure; do
		sed -n 's/^#include "\([a-z_]*\)\.h"$/\1/p' "$file"
	done | sort -u | while read -r name; do
		ls exporter/"$name".[ch] 2> /dev/null
	done); more=$(printf '%s\n' exporter/server.c "$more" | sort -u); [ "$more" != "$closure" ]; do
		closure=$more
	done
	verdict server "$(grep -E '/(attach|bpfobj|generation|losses|labels|view|reconcile|discover|programs|features)[._]' <<< "$closure")"
}

# grep_lint NAME PATTERN [EXEMPT]: no line of the tree matches, but for files like EXEMPT.
grep_lint() {
	verdict "$1" "$(sources . | grep -v -E "^\./(tests/lint\.sh${3:+|$3})$" |
		xargs -d '\n' grep -n -I -E -e "$2")"
}

lint_license() {
	verdict license "$(sources . | grep -E '\.([ch]|sh)$' | while read -r file; do
		head -n 2 "$file" | grep -q SPDX-License-Identifier || echo "$file: no SPDX line at its head"
	done)"
}

# Of the documents, to files and headings of the tree.
lint_links() {
	verdict links "$(python3 -B tests/docs/links.py 2>&1)"
}

lint_shell
lint_format
lint_includes
lint_server
lint_license
lint_links
grep_lint home_paths '(^|[^A-Za-z0-9_.])/(home|Users)/[a-z]+|(^|[^A-Za-z0-9_.])/root/'
grep_lint leftovers '\b(TODO|FIXME|XXX)\b'
grep_lint conflicts '^(<<<<<<<|>>>>>>>) '

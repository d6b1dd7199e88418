#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the container image, and checks that another build makes the same layers. Then runs it in guests with the
# settings of the DaemonSet:
#
#	container.sh [SERIES[/COMPONENT...]...]
#
# Runs one guest at a time. Default: the newest LTS kernel with functions of programs, and the oldest kernel,
# where it needs more rights. Needs root for the base, which consists of Debian packages.
set -u
cd "$(dirname "$0")/../.." || exit 1
work='' # storage__open makes it
. tests/deploy/storage.sh
storage__open crun
python3 -c 'import yaml' 2> /dev/null || skip "python3-yaml is not here: make deps"
[ $# -gt 0 ] || set -- "$(tests/vm/kernels.sh --default)/programs" "$(tests/vm/kernels.sh --list | head -n 1)/kretprobes"

layers() { tar -x -O -f "$1" manifest.json | jq -c '.[0].Layers'; }

build() { # build N: $work/N.tar
	local tag=localhost/retprobe-exporter-test:$1 code

	deploy/container/build.sh -t "$tag" -o "$work/$1.tar" > "$work/log" 2>&1
	code=$?
	buildah rmi "$tag" > /dev/null 2>&1
	[ $code = 0 ] || {
		echo "not ok container: built: $(tail -n 3 "$work/log" | tr '\n' ' ')"
		sed 's/^/    /' "$work/log"
		exit 1
	}
}

# The image's program is the one that `make` has compiled here, except for the hash of its debug information.
same_program() {
	local root program
	for root in build build/container/root/usr/bin; do
		program=$work/program.${root//\//_}
		objcopy --strip-all --remove-section=.note.gnu.build-id "$root/retprobe_exporter" "$program" || return 1
	done
	cmp -s "$work"/program.*
}

# Root owns every file in the layers, and its time is the last commit's.
same_time() {
	local layer time
	time=$(date -u -d "@$(git log -1 --format=%ct)" '+%F %T')
	for layer in build/container/image/*.tar; do
		tar -t -v --full-time --utc --numeric-owner -f "$layer" | awk -v time="$time" '
			$2 != "0/0" || $4 " " $5 != time { print; wrong = 1 }
			END { exit wrong || !NR }' || return 1
	done
}

same_layers() {
	build 2
	[ "$(layers "$work/1.tar")" = "$(layers "$work/2.tar")" ]
}

# container_check.py prints its own plan.
echo 1..1
build 1
rm -rf build/container
mkdir -p build/container/image build/container/root
tar -x -C build/container/image -f "$work/1.tar"
while read -r layer; do
	tar -x -C build/container/root -f "build/container/image/$layer"
done < <(layers "$work/1.tar" | jq -r '.[]')

# A second build takes as long as the first. It decides where the compilers of this machine and of the image differ.
if same_program && same_time || same_layers; then
	echo "ok container: two builds make the same layers"
else
	echo "not ok container: two builds make the same layers: $(layers "$work/1.tar") $(layers "$work/2.tar")"
fi
config=build/container/image/$(jq -r '.[0].Config' build/container/image/manifest.json)
for job; do
	IFS=/ read -r -a words <<< "$job"
	out=$work/${job//\//_} bundle=build/container/${job//\//_}
	python3 -B tests/vm/container_options.py "${words[@]:1}" |
		python3 -B tests/vm/container_bundle.py "$config" build/container/root "$bundle"
	tests/vm/guest.sh -r -k "${words[0]}" -c 1 -o "$out" -m 2048 -t 1200 -- \
		tests/vm/container_guest.sh "$bundle" "${words[@]:1}" > "$out.log" 2>&1
	code=$?
	grep '^guest: the emulator' "$out.log"
	if [ $code -ne 0 ]; then
		echo "not ok container $job: exit $code"
		tail -20 "$out.log"
	fi
	python3 -B tests/vm/container_check.py "$job" "$out"
done

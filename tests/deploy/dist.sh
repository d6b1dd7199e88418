#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make check-dist`: makes everything that is delivered twice, and uses it where nothing of ours is:
#
#	dist.sh [PART...]	parts: make clone archive guest deb rpm arm64 image; without `make`, of what build/dist/ has
#
# clone is the way from source, from `git clone` to a number. Debian's releases are fresh file systems (systems.sh). Their
# programs run on this machine's kernel. Needs root. tests/deploy/kubernetes.sh has the chart.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=dist
. tests/e2e/lib.sh
work='' # storage__open makes it
. tests/deploy/storage.sh
storage__open rpm rpmbuild dpkg-buildpackage qemu-system-aarch64 cpio
trap 'storage__close; finish' EXIT
arch=$(dpkg --print-architecture)
die() {
	give_up "fresh systems" "$*"
}
. tests/apt.sh
. tests/deploy/systems.sh

version=$(cat VERSION)
tree=retprobe_exporter-$version.linux-$arch
codename=$(os_field VERSION_CODENAME)
declare -A release=([bullseye]=11 [bookworm]=12 [trixie]=13)
declare -A tests=([make]=3 [clone]=2 [archive]=3 [guest]=1 [deb]=3 [rpm]=3 [arm64]=3 [image]=2)
parts=("$@")
[ $# -gt 0 ] || parts=(make clone archive guest deb rpm arm64 image)
total=0
for part in "${parts[@]}"; do
	total=$((total + ${tests[$part]:?there is no part $part}))
done
plan $total

# try NAME COMMAND...: checks that it succeeds; its output explains a failure
try() {
	local name=$1
	shift
	if "$@" > "$temp/try.log" 2>&1; then
		ok "$name"
	else
		not_ok "$name" "$(tail -n 3 "$temp/try.log" | tr '\n' ' ')"
		sed 's/^/    /' "$temp/try.log"
	fi
}

# ---- fresh systems ---------------------------------------------------------------------------

# Unpacks a minimal system of that release into $temp/root.
fresh() { # fresh CODENAME
	rm -rf --one-file-system "$temp/root"
	systems__make "$1" "$temp/root"
}

in_root() { # in_root PROGRAM ARGS...
	systems__enter "$temp/root" "$@"
}

counts_something() {
	get /metrics "$temp/metrics" &&
		awk '/^retprobe_duration_seconds_count/ { sum += $NF } END { exit !sum }' "$temp/metrics"
}

# Starts the program of the fresh system with its default set, and waits for a number that is not 0.
first_number() { # first_number PROGRAM
	local program=$1 code=0
	# shellcheck disable=SC2317 # called by launch
	started() {
		in_root "$program" "$@"
	}
	exporter=started
	launch "$temp/exporter.log" && wait_ready 30 && wait_for 30 counts_something || code=1
	[ $code = 0 ] || cat "$temp/exporter.log"
	stop_exporter
	return $code
}

# ---- parts -----------------------------------------------------------------------------------

made() {
	sh deploy/dist.sh
}
sums_fit() {
	(cd build/dist && sha256sum --check --strict SHA256SUMS && diff <(sed 's/.*  //' SHA256SUMS) <(ls --ignore=SHA256SUMS))
}
made_again() {
	cp build/dist/SHA256SUMS "$temp/sums" && sh deploy/dist.sh > "$temp/again.log" 2>&1 && diff "$temp/sums" build/dist/SHA256SUMS
}
part_make() {
	try "everything is made" made
	try "the checksums fit" sums_fit
	try "a second time with the same bytes" made_again
}

# git and make are there; the compilers and libraries are not.
clone_builds() {
	git clone -q "$PWD" "$temp/root/opt/clone" || return 1
	(in_root sh -ec 'cd /opt/clone
		echo "# now $(date +%s)"
		make build-deps
		echo "# now $(date +%s)"
		times
		make -j"$(nproc)"
		echo "# now $(date +%s)"
		times')
}
# The time is short if the machine does nothing else; so here is the CPU time, too.
clone_time() { # clone_time SECONDS
	awk -v total="$1" '
		function seconds(text) { split(text, part, /[ms]/); return part[1] * 60 + part[2] }
		/^# now/ { now[++n] = $3 }
		/^[0-9]+m[0-9.]+s [0-9]+m[0-9.]+s$/ { cpu[++m] = seconds($1) + seconds($2) }
		END {
			printf "# %d s from a clone to a number: packages %d s (CPU %d s), build %d s (CPU %d s)\n", total,
				now[2] - now[1], cpu[2], now[3] - now[2], cpu[4] - cpu[2]
		}' "$temp/clone.log"
}
part_clone() {
	local begun
	fresh "$codename"
	systems__prepare_apt "$temp/root"
	(in_root sh -ec 'apt-get update -qq && apt-get install -y -qq --no-install-recommends make') > "$temp/apt.log" 2>&1 ||
		die "make in a fresh system"
	begun=$(date +%s)
	try "a clone builds on a fresh Debian ${release[$codename]:-$codename}" clone_builds
	cp "$temp/try.log" "$temp/clone.log"
	try "a built clone counts" first_number /opt/clone/build/retprobe_exporter
	clone_time $(($(date +%s) - begun))
}

archive_counts() {
	tar -x -C "$temp/root/opt" --no-same-owner -f "build/dist/$tree.tar.gz" && first_number "/opt/$tree/retprobe_exporter"
}
part_archive() {
	local codename begun
	for codename in bullseye bookworm trixie; do
		fresh $codename
		begun=$(date +%s%N)
		try "the archive counts on a fresh Debian ${release[$codename]}" archive_counts
		echo "# Debian ${release[$codename]}: $((($(date +%s%N) - begun) / 1000000)) ms from the archive to a number"
	done
}

guest_counts() { # guest_counts KERNEL ARCH
	rm -rf "$temp/results"
	mkdir "$temp/results"
	gzip -dc "build/dist/retprobe_exporter-$version.linux-$2.tar.gz" > "$temp/results/archive.tar"
	tests/vm/guest.sh -r -t 900 -o "$temp/results" -k "$1" -- sh tests/deploy/dist_guest.sh
}
part_guest() {
	try "the archive counts in a guest whose root is empty" guest_counts "$(tests/vm/kernels.sh --default)" amd64
}

deb_installs() {
	fresh "$codename"
	systems__prepare_apt "$temp/root"
	cp "build/dist/retprobe-exporter_$version-1_$arch.deb" "$temp/root/tmp/"
	(in_root sh -ec "export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq
		apt-get install -y -qq --no-install-recommends /tmp/*.deb
		dpkg --verify retprobe-exporter
		grep -q ^retprobe_exporter: /etc/passwd")
}
# What a removed package leaves behind.
left() {
	(cd "$temp/root" && find . -xdev \( -path ./proc -o -path ./tmp \) -prune -o -name '*retprobe*' -print)
}
deb_purges() {
	(in_root apt-get purge -y -qq retprobe-exporter) && [ "$(left | tee /dev/stderr)" = '' ]
}
part_deb() {
	try "the Debian package installs on a fresh Debian ${release[$codename]:-$codename}" deb_installs
	try "the Debian package counts" first_number /usr/bin/retprobe_exporter
	try "the purged Debian package leaves nothing" deb_purges
}

# There is no distribution with rpm to have here: the package goes into a root of another one.
rpm_there() {
	rpm --root "$temp/root" "$@"
}
rpm_installs() {
	fresh "$codename"
	rpm_there --initdb && rpm_there -i --nodeps "build/dist/retprobe-exporter-$version-1.$(uname -m).rpm" &&
		rpm_there -V --nodeps retprobe-exporter && ! rpm_there -q --requires retprobe-exporter | grep -v -e '^rpmlib' -e '^/bin/sh$'
}
rpm_erases() {
	rpm_there -e retprobe-exporter && [ "$(left | tee /dev/stderr)" = '' ]
}
part_rpm() {
	try "the rpm installs, and needs nothing but a shell" rpm_installs
	try "the rpm counts" first_number /usr/bin/retprobe_exporter
	try "the erased rpm leaves nothing" rpm_erases
}

arm=$temp/arm/retprobe_exporter-$version.linux-arm64
all_arm64() {
	mkdir "$temp/arm" && tar -x -C "$temp/arm" --no-same-owner -f "build/dist/retprobe_exporter-$version.linux-arm64.tar.gz" &&
		[ "$(readelf -h "$arm/retprobe_exporter" "$arm"/lib/*exporter "$arm"/lib/*.so* | sed -n 's/ *Machine: *//p' | sort -u)" = AArch64 ]
}
rpm_has_archives_program() {
	rpm2cpio "build/dist/retprobe-exporter-$version-1.aarch64.rpm" |
		cpio -i --quiet --to-stdout './usr/libexec/retprobe_exporter/lib/retprobe_exporter' | cmp - "$arm/lib/retprobe_exporter"
}
part_arm64() {
	try "the arm64 archive is for arm64" all_arm64
	mkdir -p build/arm64 # nothing of it is used
	try "the arm64 archive counts in an arm64 guest whose root is empty" guest_counts \
		"$(tests/vm/kernels.sh --default)-arm64" arm64
	try "the arm64 rpm has the archive's program" rpm_has_archives_program
}

image_architectures() {
	mkdir "$temp/oci" && tar -x -C "$temp/oci" -f "build/dist/retprobe-exporter-$version.oci.tar" &&
		blob() { echo "$temp/oci/blobs/$(jq -r '.manifests[0].digest' "$1" | tr : /)"; } &&
		[ "$(jq -r '.manifests[].platform.architecture' "$(blob "$temp/oci/index.json")" | sort | paste -s -d ' ')" = "amd64 arm64" ]
}
image_runs() {
	local image
	image=$(buildah pull -q "oci-archive:build/dist/retprobe-exporter-$version.oci.tar") &&
		container=$(buildah from --pull=never "$image") &&
		buildah run "$container" -- /usr/bin/retprobe_exporter --version | grep "version $version"
	code=$?
	buildah rm "$container" > /dev/null
	buildah rmi "$image" > /dev/null
	container=''
	return $code
}
part_image() {
	try "the image is for both architectures" image_architectures
	try "the image's program runs" image_runs
}

for part in "${parts[@]}"; do
	"part_$part"
done
exit $failed

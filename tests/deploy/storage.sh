# SPDX-License-Identifier: GPL-2.0-only
# For tests that build with buildah. Opens a separate store of images in the cache, which only keeps images
# that take long to make. Sets $work, a temporary directory. Source this file.
# shellcheck shell=bash

skip() {
	echo "SKIP $(basename "$0" .sh): $*"
	exit 0
}

# storage__open TOOL...: skips the test without root, or if a tool is missing
storage__open() {
	local tool cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter

	for tool in buildah debootstrap jq "$@"; do
		command -v "$tool" > /dev/null || skip "$tool is not here: make deps"
	done
	[ "$(id -u)" = 0 ] || skip "needs root, for a file system of Debian's packages"
	work=$(mktemp -d)
	trap storage__close EXIT
	trap 'exit 130' HUP INT TERM
	mkdir -p "$cache/containers"
	cat > "$work/storage.conf" <<-END
	[storage]
	driver = "vfs"
	graphroot = "$cache/containers"
	runroot = "$work/run"
	END
	# This machine may be a container itself, without overlays or namespaces.
	export CONTAINERS_STORAGE_CONF=$work/storage.conf STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
}

storage__close() {
	[ -z "${container:-}" ] || buildah rm "$container" > /dev/null 2>&1
	rm -rf "$work"
}

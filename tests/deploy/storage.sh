# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests that build with buildah: a store of images of our own, in the cache, in which only what takes long to
# make again stays; $work, a temporary directory. Sourced.

skip() {
	echo "SKIP $(basename "$0" .sh): $*"
	exit 0
}

# storage__open TOOL...: skips the test if a tool is missing, or we are not root.
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

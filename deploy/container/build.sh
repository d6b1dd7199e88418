#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the image from what git has of this tree:
#
#	build.sh [-a amd64|arm64] [-b BASE] [-t TAG] [-o FILE] [-x DIR]
#	build.sh [-a amd64|arm64] [-b BASE] -p		only what it is compiled in, and prints that image's name
#
# BASE is an image of Debian 12 or 13, or of Ubuntu 24.04; without one it is made of this machine's own Debian packages
# (debootstrap, which needs root), so that no registry is needed. FILE is a docker-archive of the image.
# DIR gets the archive (deploy/archive) of the same program.
# The same tree on the same BASE makes the same layers, bit by bit: the time in it is the last
# commit's, or SOURCE_DATE_EPOCH. What stays, besides the image, is the base and that with compilers, for the
# next time.
#
# STORAGE_DRIVER=vfs and BUILDAH_ISOLATION=chroot are for machines that are containers themselves.
set -eu
cd "$(dirname "$0")/../.."

here=$(dpkg --print-architecture 2> /dev/null || uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
arch=$here
base='' tag='' output='' archives='' only_packages=''

die() {
	echo "container: $*" >&2
	exit 1
}

while getopts a:b:t:o:x:p option; do
	case $option in
	a) arch=$OPTARG ;;
	b) base=$OPTARG ;;
	t) tag=$OPTARG ;;
	o) output=$OPTARG ;;
	x) archives=$(realpath "$OPTARG") ;;
	p) only_packages=yes ;;
	*) die "usage: build.sh [-a amd64|arm64] [-b BASE] [-t TAG] [-o FILE] [-x DIR] [-p]" ;;
	esac
done
tag=${tag:-localhost/retprobe-exporter:$(cat VERSION)-$arch}
command -v buildah > /dev/null || die "buildah is needed: apt-get install buildah"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# This machine's own packages: the suite that it runs, from where its apt gets them.
make_base() {
	command -v debootstrap > /dev/null ||
		die "debootstrap is needed where no base is named (-b): apt-get install debootstrap"
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016 # apt's own variables
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
		awk -v codename="$codename" '$2 == codename { print $1; exit }')
	[ -n "$mirror" ] || die "apt names no source of $codename"
	if [ "$(sed -n 's/^ID=//p' /etc/os-release)" = ubuntu ]; then
		components=main,universe
	else
		components=main
	fi
	debootstrap --variant=minbase --components="$components" "$codename" "$work/base" "$mirror" \
		> "$work/log" 2>&1 || {
		tail -n 5 "$work/log" >&2
		die "debootstrap of $codename from $mirror has failed"
	}
	echo 'APT::Sandbox::User "root";' > "$work/base/etc/apt/apt.conf.d/sandbox"
	rm -rf "$work"/base/var/cache/apt/archives/*.deb
	container=$(buildah from scratch)
	buildah add -q "$container" "$work/base" / > /dev/null
	buildah commit -q "$container" "$base" > /dev/null
	buildah rm "$container" > /dev/null
	rm -rf "$work/base"
}

# buildah build of the Containerfile for the architecture $1 in the directory $2, with more options.
build() {
	platform=linux/$1
	context=$2
	shift 2
	buildah build --quiet --pull=never --layers=false --platform "$platform" --build-arg "BASE=$base" \
		--build-arg "TARGETARCH=$arch" --build-arg "BUILDPLATFORM=linux/$here" \
		-f deploy/container/Containerfile "$@" "$context" > "$work/log" 2>&1 || {
		tail -n 30 "$work/log" >&2
		die "the image for $arch was not built"
	}
}

if [ -z "$base" ]; then
	base=localhost/retprobe-exporter-base:$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	buildah inspect --type image "$base" > /dev/null 2>&1 || make_base
else
	buildah inspect --type image "$base" > /dev/null 2>&1 || buildah pull -q "$base" > /dev/null
fi

mkdir "$work/context" "$work/packages"
git ls-files -z | tar -c --null -T - | tar -x -C "$work/context"

# This stage is kept as an image of its own, with a label that tells what it was made from.
install -D deploy/container/packages.sh "$work/packages/deploy/container/packages.sh"
packages=localhost/retprobe-exporter-packages:$arch
made_from=$({
	buildah inspect --type image --format '{{.FromImageID}}' "$base"
	cat deploy/container/packages.sh
} | sha256sum | cut -c 1-16)
found=$(buildah inspect --type image --format '{{index .OCIv1.Config.Labels "made-from"}}' "$packages" 2> /dev/null) ||
	found=''
if [ "$found" != "$made_from" ]; then
	buildah rmi "$packages" > /dev/null 2>&1 || true
	build "$here" "$work/packages" --target packages --label "made-from=$made_from" -t "$packages"
fi
if [ -n "$only_packages" ]; then
	echo "$packages"
	exit 0
fi

time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
build "$arch" "$work/context" --build-context "packages=container-image://$packages" \
	--timestamp "$time" --build-arg "SOURCE_DATE_EPOCH=$time" ${archives:+--volume "$archives:/archives"} \
	--build-arg "REVISION=$(git rev-parse --short HEAD)" -t "$tag"
echo "container: $tag"
[ -z "$output" ] || buildah push -q "$tag" "docker-archive:$output:$tag"

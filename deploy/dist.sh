#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# `make dist`: everything that is delivered, in build/dist/, with SHA256SUMS:
#
#	retprobe_exporter-VERSION.linux-ARCH.tar.gz	the program with its libraries: any Linux of that architecture
#	retprobe-exporter-VERSION-1.ARCH.rpm		the same, installed as a service
#	retprobe-exporter_VERSION-1_ARCH.deb		for this Debian or Ubuntu release, of this machine's architecture
#	retprobe-exporter-VERSION.oci.tar		the container image for all architectures
#	retprobe-exporter-VERSION.tgz			the Helm chart
#
# The same tree on the same packages makes the same files, bit by bit: the time in them is the last commit's, or
# SOURCE_DATE_EPOCH. Compiles in containers (deploy/container/build.sh has their options), as root.
set -eu
cd "$(dirname "$0")/.."

version=$(cat VERSION)
dist=build/dist
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

for tool in buildah rpmbuild dpkg-buildpackage dh; do
	command -v $tool > /dev/null || {
		echo "dist: $tool is needed: sudo sh deploy/deps.sh dist" >&2
		exit 1
	}
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

say() {
	echo "dist: $*"
}

fail() {
	tail -n 30 "$work/log" >&2
	exit 1
}

# The archive's program below libexec, where SELinux allows services to execute it.
make_rpm() { # make_rpm ARCH RPM-ARCH
	say "rpm for $1"
	root=$work/rpm-$1
	mkdir -p "$root/usr/libexec" "$root/usr/bin" "$work/unpacked-$1"
	tar -x -C "$work/unpacked-$1" --strip-components=1 --no-same-owner -f "$dist/retprobe_exporter-$version.linux-$1.tar.gz"
	mkdir "$root/usr/libexec/retprobe_exporter"
	cp -r "$work/unpacked-$1/retprobe_exporter" "$work/unpacked-$1/lib" "$root/usr/libexec/retprobe_exporter/"
	ln -s ../libexec/retprobe_exporter/retprobe_exporter "$root/usr/bin/retprobe_exporter"
	make -s install-data DESTDIR="$root" PREFIX=/usr > /dev/null
	install -D -m 0644 deploy/systemd/retprobe-exporter.default "$root/etc/default/retprobe-exporter"
	gzip -9 -n "$root/usr/share/man/man1/retprobe_exporter.1"
	rpmbuild -bb --target "$2" --define "_topdir $work/rpmbuild" --define "version $version" \
		--define "tree $root" deploy/rpm/retprobe-exporter.spec > "$work/log" 2>&1 || fail
	cp "$work/rpmbuild/RPMS/$2/"*.rpm "$dist/"
}

make_deb() {
	say "deb for $(dpkg --print-architecture)"
	DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-} nocheck noautodbgsym" DPKG_BUILDPACKAGE_ARGS='-b -d' sh deploy/package.sh > "$work/log" 2>&1 ||
		fail
	cp build/deb/retprobe-exporter_*_*.deb "$dist/"
}

# Archives, and an image index, which a registry takes as it is. Its name is what Kubernetes makes of the chart's default,
# so nodes can import it without a registry.
make_images() {
	list=localhost/retprobe-exporter-dist:$$
	buildah manifest create "$list" > /dev/null
	for arch in amd64 arm64; do
		say "archive and image for $arch"
		deploy/container/build.sh -a "$arch" -t "$list-$arch" -x "$dist" > "$work/log"
		buildah manifest add "$list" "$list-$arch" > /dev/null
	done
	buildah manifest push --all -q "$list" "oci:$work/oci:docker.io/library/retprobe-exporter:$version" > /dev/null
	buildah manifest rm "$list" > /dev/null
	buildah rmi "$list-amd64" "$list-arm64" > /dev/null
	tar -c -C "$work/oci" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
		--mode=u+w,go-w . > "$dist/retprobe-exporter-$version.oci.tar"
}

rm -rf "$dist"
mkdir -p "$dist"
make_images
make_rpm amd64 x86_64
make_rpm arm64 aarch64
make_deb
sh deploy/helm/package.sh "$dist/retprobe-exporter-$version.tgz"
(cd "$dist" && sha256sum -- * > "$work/sums" && mv "$work/sums" SHA256SUMS)
ls -l "$dist"

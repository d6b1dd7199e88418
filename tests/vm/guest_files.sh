# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# What a guest boots from: the initramfs of its kernel, the files of this run, a disk. Read by guest.sh.

# The modules that the first step needs and that are files in this kernel, in load order.
module_order() {
	awk '
		{
			file = $1
			sub(/:$/, "", file)
			name = file
			sub(/.*\//, "", name)
			sub(/\.ko.*/, "", name)
			path[name] = file
			$1 = ""
			dependencies[file] = $0
		}
		function load(file) {
			if (!(file in loaded)) {
				loaded[file] = 1
				print file
			}
		}
		END {
			wanted = "virtio_pci virtio_console virtio_blk 9pnet_virtio 9p overlay virtio_net"
			n = split(wanted, want, " ")
			for (i = 1; i <= n; i++) {
				if (!(want[i] in path))
					continue
				file = path[want[i]]
				# modules.dep lists the first module to load last.
				for (j = split(dependencies[file], need, " "); j > 0; j--)
					load(need[j])
				load(file)
			}
		}' "$1/modules.dep"
}

build_initramfs() {
	tree=$temp/initramfs modules=$kernel/lib/modules/$release
	mkdir -p "$tree/bin" "$tree/modules"
	(cd "$tree" && mkdir proc sys dev lower upper newroot)
	cp "$busybox" "$tree/bin/busybox"
	cp "$here/guest-init.sh" "$tree/init"
	chmod 0755 "$tree/init"
	number=10
	for file in $(module_order "$modules"); do
		name=${file##*/}
		target=$tree/modules/$number-${name%%.ko*}.ko
		case $name in
		*.xz) xz -dc "$modules/$file" > "$target" ;;
		*.zst) zstd -dcq "$modules/$file" > "$target" ;;
		*.gz) gzip -dc "$modules/$file" > "$target" ;;
		*) cp "$modules/$file" "$target" ;;
		esac
		# A kernel without BTF does not load modules with it.
		[ "${series%-nobtf}" = "$series" ] || objcopy --remove-section .BTF "$target"
		number=$((number + 1))
	done
	[ "$number" -gt 10 ] || die "kernel $release has none of the modules that a guest needs"
	(cd "$tree" && find . | cpio -o -H newc --quiet) > "$1"
	rm -rf "$tree"
}

# A disk with the root file system, this repository and the kernel's modules.
make_disk() {
	tree=$temp/disk from=$repository/build${foreign:+/$foreign}
	cp -a "$root" "$tree"
	mkdir -p "$tree$repository/build" "$tree$repository/tests"
	cp -a "$repository/tests/vm" "$tree$repository/tests/"
	for file in retprobe_exporter small/retprobe_exporter workload client postgres; do
		[ ! -e "$from/$file" ] || install -D "$from/$file" "$tree$repository/build/$file"
	done
	cp -a "$kernel/lib/modules/." "$tree/lib/modules/"
	truncate -s "$(($(du -sm "$tree" | cut -f 1) * 5 / 4 + 64))M" "$temp/disk.img"
	mke2fs -q -t ext4 -O ^has_journal -d "$tree" "$temp/disk.img"
	rm -rf "$tree"
}

# The initramfs of this kernel, plus the files of this run.
make_initrd() {
	key=$(cat "$here/guest_files.sh" "$here/guest-init.sh" "$busybox" "$kernel/stamp" |
		sha256sum | cut -c 1-16)
	initramfs=$kernel/initramfs-$key.cpio
	# Other guests, from other trees too, can replace it at the same time.
	if ! cp "$initramfs" "$temp/initramfs.cpio" 2> /dev/null; then
		build_initramfs "$temp/initramfs.cpio"
		cp "$temp/initramfs.cpio" "$initramfs.$$"
		mv "$initramfs.$$" "$initramfs"
		find "$kernel" -maxdepth 1 -name 'initramfs-*' -mtime +1 -exec rm -f {} +
	fi

	keep=''
	for dir in "$repository" "$cache"; do
		case $dir/ in
		/tmp/* | /run/*) keep="$keep
$dir" ;;
		/dev/* | /proc/* | /sys/*) die "$dir is where guests have file systems of their own: put it elsewhere" ;;
		esac
	done
	mkdir "$temp/run"
	cat > "$temp/run/guest.conf" <<-END
	release=$(quote "$release")
	modules=$(quote "$kernel/lib/modules/$release")
	cwd=$(quote "$repository")
	results=$(quote "$results")
	network=$(quote "$forwards$tap")
	keep_tmp=$(quote "$keep_tmp")
	keep=$(quote "$keep")
	foreign=$(quote "$foreign")
	disk=$(quote "$disk")
	limit=$limit
	systemd=$(quote "$systemd")
	END
	{
		echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
		echo 'export HOME=/root LANG=C.UTF-8 TERM=dumb RESULTS=/run/results GUEST=1'
		echo "$exports"
		printf exec
		for word; do
			printf ' %s' "$(quote "$word")"
		done
		echo
	} > "$temp/run/command"
	{
		cat "$temp/initramfs.cpio"
		(cd "$temp/run" && find guest.conf command | cpio -o -H newc --quiet)
	} > "$temp/initrd"
}

#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# The first process of a test guest, in two steps. The first, from the initramfs, loads the modules and
# mounts the host's root file system: read-only over 9p, under an overlay in memory. The second, from there, runs the
# command, reports its exit code, and stops the machine.
#
# With systemd (guest.sh -S), the second step makes a unit of the command and becomes systemd. The unit runs
# the third: `init command`.
#
# guest.sh appends to the initramfs: /guest.conf (shell variables) and /command (a script).
# shellcheck shell=dash

bb=/bin/busybox
release='' modules='' cwd=/ results='' network='' keep_tmp='' keep='' systemd='' limit=0 foreign='' disk=''

# Mounts empty file systems in memory over host files that the guest must not see. Keeps the paths in $keep,
# one per line.
cover_host() {
	$bb mkdir /host
	$bb mount -o bind /newroot /host
	$bb mount -t tmpfs -o mode=0755 tmpfs /newroot/run
	[ -n "$keep_tmp" ] || $bb mount -t tmpfs -o mode=1777 tmpfs /newroot/tmp
	echo "$keep" | while IFS= read -r dir; do
		[ -n "$dir" ] || continue
		$bb mkdir -p "/newroot$dir"
		$bb mount -o bind "/host$dir" "/newroot$dir" || return 1
	done
	$bb umount -l /host
}

mount_9p() { # mount_9p TAG DIRECTORY: read-only
	$bb mount -t 9p -o "trans=virtio,ro,version=9p2000.L,cache=loose,msize=262144" "$1" "$2"
}

# The root file system of another architecture has neither the repository nor the modules.
add_repository() {
	$bb mkdir -p "/newroot$cwd" "/newroot/lib/modules"
	mount_9p repository "/newroot$cwd" && mount_9p modules /newroot/lib/modules &&
		$bb mount -o bind "/newroot$cwd/build/$foreign" "/newroot$cwd/build"
}

enter_root() {
	$bb mount -t proc proc /proc
	$bb mount -t sysfs sysfs /sys
	$bb mount -t devtmpfs dev /dev
	# shellcheck source=/dev/null
	. /guest.conf
	for module in /modules/*.ko; do
		case $module:${disk:-none}:${network:-none} in
		*virtio_blk.ko:none:* | *failover.ko:*:none | *virtio_net.ko:*:none) ;;
		*) $bb insmod "$module" || echo "guest: cannot load ${module##*/}" ;;
		esac
	done
	if [ -n "$disk" ]; then
		$bb mount -t ext4 -o ro /dev/vda /lower
	else
		mount_9p root /lower
	fi || return 1
	$bb mount -t tmpfs -o size=80% tmpfs /upper
	$bb mkdir /upper/data /upper/work
	$bb mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay \
		/newroot || return 1

	if [ -n "$foreign$disk" ]; then
		$bb mount -t tmpfs -o mode=0755 tmpfs /newroot/run
		$bb mount -t tmpfs -o mode=1777 tmpfs /newroot/tmp
		[ -n "$disk" ] || add_repository
	else
		cover_host
	fi || return 1
	for dir in proc sys dev; do
		$bb mount --move "/$dir" "/newroot/$dir"
	done
	$bb mkdir -p /newroot/run/guest /newroot/run/lock /newroot/run/results
	$bb cp /bin/busybox /init /guest.conf /command /newroot/run/guest/
	exec $bb switch_root /newroot /run/guest/busybox sh /run/guest/init
}

# Mounts that systemd makes by itself.
mount_kernels() {
	$bb mkdir -p /dev/pts /dev/shm
	$bb mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
	$bb mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	if $bb grep -q systemd.unified_cgroup_hierarchy=0 /proc/cmdline; then
		$bb mount -t tmpfs -o mode=0755 tmpfs /sys/fs/cgroup
		$bb mkdir /sys/fs/cgroup/systemd
		$bb mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
	else
		$bb mount -t cgroup2 cgroup2 /sys/fs/cgroup
	fi
	$bb mount -t bpf bpf /sys/fs/bpf
	$bb mount -t debugfs debugfs /sys/kernel/debug 2> /dev/null || true # debugfs=off
	$bb mount -t tracefs tracefs /sys/kernel/tracing
}

mount_rest() {
	$bb ln -sf /proc/self/fd /dev/fd
	$bb ln -sf /proc/self/fd/0 /dev/stdin
	$bb ln -sf /proc/self/fd/1 /dev/stdout
	$bb ln -sf /proc/self/fd/2 /dev/stderr
	if [ -n "$results" ] && [ -z "$disk" ]; then
		# Not cached: the host reads the files while the guest still runs. With a cache, lines
		# appended to a file that others read get lost (kernels 6.12 and 7).
		$bb mount -t 9p -o "trans=virtio,version=9p2000.L,cache=none,msize=262144" \
			results /run/results
	fi
	$bb mkdir -p /lib/modules
	[ -e "/lib/modules/$release" ] || $bb ln -s "$modules" "/lib/modules/$release"
}

set_up_network() {
	$bb ip link set lo up
	[ -n "$network" ] || return 0
	$bb ip link set eth0 up
	$bb ip address add 10.0.2.15/24 dev eth0
	$bb ip route add default via 10.0.2.2
}

# Processes left by the command hold the pipe of its output open. End them, so that the reader sees the end of
# file. Under systemd, these are the ones in our unit.
end_stragglers() {
	for process in /proc/[0-9]*; do
		pid=${process#/proc/}
		[ -z "$systemd" ] || $bb cmp -s "$process/cgroup" /proc/self/cgroup || continue
		if [ "$pid" -ne 1 ] && [ "$pid" -ne $$ ] && [ "$pid" -ne "$1" ] && [ -e "$process/exe" ]; then
			kill -9 "$pid"
		fi
	done 2> /dev/null
}

# At 90 % of the time limit, counted from about the kernel's start: prints the processes and their positions.
# The kernel's report goes to the console: running CPUs, and uninterruptible tasks.
tell_what_hangs() {
	read -r up _ < /proc/uptime
	$bb sleep $((limit - limit / 10 - ${up%.*}))
	echo "guest: time is nearly up; what runs, and where:"
	for process in /proc/[0-9]*; do
		[ -e "$process/exe" ] || continue
		for task in "$process/task/"*; do
			echo "${process#/proc/}/${task##*/}: $($bb tr '\0' ' ' < "$process/cmdline")"
			$bb sed -n '/^State/p' "$task/status"
			$bb head -n 8 "$task/stack"
		done
	done 2> /dev/null
	echo 8 > /proc/sys/kernel/printk
	for key in l w; do
		echo $key > /proc/sysrq-trigger
	done
}

# Starts the system of the host's root file system with only what everything else needs: emulated programs are
# slow.
become_systemd() {
	units=/run/systemd/system
	$bb mkdir -p $units/multi-user.target.wants /run/systemd/system-generators /run/systemd/journald.conf.d
	for generator in /lib/systemd/system-generators/*; do
		$bb ln -s /dev/null "/run/systemd/system-generators/${generator##*/}"
	done
	$bb rm -rf /etc/systemd/system/*.wants /etc/fstab
	# A machine without a machine ID is at its first boot, and enables everything.
	$bb tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id
	for unit in /lib/systemd/system/*.wants/*; do
		case ${unit##*/} in
		*.target | systemd-journald.* | systemd-journald-dev-log.* | sys-kernel-debug.mount | \
			sys-kernel-tracing.mount) ;;
		*) $bb ln -sf /dev/null "$units/${unit##*/}" ;;
		esac
	done
	printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\n' > /run/systemd/journald.conf.d/guest.conf
	cat > $units/guest-command.service <<-END
	[Unit]
	Description=Command of the test guest
	[Service]
	ExecStart=/run/guest/busybox sh /run/guest/init command
	StandardOutput=null
	END
	$bb ln -s ../guest-command.service $units/multi-user.target.wants/
	exec /lib/systemd/systemd --unit=multi-user.target
}

run_command() {
	ulimit -c 0

	# The names of the ports depend on the kernel, which creates them in the background.
	until set -- /dev/vport*p1 /dev/vport*p2 && [ -c "$1" ] && [ -c "$2" ]; do
		$bb usleep 10000
	done

	# A port can be opened only once, so the command writes to a pipe. Then /dev/stderr works.
	$bb mkfifo /run/guest/out
	$bb cat /run/guest/out > "$1" &
	reader=$!
	exec 3> "$2"
	echo started >&3

	cd "$cwd" || cd /
	/bin/sh /run/guest/command < /dev/null > /run/guest/out 2>&1 3>&- &
	command=$!
	[ "$limit" -le 60 ] || tell_what_hangs > /run/guest/out 2> /dev/null 3>&- &
	wait "$command"
	code=$?
	end_stragglers "$reader"
	wait "$reader"
	$bb sync
	if [ -n "$results" ] && [ -n "$disk" ]; then
		$bb tar -c -C /run/results . > "$(echo /dev/vport*p3)"
	elif [ -n "$results" ]; then
		$bb umount /run/results
	fi
	echo "exit $code" >&3
	# isa-debug-exit ends QEMU at once. Without it, power off.
	[ ! -c /dev/port ] || printf '\001' | $bb dd of=/dev/port bs=1 seek=1281 count=1 2> /dev/null
	$bb poweroff -f
}

case $0 in
/run/guest/init)
	# shellcheck source=/dev/null
	. /run/guest/guest.conf
	if [ "${1:-}" != command ]; then
		mount_rest
		set_up_network
		$bb hostname guest
		[ -z "$systemd" ] || become_systemd
		mount_kernels
	fi
	run_command
	;;
*)
	enter_root
	echo "guest: cannot put the root file system together"
	$bb poweroff -f
	;;
esac

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs a command as root on another kernel: in a QEMU machine with this machine's root file system, read-only
# under an overlay in memory. So everything built and installed here exists there.
#
# Some guests have a root file system of their own (root.sh), with this repository in it:
# - of another architecture: build/ is what tests/deploy/cross.sh has built
# - of a kernel without 9p: a disk image with what the tests in tests/vm need
#
#	guest.sh [OPTIONS] [--] COMMAND...
#
#	-k SERIES		kernel; see kernels.sh --list and --default
#	-o DIR			is shared, writable, with the command as $RESULTS
#	-t SECONDS		time limit for everything (300; 0: none)
#	-f [ADDRESS:]PORT:PORT	forward a TCP port of the host (127.0.0.1) to the guest; repeatable
#	-n TAP			connect the guest, 10.0.2.15, to this network device, 10.0.2.2; instead of -f
#	-e NAME=VALUE		set in the command's environment; repeatable
#	-a 'WORDS'		append to the kernel command line
#	-c CPUS, -m MEGABYTES	2, 1024
#	-s			one host thread for all CPUs: slower, but the emulator runs no stale code
#				where a kernel patches itself often
#	-r			if the emulator runs stale code under the command, run it again with an
#				empty DIR, at most twice
#	-S			systemd is the first process, and the command one of its units
#	-K			keep the host's /tmp visible (else an empty one in memory, with this tree if it is there)
#	-v			print how long the boot took
#
# The command runs in the repository's root. Its output appears as it is written, and its exit code is ours.
# Other exit codes are 124: time is up, 125: did not boot (or bad usage), 123: the guest died under the
# command. For these, the kernel's last messages are printed.
#
# At 90 % of the time limit, the guest prints its processes and their stacks. QEMU prints the position of each CPU.
#
# GUEST_SLOTS=N waits while N other guests with GUEST_SLOTS run, in the order of the calls.
# GUEST_RERUNS=DIR gets a file for each command that is run again (-r).
# ICOUNT=1 counts instructions instead of time (one CPU): 1 ns in the guest is 1 instruction.
# ACCEL=tcg or kvm overrides the trial boot that decides whether KVM works.
set -eu
unset CDPATH

here=$(cd "$(dirname "$0")" && pwd -P)
repository=$(cd "$here/../.." && pwd -P)
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter

series='' results='' limit=300 forwards='' tap='' append='' cpus=2 memory=1024 threads=multi verbose='' exports='' keep_tmp=''
again='' systemd=''

die() {
	echo "guest: $*" >&2
	exit 125
}

# Quotes $1 as one word for a shell command.
quote() {
	printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

while getopts k:o:t:f:n:e:a:c:m:rsSKv option; do
	case $option in
	k) series=$OPTARG ;;
	o) results=$OPTARG ;;
	t) limit=$OPTARG ;;
	f) forwards="$forwards $OPTARG" ;;
	n) tap=$OPTARG ;;
	e) exports="$exports export ${OPTARG%%=*}=$(quote "${OPTARG#*=}");" ;;
	a) append=$OPTARG ;;
	c) cpus=$OPTARG ;;
	m) memory=$OPTARG ;;
	r) again=yes ;;
	s) threads=single ;;
	S) systemd=yes ;;
	K) keep_tmp=yes ;;
	v) verbose=yes ;;
	*) die "usage: guest.sh [-k SERIES] [-o DIR] [-t SECONDS] [-f PORT:PORT] [-n TAP]" \
		"[-e NAME=VALUE] [-a WORDS] [-c CPUS] [-m MEGABYTES] [-r] [-s] [-S] [-K] [-v] -- COMMAND..." ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "no command to run; usage: guest.sh [OPTIONS] -- COMMAND..."

[ "$(uname -m)" = x86_64 ] || die "the test guests run on x86-64 machines only"
[ -n "$series" ] || series=$(sh "$here/kernels.sh" --default)
kernel=$(sh "$here/kernels.sh" --path "$series") || exit 125
release=$(cat "$kernel/version")

# foreign: the architecture, if it is not this machine's. disk: the root file system is a disk.
foreign='' disk='' root=/ qemu=qemu-system-x86_64
case $series in
*-arm64) foreign=arm64 qemu=qemu-system-aarch64 ;;
esac
[ -n "$(find "$kernel/lib/modules" -name '9p.ko*')" ] || disk=yes
for tool in "$qemu" busybox cpio ${disk:+mke2fs}; do
	command -v "$tool" > /dev/null ||
		die "$tool is needed and is not here: run sh deploy/deps.sh guest${foreign:+ $foreign}"
done
if [ -n "$foreign$disk" ]; then
	[ -z "$systemd" ] || die "-S needs this machine's root file system"
	[ -z "$foreign" ] || [ -d "$repository/build/$foreign" ] ||
		die "build/$foreign is not there: run tests/deploy/cross.sh"
	root=$(sh "$here/root.sh" "${foreign:-$(dpkg --print-architecture)}") || exit 125
fi
busybox=$(PATH=$root/bin:$root/usr/bin:$PATH command -v busybox)

# shellcheck source=tests/vm/guest_files.sh
. "$here/guest_files.sh"

# ---- the machine --------------------------------------------------------------------------------

take_free_slot() {
	for slot in $(seq "$GUEST_SLOTS"); do
		exec 8> "$cache/slot.$slot"
		! flock -n 8 || return 0
	done
	exec 8>&-
	return 1
}

# Takes one of $GUEST_SLOTS until QEMU ends. With more guests than CPUs, all exceed their time limits. Linux
# grants flock(2) in the order of the calls, and forgets callers that die. So the guest that has waited
# longest holds the queue's lock, and looks for a slot.
take_slot() {
	exec 7> "$cache/slot.queue"
	flock 7
	until take_free_slot; do
		sleep 0.2
	done
	exec 7>&-
}

# Starts QEMU with the initrd in $temp in the background, and sets $machine. $1: tcg or kvm.
start_machine() {
	smp=$cpus
	if [ -n "$foreign" ]; then
		# Signs return addresses with a cheap hash.
		cpu=max,pauth-impdef=on words=console=ttyAMA0
	else
		cpu=max words='console=ttyS0 tsc=reliable no_timer_check'
	fi
	if [ -n "${ICOUNT:-}" ]; then
		smp=1
		set -- -accel tcg,thread=single -cpu "$cpu" -icount shift=0
	elif [ "$1" = kvm ]; then
		set -- -accel kvm -cpu host
	else
		# Without the first two, kernels copy memory by words. String instructions are fastest on a CPU,
		# but emulated, they copy byte by byte. The others take the emulator a twentieth of its time.
		[ -n "$foreign" ] || cpu=$cpu,-erms,-fsrm,-la57,-smap,-pku
		set -- -accel "tcg,thread=$threads" -cpu "$cpu"
	fi
	if [ -n "$foreign" ]; then
		set -- "$@" -M virt,gic-version=3
	else
		set -- "$@" -M q35 -device isa-debug-exit,iobase=0x501,iosize=1
	fi
	if [ -n "$disk" ]; then
		set -- "$@" -drive "file=$temp/disk.img,format=raw,if=none,id=root,readonly=on" \
			-device virtio-blk-pci,drive=root
	else
		set -- "$@" -fsdev "local,id=root,path=$root,security_model=none,readonly=on,multidevs=remap" \
			-device virtio-9p-pci,fsdev=root,mount_tag=root
	fi
	if [ -n "$foreign" ] && [ -z "$disk" ]; then
		set -- "$@" \
			-fsdev "local,id=repository,path=$repository,security_model=none,readonly=on,multidevs=remap" \
			-device virtio-9p-pci,fsdev=repository,mount_tag=repository \
			-fsdev "local,id=modules,path=$kernel/lib/modules,security_model=none,readonly=on" \
			-device virtio-9p-pci,fsdev=modules,mount_tag=modules
	fi
	# An emulated CPU takes long for tests of entropy and ciphers, and for clearing memory.
	fewer='random.trust_cpu=on cryptomgr.notests initcall_blacklist=jent_mod_init init_on_alloc=0'
	image=$kernel/vmlinuz
	[ ! -s "$kernel/vmlinux" ] || image=$kernel/vmlinux

	set -- "$@" -nodefaults -no-user-config -display none -no-reboot \
		-m "$memory" -smp "$smp" -kernel "$image" -initrd "$temp/initrd" \
		-append "$words quiet mitigations=off panic=-1 nokaslr $fewer $append" \
		-chardev "file,id=console,path=$temp/console" -serial chardev:console \
		-chardev "pipe,id=monitor,path=$temp/monitor" -mon chardev=monitor \
		-device virtio-serial-pci,ioeventfd=off \
		-chardev "file,id=out,path=$temp/out" -device virtserialport,nr=1,chardev=out \
		-chardev "file,id=status,path=$temp/status" -device virtserialport,nr=2,chardev=status
	# ioeventfd=off: output is in the file before the guest goes on.
	if [ -n "$results" ] && [ -n "$disk" ]; then
		set -- "$@" -chardev "file,id=results,path=$temp/results.tar" \
			-device virtserialport,nr=3,chardev=results
	elif [ -n "$results" ]; then
		set -- "$@" -fsdev "local,id=results,path=$results,security_model=none,multidevs=remap" \
			-device virtio-9p-pci,fsdev=results,mount_tag=results
	fi
	if [ -n "$tap" ]; then
		set -- "$@" -netdev "tap,id=net,ifname=$tap,script=no,downscript=no" \
			-device virtio-net-pci,netdev=net,romfile=
	elif [ -n "$forwards" ]; then
		netdev=user,id=net
		for forward in $forwards; do
			guest_port=${forward##*:}
			host=${forward%:*}
			case $host in
			*:*) ;;
			*) host=127.0.0.1:$host ;;
			esac
			netdev=$netdev,hostfwd=tcp:$host-:$guest_port
		done
		set -- "$@" -netdev "$netdev" -device virtio-net-pci,netdev=net,romfile=
	fi
	: > "$temp/out"
	: > "$temp/status"
	rm -f "$temp/monitor.in" "$temp/monitor.out"
	mkfifo "$temp/monitor.in" "$temp/monitor.out"
	machine_start=$(date +%s)
	timeout -k 2 "$limit" "$qemu" "$@" < /dev/null > "$temp/qemu.log" 2>&1 &
	machine=$!
}

# The kernel died of code that no longer exists: a breakpoint, or the first bytes of a function where it
# patches calls. No instruction there can access memory.
ran_stale_code() {
	grep -q 'Oops: int3' "$temp/console" ||
		{ grep -q '^[^a-z]*RIP: 0010:[A-Za-z0-9_.]*+0x0/' "$temp/console" &&
			grep -q 'Code: .* <e8> ' "$temp/console"; }
}

# Not always by an instruction that shows it.
died() {
	ran_stale_code || grep -q 'Kernel panic' "$temp/console"
}

# A silent kernel that makes no progress is as rare as one that runs stale code.
limit_boot() {
	left=$boot_limit
	while [ ! -s "$temp/status" ]; do
		kill -0 "$machine" 2> /dev/null || return 0
		if [ "$left" -eq 0 ]; then
			: > "$temp/stuck"
			kill "$machine"
		fi
		left=$((left - 1))
		sleep 1
	done
}

# Asks QEMU for its CPUs shortly before the time limit, because a guest with stuck CPUs cannot. The kernel's
# symbols are not randomised (nokaslr).
tell_cpus() {
	[ "$limit" -gt 60 ] || return 0
	wait_for=$((limit - limit / 20 - $(date +%s) + machine_start))
	while [ "$wait_for" -gt 0 ]; do
		kill -0 "$machine" 2> /dev/null || return 0
		wait_for=$((wait_for - 1))
		sleep 1
	done
	timeout 8 cat "$temp/monitor.out" > "$temp/monitor.log" &
	for _ in 1 2 3; do
		echo "info registers -a"
		sleep 1
	done > "$temp/monitor.in"
	wait $!
}

wait_machine() {
	machine_code=0
	rm -f "$temp/stuck"
	(limit_boot; tell_cpus) &
	watcher=$!
	wait "$machine" || machine_code=$?
	kill "$watcher" 2> /dev/null || true
	wait "$watcher" || true
	machine=''
	[ ! -s "$temp/results.tar" ] || tar -x -C "$results" -f "$temp/results.tar"
	code=$(sed -n 's/^exit //p' "$temp/status")
}

# /dev/kvm can exist and be useless. Only a successful boot proves that it works. The verdict is valid until
# this machine reboots.
choose_accelerator() {
	if [ -n "${ACCEL:-}" ]; then
		echo "$ACCEL"
		return
	fi
	if [ -n "${ICOUNT:-}" ] || [ -n "$foreign" ] || [ ! -w /dev/kvm ]; then
		echo tcg
		return
	fi
	boot=$(cat /proc/sys/kernel/random/boot_id)
	verdict=$cache/accelerator
	exec 9> "$verdict.lock"
	flock 9
	if [ "$(sed -n 1p "$verdict" 2> /dev/null)" != "$boot" ]; then
		works=tcg
		if (ACCEL=kvm sh "$0" -k "$series" -t 12 -- true) > /dev/null 2>&1 9>&-; then
			works=kvm
		fi
		printf '%s\n%s\n' "$boot" "$works" > "$verdict.new"
		mv "$verdict.new" "$verdict"
	fi
	sed -n 2p "$verdict"
	exec 9>&-
}

show_console() { # show_console LINES
	if [ -e "$temp/monitor.log" ] && [ ! -s "$temp/monitor.log" ]; then
		echo "guest: QEMU hangs: its monitor does not answer"
	elif [ -s "$temp/monitor.log" ]; then
		echo "guest: the CPUs, three times in three seconds:"
		tr -d '\r' < "$temp/monitor.log" | grep -o -E '^CPU#[0-9]+|^ *(RIP|PC)=.*' | sed 's/^/    /'
	fi
	echo "guest: the kernel's last words:"
	tail -n "$1" "$temp/console" 2> /dev/null | tr -d '\r' | sed 's/^/    /'
	sed 's/^/    qemu: /' "$temp/qemu.log"
}

# shellcheck disable=SC2317 # called by the trap
finish() {
	trap '' HUP INT TERM
	[ -z "$machine" ] || kill "$machine" 2> /dev/null || true
	[ -z "$follower" ] || kill "$follower" 2> /dev/null || true
	wait
	rm -rf "$temp"
}

# Prints the guest's output until QEMU has ended and everything is printed.
follow_output() {
	tail -q -s 0.05 --pid="$machine" -c +1 -f "$temp/out" 2> /dev/null &
	follower=$!
	[ -z "$verbose" ] || {
		while [ ! -s "$temp/status" ] && kill -0 "$machine" 2> /dev/null; do
			sleep 0.05
		done
		echo "guest: kernel $release up in $(($(date +%s%3N) - start)) ms ($accelerator)" >&2
	}
}

accelerator=$(choose_accelerator)
if [ -n "$results" ]; then
	mkdir -p "$results"
	results=$(cd "$results" && pwd -P)
fi

machine='' follower='' boot_limit=200
temp=$(mktemp -d)
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

make_initrd "$@"
[ -z "$disk" ] || make_disk
[ -z "${GUEST_SLOTS:-}" ] || take_slot
start=$(date +%s%3N)
# With two CPUs at once, QEMU can run a breakpoint that the other CPU has just removed. A real CPU does not.
# One guest in forty dies of it when the kernel patches its own code. stale_code.sh shows it without an
# exporter: 7 dies within seconds, and 5.10 hangs. During the boot, another boot loses nothing. Later, the
# caller decides (-r).
for attempt in 1 2 3; do
	start_machine "$accelerator"
	follow_output
	wait_machine
	wait "$follower" || true
	follower=''
	if [ -e "$temp/stuck" ]; then
		echo "guest: the emulator did not get kernel $release to boot in $boot_limit s (try $attempt of 3)" >&2
	elif [ -n "$code" ]; then
		break
	elif [ ! -s "$temp/status" ] && died; then
		echo "guest: kernel $release died in the emulator while booting (try $attempt of 3)" >&2
	elif [ -n "$again" ] && [ "$attempt" -lt 3 ] && ran_stale_code; then
		echo "guest: the emulator ran stale code under the command; once more"
		[ -z "$results" ] || find "$results" -mindepth 1 -delete
		[ -z "${GUEST_RERUNS:-}" ] || echo "$release: $*" > "$GUEST_RERUNS/$$.$attempt"
	else
		break
	fi
done

if [ -n "$code" ]; then
	exit "$code"
elif [ "$machine_code" -eq 124 ] || [ "$machine_code" -eq 137 ]; then
	if [ -s "$temp/status" ]; then
		echo "guest: time is up: the command was still running after $limit s"
	else
		echo "guest: time is up: kernel $release had not booted after $limit s"
	fi
	show_console 300
	exit 124
elif [ -s "$temp/status" ]; then
	echo "guest: kernel $release died under the command"
	if ran_stale_code; then
		echo "guest: the emulator ran stale code"
	fi
	show_console 30
	exit 123
fi
echo "guest: kernel $release did not boot"
show_console 30
exit 125

# SPDX-License-Identifier: GPL-2.0-only
# Functions for the parts of the benchmark. A part runs at the repository's root, natively or in a guest. It
# appends to $RESULTS/figures: NAME, VALUE and NOTE, separated by tabs. A value of "-" could not be measured,
# and the note has the reason. report.py makes the tables.
# shellcheck shell=bash disable=SC2034 # used where it is sourced

exporter=build/retprobe_exporter
port=${BENCH_PORT:-10497}
url=http://127.0.0.1:$port
# The mechanisms for kernel functions, in the order of the tables.
mechanisms='fsession.multi fsession fexit kprobe.session kprobe.multi kretprobe'
user_mechanisms='uprobe.ret uprobe.session uprobe.multi uretprobe'
user_object=$PWD/build/bench_calls user_function=bench_function
case $(uname -m) in
x86_64) function=__x64_sys_getpgid ;;
aarch64) function=__arm64_sys_getpgid ;;
*) function=__se_sys_getpgid ;;
esac
scratch=$(mktemp -d)
mkfifo "$scratch/nap"
trap 'rm -rf "$scratch"' EXIT
pid='' # of what is being measured

figure() { # figure NAME VALUE [NOTE]
	printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" >>"$RESULTS/figures"
}

# Sleeps without a process, which would take longer than the nap in an emulated guest.
nap() { # nap SECONDS
	read -rt "$1" <>"$scratch/nap"
}

microseconds() {
	echo "${EPOCHREALTIME/[^0-9]/}"
}

is_ready() (
	trap '' PIPE # of an exporter that has ended in the meantime
	exec 3<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET /-/ready HTTP/1.0\r\n\r\n' >&3
	read -r _ code _ <&3 && [ "$code" = 200 ]
) 2>/dev/null

# The last error in FILE, without the program's name and the position.
complaint() { # complaint FILE
	# shellcheck disable=SC2016 # sed's $
	sed -n 's/^ts=[^ ]* level=\(error\|warn\) msg="\(.*\)"$/\2/; s/^[a-z_]*: \(error: \)\{0,1\}//
		s/^argument [0-9]*: //; s/\\"/"/g; /./h; ${x;p;}' "$1" | cut -c 1-300
}

# Starts the exporter and waits until it is ready. Returns 0, or 1 and the reason in $why.
start_exporter() { # start_exporter SECONDS ARGUMENTS...
	local until=$(($(microseconds) + $1 * 1000000))
	shift
	why=''
	if is_ready; then
		why="something else answers on port $port"
		return 1
	fi
	$exporter --web.listen-address="127.0.0.1:$port" "$@" >"$scratch/log" 2>&1 &
	pid=$!
	while ! is_ready; do
		if ! kill -0 $pid 2>/dev/null; then
			wait $pid
			why=$(complaint "$scratch/log")
			return 1
		elif [ "$(microseconds)" -gt $until ]; then
			stop TERM
			why='not attached within the time limit'
			return 1
		fi
		nap 0.005
	done
	return 0
}

stop() { # stop SIGNAL
	kill "-$1" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

# The sum of all matching series of /metrics.
metric() { # metric REGEX
	curl -sf "$url/metrics" | awk -v wanted="^$1" '$0 ~ wanted { sum += $NF } END { printf "%.0f\n", sum }'
}

# Whether a mechanism works here; else the reason is in $why.
has_mechanism() { # has_mechanism NAME [PROBE]
	$exporter --mechanism="$1" --config.check "${2:-$function}" >"$scratch/log" 2>&1 && return
	why=$(complaint "$scratch/log")
	return 1
}

# Prefixes of functions that neither the benchmark's loop nor a timer tick calls.
other_prefixes='acpi pci crypto xen fuse clk cxl devm regmap i2c iommu tty input spi mptcp devlink
	regulator damon dma hid usb snd ipv6 nf tcp udp
	intel amd blk selinux tomoyo aa apparmor xfrm btf ima netdev audit thermal netlbl hv efi pcie
	tpm fib ip6 ethnl fb tcf fscrypt edac xenbus cpufreq hugetlb fib6 virtio vp unix dmi pnp rtnl bio
	ethtool power mipi netlink gpiod uart inet6 io security proc inet cgroup kernfs shmem skb ip sk sock
	serial8250 drm vga pm device quirk x86 register setup early param posix sysfs debugfs configfs
	quota dquot swap zswap ksm scsi ata nvme mmc rtc led leds hwmon backlight bus driver class platform
	component software fwnode of property genl tls vlan eth phy mdio neigh dst nh nexthop rt6 rt ndisc
	igmp ipmr ip6mr bpf trace perf event hist btrfs ext4 jbd2 iomap netfs dax mpi rsa x509 pkcs7
	asymmetric key keyring keyctl integrity evm landlock smack yama ipe user mnt ns pid net fanotify
	inotify fsnotify eventfd timerfd signalfd userfaultfd aio io_uring mq msg sem shm ipc'

# COUNT names of kernel functions with known types that the benchmark's loop does not call. The first ones are
# the same for any COUNT.
other_functions() { # other_functions COUNT
	if [ ! -s "$scratch/functions" ]; then
		$exporter --probe.list 2>/dev/null | awk -v prefixes="$other_prefixes" '
			BEGIN {
				n = split(prefixes, name)
				for (i = 1; i <= n; i++)
					rank[name[i]] = i
			}
			$1 == "vmlinux" && $4 != "-" && $2 ~ /^[a-z0-9]+_[a-z0-9_]*$/ {
				split($2, word, "_")
				if (word[1] in rank)
					print rank[word[1]], $2
			}' | sort -s -n -k 1,1 | cut -d ' ' -f 2 >"$scratch/functions"
	fi
	head -n "$1" "$scratch/functions"
}

# A configuration file with the probes from standard input.
write_config() { # write_config FILE
	{
		printf 'probes:\n  - functions:\n'
		sed 's/^/      - /'
	} >"$1"
}

# Attaches an empty pair. Returns 0 with the number of functions in $attached, or 1 and the reason in $why.
start_empty() { # start_empty SECONDS MECHANISM FUNCTION: MECHANISM may begin with -r
	local line=''
	mkfifo "$scratch/ready"
	# shellcheck disable=SC2086 # an option and a name
	build/bench_empty $2 "$3" >"$scratch/ready" 2>"$scratch/log" &
	pid=$!
	read -rt "$1" line <"$scratch/ready"
	rm "$scratch/ready"
	attached=${line#ready }
	[ -z "$line" ] || return 0
	stop KILL
	why=$(complaint "$scratch/log")
	return 1
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest whose first process is systemd: systemd_guest.sh PACKAGE NEXT_PACKAGE DPKG installs the Debian
# package, uses it as an administrator would, upgrades it, and removes it. Writes results to $RESULTS for
# systemd_check.py. DPKG is a copy of dpkg's database with few packages.
#
# An emulated systemctl takes longer than a request, so functions that wait start it last.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh
PORT=10435
# Long enough for whole restarts. The clock of a slow emulator can run several times too fast.
PATIENCE=400
UNIT=retprobe-exporter.service
SOCKET=retprobe-exporter.socket
DEFAULTS=/etc/default/retprobe-exporter
CONFIG=/etc/retprobe_exporter.yaml
DROP_INS=/run/systemd/system/$UNIT.d

fail() {
	echo "not ok: $*"
	systemctl status --no-pager --lines=0 $UNIT
	journalctl --no-pager -o cat -u $UNIT -u $SOCKET | tail -n 25
	exit 1
}

step() {
	echo "$SECONDS s: $*"
}

property() { # property NAME [UNIT]
	systemctl show -P "$1" "${2:-$UNIT}"
}

properties() { # properties FILE
	systemctl show -p ActiveState,SubState,Result,MainPID,NRestarts,ExecMainCode,ExecMainStatus,UnitFileState \
		$UNIT > "$RESULTS/$1"
}

is_active() {
	get /-/ready > /dev/null 2>&1 && [ "$(property ActiveState)" = active ]
}

# is_another PID: this main process has ended, and another one serves. Does not connect before there is one, because
# a connection to the socket would start it.
is_another() {
	[ ! -e "/proc/$1" ] && read -r _ < "/sys/fs/cgroup/system.slice/$UNIT/cgroup.procs" && is_active
} 2> /dev/null

server() {
	pgrep -P "$(property MainPID)" | tail -n 1
}

is_another_server() { # is_another_server PID
	[ ! -e "/proc/$1" ] && get /-/ready > /dev/null 2>&1
}

metrics_have() { # metrics_have REGEX
	get /metrics "$RESULTS/waiting" && grep -Eq "$1" "$RESULTS/waiting"
}

calls() { # all that the configuration counts
	"$W" getpgid-live 2 600 > /dev/null && "$W" unlink-missing 2 300 > /dev/null &&
		"$W" msgrcv-invalid 1 200 > /dev/null && "$W" read-zero 1 150 4000 > /dev/null &&
		"$W" user-function 1 100 7 > /dev/null && "$W" user-recursion 1 5 > /dev/null || fail "the calls"
}

traces() { # traces FILE: what is attached in the kernel, and the service's cgroup
	{
		cat $T/kprobe_events $T/uprobe_events
		cut -d ' ' -f 1 $T/enabled_functions
		find /sys/fs/cgroup -name 'retprobe*'
	} > "$RESULTS/$1"
}

# ---- a machine on which packages start their services ---------------------------------------------------
rm -f /usr/sbin/policy-rc.d
cp -r "$3" /run/dpkg
mount -o bind /run/dpkg /var/lib/dpkg || fail "dpkg's database"
export DEBIAN_FRONTEND=noninteractive
package() { # package ARGUMENTS...
	dpkg --force-unsafe-io "$@" > "$RESULTS/dpkg.log" 2>&1 || {
		cat "$RESULTS/dpkg.log"
		fail "dpkg $*"
	}
}

step "installed"
traces traces.before
package -i "$1"
properties installed
systemctl is-enabled $SOCKET > "$RESULTS/installed.socket" 2>&1
is_active || fail "it does not serve when the installation is over"
scrape default.metrics
traces traces.running
main=$(property MainPID)
cat "/proc/$main/status" > "$RESULTS/attacher.status"
cat "/proc/$(server)/status" > "$RESULTS/server.status"
cat "/proc/$main/mountinfo" > "$RESULTS/attacher.mounts"
id -u retprobe_exporter > "$RESULTS/user"
systemctl --version | head -n 1 > "$RESULTS/version"
systemd-analyze --no-pager security $UNIT > "$RESULTS/security"

step "a configuration that uses every mechanism"
kernel_has() { # kernel_has SYMBOL...
	local symbol
	for symbol; do
		grep -q " $symbol\$" /proc/kallsyms || return 1
	done
}

mechanism() { # mechanism NAME SYMBOL...: if the kernel has what it needs
	local name=$1
	shift
	kernel_has "$@" || return
	echo "$name" >> "$RESULTS/mechanisms"
	echo ", mechanism: $name"
}

systemctl stop $UNIT
properties stopped
traces traces.stopped
cat > $CONFIG << END
defaults: {maxactive: 64}
probes:
  - {functions: __x64_sys_getpgid, mechanism: fexit, labels: [cgroup], filter: ["comm == workload"]}
  - {functions: "do_unlinkat|filename_unlinkat", mechanism: kretprobe, filter: ["comm == workload"]}
  - {functions: __x64_sys_msgrcv, filter: ["comm == workload"]$(
	mechanism kprobe.session register_fprobe_ips bpf_session_cookie)}
  - {functions: vfs_read, filter: ["comm == workload", "count == 4000"]$(
	mechanism kprobe.multi register_fprobe_ips)}
  - {syscalls: getpgid, filter: ["comm == workload"]}
  - {user: {object: $W, functions: workload_function}$(
	mechanism uprobe.multi bpf_uprobe_multi_link_attach)}
  - {user: {object: $W, functions: workload_recursion}, mechanism: uretprobe}
  - {user: {library: libc.so.6, comm: sleeper, functions: getpwnam}}
END
ln -s "$(command -v sleep)" /run/sleeper
setpriv --reuid=65534 --regid=65534 --clear-groups /run/sleeper infinity &
sed -i "s|^ARGS=.*|ARGS=\"--config.file=$CONFIG --config.strict\"|" $DEFAULTS
# As at the next boot: enabled units start with the target.
systemctl start multi-user.target
wait_until "the service that is enabled" is_active
properties booted
calls
scrape configured.metrics

step "reload"
main=$(property MainPID)
echo '  - {functions: vfs_statx}' >> $CONFIG
systemctl reload $UNIT || fail "reload"
wait_until "the function that was added" metrics_have 'probe_attached\{object="vmlinux",function="vfs_statx",reason=""\} 1'
calls
scrape reloaded.metrics
echo '  - {functions: vfs_open, labls: [comm]}' >> $CONFIG
systemctl reload $UNIT 2> "$RESULTS/reload.answer"
echo $? > "$RESULTS/reload.code"
wait_until "the verdict" metrics_have '^retprobe_exporter_config_last_reload_successful 0'
calls
scrape refused.metrics
properties refused
[ "$(property MainPID)" = "$main" ] && echo same > "$RESULTS/reload.process"

step "an invalid configuration at the start"
systemctl restart $UNIT
echo $? > "$RESULTS/bad.code"
properties bad

step "the socket"
# Fewer functions to attach each time.
echo 'probes: [{functions: __x64_sys_getpgid, mechanism: kretprobe, maxactive: 64}]' > $CONFIG
sed -i '/^ARGS=/s/"$/ --web.systemd-socket"/' $DEFAULTS
mkdir -p $DROP_INS
printf '[Service]\nWatchdogSec=20s\nRestartSec=100ms\n' > $DROP_INS/watchdog.conf
# Also reads the drop-in.
systemctl enable $SOCKET 2> /dev/null || fail "the socket"
# On a fast machine, systemd refuses so many starts in a row.
systemctl reset-failed $UNIT
systemctl start $SOCKET || fail "the socket that is enabled"
property ActiveState > "$RESULTS/socket.before"
get /metrics "$RESULTS/socket.metrics" || fail "a connection that makes the service start"
properties socket

step "processes that are killed"
main=$(property MainPID)
child=$(server)
kill -9 "$child"
wait_until "another server" is_another_server "$child"
properties killed.server
[ "$(property MainPID)" = "$main" ] && echo same > "$RESULTS/killed.process"
kill -9 "$main"
wait_until "a service that is there again" is_another "$main"
properties killed.main

step "the watchdog"
main=$(property MainPID)
since=$(property WatchdogTimestampMonotonic)
until [ "$(property WatchdogTimestampMonotonic)" -gt "$since" ]; do
	[ -e "/proc/$main" ] || fail "no word to the watchdog"
	pause 2
done
kill -STOP "$main"
wait_until "a process that the watchdog started" is_another "$main"
properties watchdog
rm -r $DROP_INS
systemctl daemon-reload
"$W" getpgid-live 2 600 > /dev/null
scrape killed.metrics

step "upgrade"
cp $DEFAULTS "$RESULTS/defaults.before"
main=$(property MainPID)
# Requests all the time, even during the restart.
ask() {
	until [ -e /run/upgraded ]; do
		get /-/healthy && echo answered || echo refused
		read -r -t 0.3 <> <(:)
	done
}
ask > "$RESULTS/upgraded.answers" 2>&1 &
asking=$!
package --force-confdef --force-confold -i "$2"
wait_until "the new version" is_another "$main"
properties upgraded
cp $DEFAULTS "$RESULTS/defaults.after"
dpkg-query -W -f '${Version}\n' retprobe-exporter > "$RESULTS/upgraded.version"
touch /run/upgraded
wait $asking
"$W" getpgid-live 2 600 > /dev/null
scrape upgraded.metrics

step "removed"
dpkg-query -L retprobe-exporter > "$RESULTS/files"
package -r retprobe-exporter
traces traces.removed
systemctl show -p LoadState,ActiveState $UNIT $SOCKET > "$RESULTS/removed"
cp $DEFAULTS "$RESULTS/defaults.removed"
get / > /dev/null 2>&1 && echo "somebody answers" >> "$RESULTS/removed"
package -P retprobe-exporter
while read -r file; do
	[ -d "$file" ] && [[ $file != *retprobe* ]] || { [ -e "$file" ] && echo "$file"; }
done < "$RESULTS/files" > "$RESULTS/purged.files"
{
	find /etc /run /var/lib/dpkg/info /var/lib/systemd /usr/lib/systemd -name '*retprobe*' ! -path "$RESULTS/*"
	find /var/cache /usr/bin /usr/share/doc /usr/share/man/man1 -maxdepth 1 -name '*retprobe*'
} > "$RESULTS/purged.found"
getent passwd retprobe_exporter > "$RESULTS/purged.user"

step "the journal"
# The service and systemd.
journalctl --no-pager -o short-monotonic _SYSTEMD_UNIT=$UNIT + _PID=1 > "$RESULTS/journal"
dmesg | grep -E 'BUG|WARNING|Oops|RIP:' > "$RESULTS/kernel"
exit 0

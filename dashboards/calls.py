# SPDX-License-Identifier: GPL-2.0-only
"""Functions that wait for work, and errors that are not failures.

generate.py writes these lists into the dashboards (the constants `waits`, `expected` and `unexpected`) and into
retprobe.rules.yaml, which the alerts use. deploy/presets/README.md has the same lists for readers, which
tests/dashboards/panels_test.py checks.

The outcome `restarted` needs no entry: only calls with outcome="error" are errors.
"""

# These functions take as long as there is nothing to do. Their duration grows when traffic stops, so it does
# not show slowness. Listed by name for any object, since libc's wrappers have the names of system calls.
# Functions that wait for a disk, memory or a peer's answer are not listed: they are slow when something is slow.
WAITS = {
    "events": """
        epoll_wait epoll_pwait epoll_pwait2 do_epoll_wait poll ppoll do_sys_poll select pselect6 pselect
        do_select io_getevents io_pgetevents io_uring_enter io_cqring_wait""",
    "connections": "accept accept4 __sys_accept4 inet_accept inet_csk_accept unix_accept SSL_accept",
    "data": """
        read readv vfs_read vfs_readv vfs_iter_read pipe_read tty_read eventfd_read signalfd_read splice
        tee recv recvfrom recvmsg recvmmsg __sys_recvfrom sock_read_iter sock_recvmsg tcp_recvmsg
        tcp_splice_read udp_recvmsg udpv6_recvmsg unix_stream_recvmsg unix_dgram_recvmsg netlink_recvmsg
        svc_recv fuse_dev_do_read SSL_read SSL_read_ex""",
    "messages": "msgrcv do_msgrcv mq_timedreceive semop semtimedop do_semtimedop __do_semtimedop",
    "processes": "wait4 waitid waitpid wait do_wait kernel_wait4",
    "signals": """
        pause sigsuspend rt_sigsuspend rt_sigtimedwait sigtimedwait sigwait sigwaitinfo restart_syscall""",
    "time": "nanosleep clock_nanosleep do_nanosleep hrtimer_nanosleep sleep usleep",
    "locks": """
        futex futex_wait futex_waitv futex_lock_pi flock locks_lock_inode_wait fcntl fcntl_setlk
        pthread_cond_wait pthread_cond_timedwait pthread_join sem_wait sem_timedwait""",
    "the scheduler": """
        schedule schedule_timeout schedule_hrtimeout_range schedule_hrtimeout_range_clock
        wait_for_completion wait_for_completion_timeout""",
    "devices and guests": """
        ioctl vfs_ioctl syslog kvm_arch_vcpu_ioctl_run kvm_vcpu_halt kvm_vcpu_block""",
}

# Look-ups of paths that often do not exist: PATH, configuration files, libraries.
LOOKUPS = """
    open openat openat2 do_sys_openat2 do_sys_open do_filp_open access faccessat faccessat2 stat lstat newfstatat
    statx vfs_statx readlink readlinkat execve execveat bprm_execve do_execveat_common inotify_add_watch"""

# (codes, functions, why). No functions: all.
EXPECTED = [
    ("EAGAIN EINTR EINPROGRESS EALREADY EIOCBQUEUED", "", "not now: retry, or wait for a notification"),
    ("ECHILD", "", "no child is left to wait for; in path walks: retry where it may sleep"),
    ("ENOENT ENOTDIR", LOOKUPS, "the search continues elsewhere"),
    ("EINVAL", "readlink readlinkat", "not a symbolic link"),
    ("ENOENT", "unlink unlinkat do_unlinkat filename_unlinkat", "already gone"),
    ("ENOENT", "connect __sys_connect unix_stream_connect", "libc tries the name service cache"),
    ("EEXIST", "mkdir mkdirat do_mkdirat filename_mkdirat vfs_mkdir", "mkdir -p"),
    ("ENODATA EOPNOTSUPP", "getxattr lgetxattr fgetxattr vfs_getxattr", "no such attribute"),
    ("ETIMEDOUT", "futex futex_wait futex_waitv futex_lock_pi", "a timed wait has ended"),
    ("ENOTTY ENOIOCTLCMD", "ioctl vfs_ioctl", "a test for a terminal"),
    ("ESPIPE", "lseek vfs_llseek", "a test for a regular file"),
    ("ESRCH", "kill tgkill tkill", "a test for a running process"),
    ("EBADF", "close", "a loop that closes all possible descriptors"),
]

# Exceptions to the rows above for all functions.
UNEXPECTED = [
    ("EAGAIN", "fork vfork clone clone3 kernel_clone copy_process alloc_pid cgroup_can_fork pids_can_fork",
     "a process limit was reached"),
    ("EAGAIN", "mlock mlock2 mlockall setuid setreuid setresuid", "a resource limit was reached"),
]


def any_of(*names):
    """A regular expression of names. Prometheus anchors it."""
    return "|".join(name for group in names for name in group.split())


def waits():
    """A regular expression for the label `function`."""
    return any_of(*WAITS.values())


def errors(rows):
    """A regular expression for FUNCTION:CODE."""
    return "|".join(f"({any_of(functions) or '.*'}):({any_of(codes)})" for codes, functions, _ in rows)

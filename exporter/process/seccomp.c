/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server may use the system calls of libmicrohttpd, TLS, threads and malloc. It cannot open
 * files, make or connect sockets, run programs, call bpf(2), or signal other processes.
 *
 * Any other call fails with EPERM and does not kill the process: a library falls back as it would
 * on an old kernel. The filter compares int arguments as 32 bits, because the kernel ignores the
 * upper half of the register.
 */
#include "process/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/util.h"

#ifndef MADV_GUARD_INSTALL /* Linux 6.13; newer C libraries guard stacks with it */
#define MADV_GUARD_INSTALL 102
#endif

#define INT 0xffffffffULL
#define ARG(n, mask, value)                        \
	{                                          \
		n, SCMP_CMP_MASKED_EQ, mask, value \
	}
#define IS(n, value)   ARG(n, INT, value)
#define LACKS(n, bits) ARG(n, bits, 0)
#define CALL(name, ...)                                         \
	{                                                       \
		.call = SCMP_SYS(name), .args = { __VA_ARGS__ } \
	}

#define A_THREAD                                                                            \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static const struct rule {
	int call;
	struct scmp_arg_cmp args[2]; /* one without a mask is none */
} allowed[] = {
	CALL(accept4),
	CALL(brk),
	CALL(clock_gettime),
	CALL(clock_nanosleep),
	CALL(clone, IS(0, A_THREAD)),
	CALL(close),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_pwait),
	CALL(epoll_wait),
	CALL(eventfd2),
	CALL(exit),
	CALL(exit_group),
	CALL(fcntl, IS(1, F_GETFL)),
	CALL(futex),
	CALL(getpid),
	CALL(getrandom),
	CALL(getsockname),
	CALL(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_DOMAIN)),
	CALL(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_ERROR)),
	CALL(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_TYPE)),
	CALL(gettid),
	CALL(gettimeofday),
	CALL(madvise, IS(2, MADV_DONTNEED)),
	CALL(madvise, IS(2, MADV_GUARD_INSTALL)),
	CALL(mmap, LACKS(2, PROT_EXEC), ARG(3, MAP_ANONYMOUS, MAP_ANONYMOUS)),
	CALL(mprotect, LACKS(2, PROT_EXEC)),
	CALL(mremap),
	CALL(munmap),
	CALL(nanosleep),
	CALL(poll),
	CALL(ppoll),
	CALL(prctl, IS(0, PR_SET_NAME)),
	CALL(read),
	CALL(recvfrom),
	CALL(restart_syscall),
	CALL(rseq),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(sched_yield),
	CALL(seccomp, IS(0, SECCOMP_SET_MODE_FILTER)),
	/* MSG_FASTOPEN could connect a socket that has stopped listening. sendmsg() takes the
	 * address from memory, which no filter can see, but without the flag our sockets ignore
	 * it. */
	CALL(sendmsg, LACKS(2, MSG_FASTOPEN)),
	CALL(sendto, LACKS(3, MSG_FASTOPEN), ARG(4, UINT64_MAX, 0)),
	CALL(set_robust_list),
	CALL(setsockopt, IS(1, IPPROTO_TCP), IS(2, TCP_CORK)),
	CALL(setsockopt, IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY)),
	CALL(shutdown),
	CALL(write),
	/* Messages of the C library when it aborts. */
	CALL(writev, IS(0, STDERR_FILENO)),
};

/* Calls that only starting needs: threads, and the filters themselves. */
static const int for_the_start[] = {
	SCMP_SYS(clone),    SCMP_SYS(epoll_create1), SCMP_SYS(eventfd2), SCMP_SYS(getsockopt),
	SCMP_SYS(mprotect), SCMP_SYS(prctl),	     SCMP_SYS(seccomp),
};

/* Other processes share the listening sockets, and later servers get them. */
static const int not_of_listeners[] = { SCMP_SYS(setsockopt), SCMP_SYS(shutdown) };

static int protect_listeners(const int *fds, size_t n)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err = 0;

	if (!ctx)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(not_of_listeners) && !err; k++)
			err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), not_of_listeners[k], 1,
					       (struct scmp_arg_cmp)IS(0, fds[i]));
	if (!err && n)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

static unsigned count_args(const struct rule *r)
{
	unsigned n = 0;

	while (n < ARRAY_SIZE(r->args) && r->args[n].datum_a)
		n++;
	return n;
}

static int allow(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp itself = IS(0, getpid());
	int err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, itself);

	for (size_t i = 0; i < ARRAY_SIZE(allowed) && !err; i++)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, allowed[i].call,
					     count_args(&allowed[i]), allowed[i].args);
	/* The flags of clone3() are in memory, too. With ENOSYS libc uses clone(2). */
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return err;
}

int seccomp__limit_calls(const int *listeners, size_t n)
{
	scmp_filter_ctx ctx;
	int err = protect_listeners(listeners, n);

	if (err)
		return err;
	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return -ENOMEM;
	err = allow(ctx);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

int seccomp__forbid_threads(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err = 0;

	if (!ctx)
		return -ENOMEM;
	err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	/* no_new_privs is set already; setting it again would need prctl(). */
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
	for (size_t i = 0; i < ARRAY_SIZE(for_the_start) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), for_the_start[i], 0);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

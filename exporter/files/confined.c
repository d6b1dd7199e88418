/* SPDX-License-Identifier: GPL-2.0-only */
#include "files/confined.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/error.h"
#include "files/confined_drop.h"

#define PAGE	 4096
#define LEFT_MAX 16 /* children that cannot be killed; with so many, no more are started */
#ifndef KILL_TIME
#define KILL_TIME 0.2 /* seconds for a killed child to exit, unless it hangs in the kernel */
#endif

/* The first page of the shared memory. Written by the child. */
struct head {
	uint32_t done;
	int64_t result;
	char why[CONFINED_WHY];
};

struct confined {
	pid_t pid;
	int pidfd, gift;
	char *what;
	size_t max, mapped;
	void *shared;
	double deadline, seconds;
};

/* Children that were killed and still exist: in the kernel, they wait for a device or a server. */
static struct left {
	pid_t pid;
	char *what;
} left[LEFT_MAX];

static void reap_left(void)
{
	for (size_t i = 0; i < LEFT_MAX; i++)
		/* Another part of the process that reaps all children may have been first. */
		if (left[i].pid && waitpid(left[i].pid, NULL, WNOHANG)) {
			left[i].pid = 0;
			free(take_ptr(left[i].what));
		}
}

static struct left *find_left(const char *what)
{
	for (size_t i = 0; i < LEFT_MAX; i++)
		if (what ? left[i].pid && !strcmp(left[i].what, what) : !left[i].pid)
			return &left[i];
	return NULL;
}

static bool ends_within(const struct confined *c, double seconds)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	return TEMP_FAILURE_RETRY(poll(&p, 1, seconds > 0 ? (int)(seconds * 1000) + 1 : 0)) > 0;
}

static void free_confined(struct confined *c)
{
	cleanup__close(&c->pidfd);
	cleanup__close(&c->gift);
	if (c->shared)
		munmap(c->shared, c->mapped);
	free(c->what);
	free(c);
}

/* Kills the child. Returns whether it exited. */
static bool end_child(struct confined *c)
{
	struct left *l;

	kill(c->pid, SIGKILL);
	if (ends_within(c, KILL_TIME)) {
		waitpid(c->pid, NULL, WNOHANG);
		return true;
	}
	l = find_left(NULL);
	if (l)
		*l = (struct left){ c->pid, xstrdup(c->what) };
	return false;
}

void confined__abandon(struct confined *c)
{
	if (!c)
		return;
	end_child(c);
	free_confined(c);
}

/* ---- the child ------------------------------------------------------------------------------ */

static int gift_channel = -1; /* in the child */

int confined__give(int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec part = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(gift_channel, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void __attribute__((noreturn)) be_child(const struct confined_job *job, struct head *head)
{
	int err = confined__drop(job, gift_channel);

	head->result = err ? err : job->run(job->ctx, (char *)head + PAGE, job->max, head->why);
	if (err)
		snprintf(head->why, sizeof(head->why), "cannot be confined: %s", strerror(-err));
	__atomic_store_n(&head->done, 1, __ATOMIC_RELEASE);
	/* Without exit handlers, and without flushing buffers that are the parent's. */
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

/* ---- the caller ----------------------------------------------------------------------------- */

void *confined__memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int open_shared(struct confined *c)
{
	c->mapped = PAGE + ALIGN_UP(c->max, PAGE);
	c->shared = confined__memory(c->mapped);
	return c->shared ? 0 : -errno;
}

static int spawn(struct confined *c, const struct confined_job *job)
{
	int theirs = -1, pair[2], err = open_shared(c);

	if (!err && job->finds_files) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
			return -errno;
		c->gift = pair[0];
		theirs = pair[1];
	}
	if (err)
		return err;
	c->pid = fork();
	if (!c->pid) {
		gift_channel = theirs;
		be_child(job, c->shared);
	}
	err = c->pid < 0 ? -errno : 0;
	cleanup__close(&theirs);
	if (err)
		return err;
	/* Other children, started while this one runs, must not have it. */
	madvise(c->shared, c->mapped, MADV_DONTFORK);
	c->pidfd = syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd >= 0)
		return 0;
	err = -errno;
	kill(c->pid, SIGKILL);
	return err;
}

int confined__start(const struct confined_job *job, struct confined **out, char **why)
{
	struct confined *c;
	int err;

	reap_left();
	if (find_left(job->what))
		return error__set(why, -ETIMEDOUT, "%s has hung since an earlier attempt",
				  job->what);
	if (!find_left(NULL))
		return error__set(why, -EAGAIN, "%s is not tried: too many others hang", job->what);
	c = xcalloc(1, sizeof(*c));
	c->pidfd = c->gift = -1;
	c->what = xstrdup(job->what);
	c->max = job->max;
	c->seconds = job->seconds;
	c->deadline = monotonic_seconds() + job->seconds;
	err = spawn(c, job);
	if (err) {
		error__set(why, err, "%s cannot be started: %s", job->what, strerror(-err));
		free_confined(c);
		return err;
	}
	*out = c;
	return 0;
}

static int receive_gift(int channel)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec part = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int fd;

	if (channel < 0 || recvmsg(channel, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* It ended without a result. */
static int explain_end(const struct confined *c, int status, char **why)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (sig == SIGXCPU || sig == SIGALRM)
		return error__set(why, -ETIMEDOUT, "%s took longer than %g s", c->what, c->seconds);
	if (sig)
		return error__set(why, -EFAULT, "%s crashed (signal %d)", c->what, sig);
	return error__set(why, -EFAULT, "%s failed (exit code %d)", c->what, WEXITSTATUS(status));
}

static int explain_refusal(const struct confined *c, const struct head *head, char **why)
{
	int err = head->result < -4095 ? -EFAULT : (int)head->result;

	if (*head->why)
		return error__set(why, err, "%.*s", CONFINED_WHY - 1, head->why);
	if (err == -ENOMEM)
		return error__set(why, err, "%s takes too much memory", c->what);
	return error__set(why, err, "%s failed: %s", c->what, strerror(-err));
}

/* The child has exited, so the shared memory does not change any more. */
static int take_result(struct confined *c, int status, struct confined_result *out, char **why)
{
	const struct head *head = c->shared;

	if (!head->done)
		return explain_end(c, status, why);
	if (head->result < 0)
		return explain_refusal(c, head, why);
	if ((uint64_t)head->result > c->max)
		return error__set(why, -EMSGSIZE, "%s returned more than %zu bytes", c->what,
				  c->max);
	*out = (struct confined_result){
		.data = (char *)c->shared + PAGE,
		.size = head->result,
		.shared = take_ptr(c->shared),
		.mapped = c->mapped,
	};
	while (out->nfds < CONFINED_GIFTS) {
		int fd = receive_gift(c->gift);

		if (fd < 0)
			break;
		out->fds[out->nfds++] = fd;
	}
	return 0;
}

int confined__finish(struct confined *c, double seconds, struct confined_result *result, char **why)
{
	double over = c->deadline - monotonic_seconds();
	int status = 0, err;

	*result = (struct confined_result){};
	if (ends_within(c, seconds < over ? seconds : over)) {
		/* If it was reaped elsewhere, the shared memory says how it ended. */
		if (waitpid(c->pid, &status, WNOHANG) != c->pid)
			status = 0;
		err = take_result(c, status, result, why);
	} else if (monotonic_seconds() < c->deadline) {
		return -EAGAIN;
	} else {
		end_child(c);
		err = error__set(why, -ETIMEDOUT, "%s took longer than %g s", c->what, c->seconds);
	}
	free_confined(c);
	return err;
}

int confined__run(const struct confined_job *job, struct confined_result *result, char **why)
{
	struct confined *c;
	int err;

	*result = (struct confined_result){};
	err = confined__start(job, &c, why);
	if (err)
		return err;
	do
		err = confined__finish(c, job->seconds + 1, result, why);
	while (err == -EAGAIN);
	return err;
}

void confined__release(struct confined_result *result)
{
	if (result->shared)
		munmap(result->shared, result->mapped);
	for (size_t i = 0; i < result->nfds; i++)
		cleanup__close(&result->fds[i]);
	*result = (struct confined_result){};
}

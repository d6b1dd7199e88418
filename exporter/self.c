/* SPDX-License-Identifier: GPL-2.0-only */
#include "self.h"
#include "version.h"

#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>

/* The attacher writes its part without a lock, which a server that is not itself could hold. */
struct state {
	pthread_mutex_t lock; /* the servers' */
	struct self_request requests[SELF_CODES];
	size_t nrequests;
	double last_scrape_seconds;
	bool has_scrape;

	double reload_time;
	bool reload_ok;
	bool has_processes;
	struct self processes;
};

static struct state own = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	/* Codes that alerts are about exist before they happen. */
	.requests = { { .code = 200 }, { .code = 500 }, { .code = 503 } },
	.nrequests = 3,
};
static struct state *state = &own;

int self__share(void)
{
	struct state *shared = shared_memory(sizeof(*shared));
	pthread_mutexattr_t attr;

	if (!shared)
		return -errno;
	*shared = own;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	/* A server may be killed at any moment. */
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	state = shared;
	return 0;
}

static void lock(pthread_mutex_t *m)
{
	if (pthread_mutex_lock(m) == EOWNERDEAD)
		pthread_mutex_consistent(m);
}

static void unlock(pthread_mutex_t **m)
{
	pthread_mutex_unlock(*m);
}

#define GUARD_STATE                                                                     \
	pthread_mutex_t *guard __attribute__((cleanup(unlock), unused)) = &state->lock; \
	lock(guard)

void self__count_request(int code)
{
	GUARD_STATE;
	size_t i = 0;

	while (i < state->nrequests && state->requests[i].code < code)
		i++;
	if (i == state->nrequests || state->requests[i].code != code) {
		if (state->nrequests == SELF_CODES)
			return; /* more codes than the exporter knows how to answer */
		memmove(&state->requests[i + 1], &state->requests[i],
			(state->nrequests - i) * sizeof(state->requests[0]));
		state->requests[i] = (struct self_request){ .code = code };
		state->nrequests++;
	}
	state->requests[i].count++;
}

void self__note_scrape(double seconds)
{
	GUARD_STATE;
	state->last_scrape_seconds = seconds;
	state->has_scrape = true;
}

void self__note_reload(bool ok)
{
	state->reload_ok = ok;
	if (ok)
		state->reload_time = now_seconds();
}

/* When the machine booted, seconds since the epoch. */
static bool read_boot_time(double *out)
{
	__cleanup_fclose FILE *f = fopen("/proc/stat", "re");
	unsigned long long btime;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "btime %llu", &btime) == 1) {
			*out = btime;
			return true;
		}
	}
	return false;
}

/* What /proc/PID/stat says of a process. */
struct usage {
	unsigned long long user, system, threads, start; /* times in clock ticks */
	unsigned long long virt, resident;		 /* bytes, pages */
};

/* Fields 14 to 24, counted as proc(5) does; the name, field 2, may hold anything, parentheses too.
 */
static bool read_usage(pid_t pid, struct usage *out)
{
	__cleanup_free char *path = xasprintf("/proc/%d/stat", pid);
	__cleanup_fclose FILE *f = fopen(path, "re");
	char text[1024], *p;
	size_t n;

	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	p = strrchr(text, ')');
	return p && sscanf(p + 1,
			   " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			   " %llu %llu %*s %*s %*s %*s %llu %*s %llu %llu %llu",
			   &out->user, &out->system, &out->threads, &out->start, &out->virt,
			   &out->resident) == 6;
}

/* 0 of a process that does not let us look. */
static uint64_t count_fds(pid_t pid)
{
	__cleanup_free char *path = xasprintf("/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	uint64_t n = 0;

	if (!dir)
		return 0;
	for (struct dirent *d; (d = readdir(dir));)
		n += d->d_name[0] != '.';
	closedir(dir);
	return n - (pid == getpid()); /* without the one that counted */
}

static void add_process(pid_t pid, const struct usage *u, struct self *out)
{
	out->virtual_bytes += u->virt;
	out->resident_bytes += u->resident * sysconf(_SC_PAGESIZE);
	out->threads += u->threads;
	out->open_fds += count_fds(pid);
}

static double seconds_of(const struct rusage *u)
{
	return u->ru_utime.tv_sec + u->ru_stime.tv_sec +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

/* This process and children of it. */
static bool read_processes(const pid_t *children, size_t n, struct self *out)
{
	struct rusage self, gone;
	struct rlimit fds;
	struct usage u;
	double boot;

	if (getrusage(RUSAGE_SELF, &self) || getrusage(RUSAGE_CHILDREN, &gone) ||
	    getrlimit(RLIMIT_NOFILE, &fds) || !read_usage(getpid(), &u) || !read_boot_time(&boot))
		return false;
	out->start_time = boot + (double)u.start / sysconf(_SC_CLK_TCK);
	out->max_fds = fds.rlim_cur;
	out->cpu_seconds = seconds_of(&self) + seconds_of(&gone);
	add_process(getpid(), &u, out);
	for (size_t i = 0; i < n; i++) {
		if (!read_usage(children[i], &u))
			continue;
		out->cpu_seconds += (double)(u.user + u.system) / sysconf(_SC_CLK_TCK);
		add_process(children[i], &u, out);
	}
	return true;
}

void self__note_processes(const pid_t *children, size_t n)
{
	struct self now = {};
	bool ok = read_processes(children, n, &now);

	/* A child's time is told in ticks while it lives, and exactly after that. */
	if (now.cpu_seconds < state->processes.cpu_seconds)
		now.cpu_seconds = state->processes.cpu_seconds;
	state->has_processes = ok;
	state->processes = now;
}

static bool copy_processes(struct self *out)
{
	if (state->has_processes) {
		out->cpu_seconds = state->processes.cpu_seconds;
		out->start_time = state->processes.start_time;
		out->resident_bytes = state->processes.resident_bytes;
		out->virtual_bytes = state->processes.virtual_bytes;
		out->open_fds = state->processes.open_fds;
		out->max_fds = state->processes.max_fds;
		out->threads = state->processes.threads;
	}
	return state->has_processes;
}

void self__read(struct self *out)
{
	const char *libbpf = libbpf_version_string();

	*out = (struct self){
		.version = rp_version,
		.revision = rp_revision,
		.libbpf = libbpf + (*libbpf == 'v'),
	};
	out->has_process = copy_processes(out) || read_processes(NULL, 0, out);
	out->reload_time = state->reload_time;
	out->reload_ok = state->reload_ok;

	GUARD_STATE;
	memcpy(out->requests, state->requests, sizeof(out->requests));
	out->nrequests = state->nrequests;
	out->last_scrape_seconds = state->last_scrape_seconds;
	out->has_scrape = state->has_scrape;
}

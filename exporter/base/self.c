/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/self.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/shared_memory.h"
#include "base/version.h"

#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* The attacher's part. Servers only read it. */
struct told {
	double reload_time;
	struct self_resources processes;
	uint64_t has_processes, reload_ok;
	uint64_t restarts, log_dropped;
	struct self_scan scan;
};

/* The servers' part. Without a lock, as a server that hangs or is compromised could hold it. */
struct counted {
	struct {
		uint64_t code, count; /* code 0: free */
	} requests[SELF_CODES];
	double last_scrape_seconds;
	uint64_t has_scrape;
	uint64_t log_dropped;
};

static struct told told;
static struct shared_memory copy; /* a copy of it that servers can read */
static const volatile struct told *heard = &told;

/* Codes that alerts use exist from the start. */
static struct counted own = { .requests = { { .code = 200 }, { .code = 500 }, { .code = 503 } } };
static struct counted *counted = &own;
static int counted_fd = -1;

static void publish(void)
{
	if (copy.addr)
		shared_memory__put(copy.addr, &told, sizeof(told) / sizeof(uint64_t));
}

int self__share(void)
{
	int err = shared_memory__new(&copy, sizeof(told));

	if (err)
		return err;
	publish();
	counted_fd = memfd_create("retprobe_exporter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (counted_fd < 0 || pwrite(counted_fd, &own, sizeof(own), 0) != sizeof(own) ||
	    fcntl(counted_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	return 0;
}

void self__descriptors(int *told_fd, int *counted_by)
{
	*told_fd = copy.fd;
	*counted_by = counted_fd;
}

int self__join(int told_fd, int counted_by)
{
	const void *hears = shared_memory__map(told_fd, sizeof(told));
	void *counts =
		mmap(NULL, sizeof(*counted), PROT_READ | PROT_WRITE, MAP_SHARED, counted_by, 0);

	close(told_fd);
	close(counted_by);
	if (!hears || counts == MAP_FAILED)
		return -errno;
	heard = hears;
	counted = counts;
	return 0;
}

/* A code keeps its place for ever. */
static uint64_t *count_of(uint64_t code)
{
	for (size_t i = 0; i < SELF_CODES; i++) {
		uint64_t there = 0;

		if (__atomic_compare_exchange_n(&counted->requests[i].code, &there, code, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
		    there == code)
			return &counted->requests[i].count;
	}
	return NULL; /* more codes than the exporter sends */
}

void self__count_request(int code)
{
	uint64_t *count = count_of(code);

	if (count)
		__atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

void self__note_scrape(double seconds)
{
	__atomic_store(&counted->last_scrape_seconds, &seconds, __ATOMIC_RELAXED);
	__atomic_store_n(&counted->has_scrape, 1, __ATOMIC_RELEASE);
}

void self__note_reload(bool ok)
{
	told.reload_ok = ok;
	if (ok)
		told.reload_time = now_seconds();
	publish();
}

void self__note_restart(void)
{
	told.restarts++;
	publish();
}

void self__note_scan(double cpu_seconds, uint64_t tasks, bool truncated)
{
	told.scan.scans++;
	told.scan.cpu_seconds += cpu_seconds;
	told.scan.tasks = tasks;
	told.scan.truncated = truncated;
	publish();
}

void self__note_scan_state(enum self_scan_state state)
{
	told.scan.state = state;
	publish();
}

/* The time of the last boot, in seconds since the epoch. */
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

/* From /proc/PID/stat. */
struct usage {
	unsigned long long user, system, threads, start; /* times in clock ticks */
	unsigned long long virt, resident;		 /* bytes, pages */
};

/* Fields 14 to 24 of proc(5). The name, field 2, may hold anything, parentheses too. */
static bool read_usage(pid_t pid, struct usage *out)
{
	__cleanup_free char *path = xasprintf("/proc/%d/stat", pid);
	char text[1024], *p;

	if (file__read_head(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return false;
	p = strrchr(text, ')');
	return p && sscanf(p + 1,
			   " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			   " %llu %llu %*s %*s %*s %*s %llu %*s %llu %llu %llu",
			   &out->user, &out->system, &out->threads, &out->start, &out->virt,
			   &out->resident) == 6;
}

uint64_t self__count_fds(pid_t pid)
{
	__cleanup_free char *path = xasprintf("/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	uint64_t n = 0;

	if (!dir)
		return 0;
	for (struct dirent *d; (d = readdir(dir));)
		n += d->d_name[0] != '.';
	closedir(dir);
	return n - (pid == getpid()); /* without the directory's own */
}

static void add_process(pid_t pid, const struct usage *u, struct self_resources *out)
{
	out->virtual_bytes += u->virt;
	out->resident_bytes += u->resident * sysconf(_SC_PAGESIZE);
	out->threads += u->threads;
	out->open_fds += self__count_fds(pid);
}

static double seconds_of(const struct rusage *u)
{
	return u->ru_utime.tv_sec + u->ru_stime.tv_sec +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

/* This process and children of it. */
static bool read_processes(const pid_t *children, size_t n, struct self_resources *out)
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
	struct self_resources now = {};

	told.has_processes = read_processes(children, n, &now);
	/* A child's CPU time is in ticks until it ends, then exact: the sum may go back. */
	if (now.cpu_seconds < told.processes.cpu_seconds)
		now.cpu_seconds = told.processes.cpu_seconds;
	told.processes = now;
	told.log_dropped += log__take_dropped();
	publish();
}

static int compare_codes(const void *a, const void *b)
{
	const struct self_request *x = a, *y = b;

	return x->code < y->code ? -1 : x->code > y->code;
}

static void copy_counted(struct self *out)
{
	for (size_t i = 0; i < SELF_CODES; i++) {
		uint64_t code = __atomic_load_n(&counted->requests[i].code, __ATOMIC_RELAXED);

		if (code)
			out->requests[out->nrequests++] = (struct self_request){
				code, __atomic_load_n(&counted->requests[i].count, __ATOMIC_RELAXED)
			};
	}
	qsort(out->requests, out->nrequests, sizeof(out->requests[0]), compare_codes);
	out->has_scrape = __atomic_load_n(&counted->has_scrape, __ATOMIC_ACQUIRE);
	out->log_dropped =
		__atomic_add_fetch(&counted->log_dropped, log__take_dropped(), __ATOMIC_RELAXED);
	__atomic_load(&counted->last_scrape_seconds, &out->last_scrape_seconds, __ATOMIC_RELAXED);
}

void self__read(struct self *out)
{
	const char *libbpf = libbpf_version_string();

	*out = (struct self){
		.version = rp_version,
		.revision = rp_revision,
		.libbpf = libbpf + (*libbpf == 'v'),
	};
	out->has_process = heard->has_processes || read_processes(NULL, 0, &out->process);
	if (heard->has_processes)
		out->process = heard->processes;
	out->reload_time = heard->reload_time;
	out->reload_ok = heard->reload_ok;
	out->restarts = heard->restarts;
	out->scan = heard->scan;
	out->has_scan = out->scan.scans;
	copy_counted(out);
	out->log_dropped += heard->log_dropped;
}

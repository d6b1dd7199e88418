/* SPDX-License-Identifier: GPL-2.0-only */
#include "self.h"
#include "version.h"

#include <bpf/libbpf.h>
#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>

static struct {
	pthread_mutex_t lock;
	struct self_request requests[SELF_CODES];
	size_t nrequests;
	double last_scrape_seconds, reload_time;
	bool has_scrape, reload_ok;
} state = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	/* Codes that alerts are about exist before they happen. */
	.requests = { { .code = 200 }, { .code = 500 }, { .code = 503 } },
	.nrequests = 3,
};

static void unlock(pthread_mutex_t **m)
{
	pthread_mutex_unlock(*m);
}

#define GUARD_STATE                                                                    \
	pthread_mutex_t *guard __attribute__((cleanup(unlock), unused)) = &state.lock; \
	pthread_mutex_lock(guard)

void self__count_request(int code)
{
	GUARD_STATE;
	size_t i = 0;

	while (i < state.nrequests && state.requests[i].code < code)
		i++;
	if (i == state.nrequests || state.requests[i].code != code) {
		if (state.nrequests == SELF_CODES)
			return; /* more codes than the exporter knows how to answer */
		memmove(&state.requests[i + 1], &state.requests[i],
			(state.nrequests - i) * sizeof(state.requests[0]));
		state.requests[i] = (struct self_request){ .code = code };
		state.nrequests++;
	}
	state.requests[i].count++;
}

void self__note_scrape(double seconds)
{
	GUARD_STATE;
	state.last_scrape_seconds = seconds;
	state.has_scrape = true;
}

void self__note_reload(bool ok)
{
	GUARD_STATE;
	state.reload_ok = ok;
	if (ok)
		state.reload_time = now_seconds();
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

/* Fields 20 to 24 of /proc/self/stat, counted as proc(5) does; the name, field 2, may hold
 * anything, parentheses too. */
static bool read_stat(struct self *out)
{
	__cleanup_fclose FILE *f = fopen("/proc/self/stat", "re");
	unsigned long long threads, start, virt, resident;
	char text[1024], *p;
	double boot;
	size_t n;

	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1,
			 " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			 " %llu %*s %llu %llu %llu",
			 &threads, &start, &virt, &resident) != 4)
		return false;
	if (!read_boot_time(&boot))
		return false;

	out->threads = threads;
	out->start_time = boot + (double)start / sysconf(_SC_CLK_TCK);
	out->virtual_bytes = virt;
	out->resident_bytes = resident * sysconf(_SC_PAGESIZE);
	return true;
}

static bool count_fds(uint64_t *out)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (!dir)
		return false;
	for (struct dirent *d; (d = readdir(dir));)
		n += d->d_name[0] != '.';
	closedir(dir);
	*out = n - 1; /* without the one that counted */
	return true;
}

static bool read_process(struct self *out)
{
	struct rusage usage;
	struct rlimit fds;

	if (getrusage(RUSAGE_SELF, &usage) || getrlimit(RLIMIT_NOFILE, &fds))
		return false;
	out->cpu_seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
			   (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	out->max_fds = fds.rlim_cur;
	return read_stat(out) && count_fds(&out->open_fds);
}

void self__read(struct self *out)
{
	const char *libbpf = libbpf_version_string();

	*out = (struct self){
		.version = rp_version,
		.revision = rp_revision,
		.libbpf = libbpf + (*libbpf == 'v'),
	};
	out->has_process = read_process(out);

	GUARD_STATE;
	memcpy(out->requests, state.requests, sizeof(out->requests));
	out->nrequests = state.nrequests;
	out->last_scrape_seconds = state.last_scrape_seconds;
	out->has_scrape = state.has_scrape;
	out->reload_time = state.reload_time;
	out->reload_ok = state.reload_ok;
}

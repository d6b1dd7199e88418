/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaches the programs of one pattern of patterns.bpf.c to a function:
 *
 *	bench_pattern PATTERN FUNCTION
 *
 * Prints "ready" once they are attached, and the number of calls at SIGINT. The number is the sum
 * over the pattern's map of counts, without the sums in it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OBJECT "build/bench_patterns.bpf.o"

static const struct pattern {
	const char *name;
	const char *map; /* of its counts */
	uint64_t last;	 /* keys up to this one are counts */
} patterns[] = {
	{ "exporter", "exporter_counts", 27 },
	{ "netdata_calls", "netdata_calls_counts", 0 },
	{ "netdata_time", "netdata_time_counts", 23 },
	/* FUNCTION is ignored: their tracepoints are in the programs. */
	{ "point", "point_counts", 0 },
	{ "raw_point", "point_counts", 0 },
	{ "span", "span_counts", 63 },
	{ "raw_span", "span_counts", 63 },
	{ "offcpu", "offcpu_counts", 63 },
	{},
};

static void __attribute__((noreturn)) die(const char *what, const char *name, int err)
{
	fprintf(stderr, "bench_pattern: %s %s%s%s\n", what, name, err ? ": " : "",
		err ? strerror(-err) : "");
	exit(1);
}

static bool is_of(const char *program, const char *pattern)
{
	size_t len = strlen(pattern);

	return !strncmp(program, pattern, len) && program[len] == '_';
}

/* A trampoline is for one function, which must be known at load time. */
static void load(struct bpf_object *object, const char *pattern, const char *function)
{
	struct bpf_program *p;
	int err;

	bpf_object__for_each_program(p, object)
	{
		bool wanted = is_of(bpf_program__name(p), pattern);
		bool of_function = !strncmp(bpf_program__section_name(p), "f", 1);

		bpf_program__set_autoload(p, wanted);
		if (wanted && of_function && (err = bpf_program__set_attach_target(p, 0, function)))
			die("there is no type of", function, err);
	}
	err = bpf_object__load(object);
	if (err)
		die("loading", pattern, err);
}

static void attach(struct bpf_object *object, const char *pattern, const char *function)
{
	struct bpf_program *p;
	struct bpf_link *link;

	bpf_object__for_each_program(p, object)
	{
		const char *section = bpf_program__section_name(p);

		if (!bpf_program__autoload(p))
			continue;
		link = bpf_program__type(p) == BPF_PROG_TYPE_KPROBE
			       ? bpf_program__attach_kprobe(p, !strcmp(section, "kretprobe"),
							    function)
			       : bpf_program__attach(p);
		if (!link)
			die("attaching", bpf_program__name(p), -errno);
	}
}

/* The last word of a key is the bucket. */
static uint64_t bucket_of(const void *key, size_t size)
{
	uint64_t wide;
	uint32_t narrow;

	if (size < sizeof(wide)) {
		memcpy(&narrow, key, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, (const char *)key + size - sizeof(wide), sizeof(wide));
	return wide;
}

static uint64_t counted(struct bpf_object *object, const struct pattern *pattern)
{
	char key[32], next[32];
	uint64_t values[1024], sum = 0;
	struct bpf_map *map;
	void *previous = NULL;
	int fd, cpus;

	map = bpf_object__find_map_by_name(object, pattern->map);
	fd = bpf_map__fd(map);
	cpus = bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY ? libbpf_num_possible_cpus() : 1;
	for (; !bpf_map_get_next_key(fd, previous, next); previous = key) {
		memcpy(key, next, sizeof(key));
		if (bucket_of(key, bpf_map__key_size(map)) > pattern->last ||
		    bpf_map_lookup_elem(fd, key, values))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += values[cpu];
	}
	return sum;
}

static const struct pattern *find_pattern(const char *name)
{
	const struct pattern *p = patterns;

	while (p->name && strcmp(p->name, name))
		p++;
	if (!p->name)
		die("there is no pattern", name, 0);
	return p;
}

int main(int argc, char **argv)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	const struct pattern *pattern;
	struct bpf_object *object;
	sigset_t set;
	int signal;

	if (argc != 3) {
		fprintf(stderr, "usage: bench_pattern PATTERN FUNCTION\n");
		return 2;
	}
	pattern = find_pattern(argv[1]);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	object = bpf_object__open_file(OBJECT, NULL);
	if (!object)
		die("opening", OBJECT, -errno);
	load(object, pattern->name, argv[2]);
	attach(object, pattern->name, argv[2]);
	printf("ready\n");
	fflush(stdout);
	sigwait(&set, &signal);
	printf("%lu\n", (unsigned long)counted(object, pattern));
	bpf_object__close(object);
	return 0;
}

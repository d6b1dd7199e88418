/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cost of encoding: bench_encode FUNCTIONS... prints the CPU time to make and to compress a
 * body, and their sizes, per number of functions and format. Uses the default configuration and
 * data of a busy function: two dozen native buckets, and two errors.
 */
#include <time.h>

#include "bpf/grid.h"
#include "config/parse.h"
#include "http/response.h"
#include "expose/openmetrics.h"
#include "expose/protobuf.h"
#include "expose/text.h"
#include "expose/metrics.h"

#define ERRORS 2

static const struct expo_format *const formats[] = { &expo_text, &expo_openmetrics,
						     &expo_protobuf };

/* The minimum of several runs: the rest is the machine's. */
#define RUNS 20

struct exposure {
	struct target *targets;
	struct target_state *states;
	struct snap_target *snaps;
	struct missed_target missed; /* the same for all */
	struct metrics_input in;
};

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill_cell(struct snap_cell *cell, const struct histogram_layout *g, uint64_t seed)
{
	uint64_t ns = 300 + seed % 700;

	cell->words = xcalloc(RP_CELL_BINS + g->nbins, sizeof(cell->words[0]));
	for (int i = 0; i < 24; i++, ns += ns / 5) {
		uint64_t calls = (seed * 2654435761 >> i) % 1000000;

		cell->words[RP_CELL_BINS + rp_grid_bin(&g->table, ns, g->nbins - 1)] += calls;
		cell->words[RP_CELL_SUM] += calls * ns;
		cell->words[RP_CELL_CLASS + RP_CLASS_ZERO] += calls;
	}
	cell->nvalues = ERRORS;
	cell->values = xcalloc(ERRORS, sizeof(cell->values[0]));
	for (int i = 0; i < ERRORS; i++)
		cell->values[i] = (struct snap_value){ 1 + i, seed * 7, 0 };
}

static void build(struct exposure *x, size_t n, const struct histogram_layout *g)
{
	x->targets = xcalloc(n, sizeof(*x->targets));
	x->states = xcalloc(n, sizeof(*x->states));
	x->snaps = xcalloc(n, sizeof(*x->snaps));
	x->missed = (struct missed_target){
		.reasons = 1U << MISSED_RECURSION | 1U << MISSED_MAXACTIVE,
	};
	for (size_t i = 0; i < n; i++) {
		struct target *t = &x->targets[i];

		t->id = i;
		t->object = "vmlinux";
		t->function = xasprintf("some_function_%zu", i);
		t->kind = RP_KIND_ERRNO;
		fill_cell(&x->snaps[i].cell, g, i * 7919 + 12345);
		x->states[i] = (struct target_state){
			.target = t,
			.object = t->object,
			.function = t->function,
			.attached = true,
			.mechanism = "kprobe.multi",
			.created = 1700000000.5,
			.snap = &x->snaps[i],
			.missed = &x->missed,
		};
	}
	x->in = (struct metrics_input){ .layout = g, .targets = x->states, .ntargets = n };
}

static size_t encode(const struct exposure *x, const struct expo_format *format, struct buf *out)
{
	struct expo e;

	expo__begin(&e, format, out);
	metrics__write(&x->in, &e);
	expo__end(&e);
	if (out->failed)
		exit(1);
	return out->len;
}

static size_t count_series(const struct exposure *x)
{
	__cleanup_buf struct buf out = { 0 };
	size_t n = 0;

	encode(x, &expo_text, &out);
	for (const char *line = buf__str(&out); *line; line = strchr(line, '\n') + 1)
		n += *line != '#';
	return n;
}

static void measure(const struct exposure *x, const struct expo_format *format, size_t series)
{
	double encoding = 1e9, packing = 1e9;
	size_t len = 0, packed = 0;

	for (int i = 0; i < RUNS; i++) {
		__cleanup_buf struct buf out = { 0 };
		double begin = cpu_seconds(), end;

		len = encode(x, format, &out);
		end = cpu_seconds();
		if (end - begin < encoding)
			encoding = end - begin;
		begin = end;
		if (!http_body__gzip(&out))
			exit(1);
		packed = out.len;
		end = cpu_seconds();
		if (end - begin < packing)
			packing = end - begin;
	}
	printf("%zu\t%zu\t%s\t%.0f\t%zu\t%.0f\t%zu\n", x->in.ntargets, series, format->name,
	       encoding * 1e6, len, packing * 1e6, packed);
}

int main(int argc, char **argv)
{
	struct config *c = NULL;
	struct histogram_layout *g = NULL;
	char *error = NULL;

	if (config__parse(1, argv, &c, &error) ||
	    histogram_layout__build(c->buckets, c->nbuckets, c->native_schema, &g, &error)) {
		fprintf(stderr, "bench_encode: %s\n", error);
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		struct exposure x;
		size_t series;

		build(&x, strtoul(argv[i], NULL, 10), g);
		series = count_series(&x);
		for (size_t f = 0; f < ARRAY_SIZE(formats); f++)
			measure(&x, formats[f], series);
	}
	return 0;
}

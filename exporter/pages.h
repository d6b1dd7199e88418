/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the HTTP paths answer: /metrics, / and its files under /page/, /-/healthy, /-/ready,
 * /-/reload, /api/v1/probes.
 *
 * The last is an object; members may be added, and none changes its meaning:
 *
 *   version        of the exporter
 *   time           of the reading, seconds since the epoch
 *   bounds         upper bounds of all buckets but the last, seconds, ascending. They are those of
 *                  the classic and of the native histogram together, so both are sums of these
 *   probes         one object for each, below
 *   shared_missed  [{mechanism, missed}]: what programs missed that several functions share
 *   bpf_stats      [{mechanism, run_seconds, runs}]; empty unless kernel.bpf_stats_enabled
 *   cell_bytes     memory of the cells, all CPUs together
 *
 * of a probe:
 *
 *   object, function
 *   same_as        {object, function} of an earlier probe: this is another name of that function,
 *                  and has the same numbers, so leave it out of sums over functions. Else null
 *   type           kernel, syscall or user
 *   signature      in C, or null
 *   returns        how results are read, or null if nothing is known of the function
 *   attached       true or false
 *   mechanism      null unless attached
 *   reason, why    why it is not attached: the metric's label, and a sentence. "" and null if it is
 *   note           what to know of the function though it is attached, or null
 *   caveat         what its mechanism cannot account for here, or null
 *   uncounted      which clones that the compiler made of the function are not probed, and what to
 *                  add to have them: a sentence, or null
 *   tail_jumps     by uprobe.ret: jumps that may lead to another function; their calls' results are
 *                  not known
 *   created        when it was attached, seconds since the epoch, or null
 *   detached       {reason: times} that it was, unasked
 *
 * and, while it is attached, counted since `created`, all label sets together:
 *
 *   calls          the sum of the buckets
 *   sum            of the durations, seconds
 *   buckets        [index, count, index, count, ...]: those that are not empty, each by
 *                  itself. Bucket i: bounds[i - 1] < duration <= bounds[i]
 *   outcomes       {outcome: {value: calls}}: labels of retprobe_returns_total that were seen
 *   missed         {reason: calls}
 *   stale          entries of calls whose return was not seen, and that the function's later calls
 *                  came upon. They are no losses of their own: who missed the return counted it
 *   label_sets, label_sets_limit
 *                  in use and allowed, of probes with labels; several that read the same are one
 *                  of the series
 *   series         of probes with labels, where ?function[]=NAME asks for it (and leaves out
 *                  other functions): [{labels: {name: value}, calls, sum, buckets, outcomes}];
 *                  the first is of calls that have no label set
 */
#ifndef PAGES_H
#define PAGES_H

#include "http.h"
#include "metrics.h"

/* How pages get at the numbers: fills *in (borrowed until release) or returns a negative errno,
 * -ETIMEDOUT if it would have to wait beyond the deadline (monotonic seconds, 0: none). */
struct pages_source {
	void *ctx;
	int (*acquire)(void *ctx, double deadline, struct metrics_input *in);
	void (*release)(void *ctx, struct metrics_input *in);
	bool (*ready)(void *ctx);
	/* NULL: not allowed. 0, or a negative errno with *error, one line, to be freed. */
	int (*reload)(void *ctx, char **error);
};

struct pages;
struct pages *pages__new(const struct web_config *web, const struct pages_source *source);
const struct http_route *pages__routes(const struct pages *p); /* for http__start() with p as ctx */
void pages__free(struct pages *p);

#endif /* PAGES_H */

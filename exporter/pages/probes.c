/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A probe's label sets are summed here, so that the size of the answer does not depend on their
 * number. Single label sets are shown only of functions that the request names.
 */
#include "pages/probes.h"

#include "base/clock.h"
#include "base/version.h"
#include "expose/metrics.h"
#include "expr/capture.h"
#include "pages/context.h"
#include "pages/counts_json.h"
#include "pages/history.h"
#include "pages/json.h"

static const char *const type_names[] = {
	[TARGET_KERNEL] = "kernel",    [TARGET_SYSCALL] = "syscall", [TARGET_USER] = "user",
	[TARGET_EVENT] = "event",      [TARGET_RAW_EVENT] = "event", [TARGET_ENTRY] = "event",
	[TARGET_USER_EVENT] = "event", [TARGET_SPAN] = "span",
};

/* ---- label sets ------------------------------------------------------------------------------ */

static void json_set(struct buf *b, const struct metrics_input *in, const struct target_state *st,
		     const struct snap_cell *cell, const struct label_texts *texts)
{
	const struct capture_spec *x = st->target->capture;

	buf__puts(b, "{\"labels\":{");
	for (size_t i = 0; i < x->nlabels; i++) {
		if (i)
			buf__putc(b, ',');
		buf__json_string(b, x->labels[i].name);
		buf__putc(b, ':');
		buf__json_string(b, texts ? texts->v[i] : LABEL_OTHERS);
	}
	buf__putc(b, '}');
	counts_json__cell(b, in, st->target, cell);
	buf__putc(b, '}');
}

static void json_label_sets(struct buf *b, const struct metrics_input *in,
			    const struct target_state *st)
{
	const struct capture_spec *x = st->target->capture;
	const struct snap_target *t = st->snap;

	if (!x || !x->nlabels)
		return;
	buf__printf(b, ",\"label_sets\":%zu,\"label_sets_limit\":%zu", t->taken,
		    metrics__label_sets_limit(st));
	buf__printf(b, ",\"label_sets_needed\":%llu",
		    (unsigned long long)metrics__label_sets_needed(st));
	if (x->keep == KEEP_TOP && st->missed)
		buf__printf(b, ",\"label_sets_other_max\":%llu",
			    (unsigned long long)st->missed->other_most);
	if (!in->functions)
		return;
	buf__puts(b, ",\"series\":[");
	json_set(b, in, st, &t->cell, NULL);
	for (size_t i = 0; i < t->nsets; i++) {
		buf__puts(b, ",\n");
		json_set(b, in, st, &t->sets[i].cell, t->sets[i].texts);
	}
	buf__putc(b, ']');
}

/* ---- a probe --------------------------------------------------------------------------------- */

static void json_detached(struct buf *b, const struct target_state *st)
{
	const char *comma = "";

	buf__puts(b, ",\"detached\":{");
	for (int r = 0; r < REASON_MAX; r++) {
		if (!st->detached[r])
			continue;
		buf__printf(b, "%s\"%s\":%llu", comma, target_reason_names[r],
			    (unsigned long long)st->detached[r]);
		comma = ",";
	}
	buf__putc(b, '}');
}

/* Only for probes that have been attached. */
static void json_counts(struct buf *b, const struct metrics_input *in,
			const struct target_state *st)
{
	if (st->snap)
		counts_json__total(b, in, st);
	if (st->missed)
		counts_json__missed(b, st->missed->missed, st->missed->reasons);
	else
		counts_json__missed(b, (uint64_t[MISSED_MAX]){}, 0);
	if (st->snap) {
		if (st->has_max_cpu && st->missed) {
			buf__puts(b, ",\"overhead_seconds\":");
			buf__double(b, (double)st->missed->overhead_ns / 1e9);
		}
		buf__printf(b, ",\"stale\":%llu",
			    (unsigned long long)st->snap->events[RP_EVENT_STALE]);
		json_label_sets(b, in, st);
	}
}

/* The first name of the function: a sum over functions should count only that one. */
static void json_same_as(struct buf *b, const struct target_state *st)
{
	if (!st->again) {
		json__member(b, "same_as", NULL);
		return;
	}
	buf__puts(b, ",\"same_as\":{\"object\":");
	buf__json_string(b, st->target->object);
	json__member(b, "function", st->target->function);
	buf__putc(b, '}');
}

static void json_samples(struct buf *b, const struct target_state *st)
{
	uint64_t dropped = 0;

	if (!st->sampling) {
		buf__puts(b, ",\"samples\":null,\"samples_dropped\":null");
		return;
	}
	for (int why = 0; why < RP_DROP_MAX; why++)
		dropped += st->sampling->dropped[why];
	buf__printf(b, ",\"samples\":%llu,\"samples_dropped\":%llu",
		    (unsigned long long)st->sampling->samples, (unsigned long long)dropped);
}

static void json_in_flight(struct buf *b, const struct target_state *st)
{
	if (!st->attached || !st->in_flight || !st->in_flight->known) {
		buf__puts(b, ",\"in_flight\":null,\"in_flight_oldest\":null");
		return;
	}
	buf__printf(b, ",\"in_flight\":%llu,\"in_flight_oldest\":",
		    (unsigned long long)st->in_flight->calls);
	buf__double(b, (double)st->in_flight->oldest / 1e9);
}

/* Of a selection. */
static void json_files(struct buf *b, const struct target_state *st)
{
	buf__printf(b, ",\"file_count\":%zu,\"left_out\":%zu,\"files\":[", st->nfiles,
		    st->left_out);
	json__lines(b, st->files);
	buf__putc(b, ']');
}

static void json_expected(struct buf *b, const char *list)
{
	__cleanup_free char *lines = list ? strdup(list) : NULL;

	if (list && !lines)
		b->failed = true;
	for (char *comma = lines; comma && (comma = strchr(comma, ','));)
		*comma = '\n';
	buf__puts(b, ",\"expected\":[");
	json__lines(b, lines);
	buf__putc(b, ']');
}

/* What the configuration says of the probe. */
static void json_notes(struct buf *b, const struct probe_notes *notes)
{
	json__member(b, "description", notes->description);
	json_expected(b, notes->expected);
	if (notes->waits != WAITS_NOT_SAID)
		buf__printf(b, ",\"waits\":%s", notes->waits == WAITS_YES ? "true" : "false");
	else
		json__member(b, "waits", NULL);
}

static void json_probe(struct buf *b, const struct metrics_input *in, const struct target_state *st)
{
	const struct target *t = st->target;

	buf__puts(b, "{\"object\":");
	buf__json_string(b, st->object);
	json__member(b, "function", st->function);
	json__member(b, "probe", st->probe);
	json_same_as(b, st);
	json__member(b, "type", type_names[t->type]);
	json__member(b, "signature", t->signature);
	/* Unknown for functions that were not found. */
	json__member(b, "returns", st->snap || t->signature ? kind_names[t->kind] : NULL);
	buf__printf(b, ",\"durations\":%s", t->untimed ? "false" : "true");
	json__member(b, "mechanism", st->attached ? st->mechanism : NULL);
	buf__printf(b, ",\"attached\":%s", st->attached ? "true" : "false");
	json__member(b, "reason", st->attached ? "" : target_reason_names[t->reason]);
	json__member(b, "why", st->attached ? NULL : t->why);
	json__member(b, "note", st->attached ? t->note : NULL);
	json__member(b, "caveat", st->attached ? st->caveat : NULL);
	json__member(b, "uncounted", st->attached ? t->uncounted : NULL);
	json_notes(b, &st->notes);
	if (st->attached && st->mechanism && !strcmp(st->mechanism, "uprobe.ret"))
		buf__printf(b, ",\"tail_jumps\":%zu", t->exits.tails);
	if (st->attached && st->former_files)
		buf__printf(b, ",\"former_files\":%zu", st->former_files);
	if (st->attached && st->nfiles)
		json_files(b, st);
	buf__puts(b, ",\"created\":");
	if (st->snap)
		buf__double(b, st->created);
	else
		buf__puts(b, "null");
	json_detached(b, st);
	json_in_flight(b, st);
	json_samples(b, st);
	if (st->snap)
		json_counts(b, in, st);
	buf__putc(b, '}');
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void json_probes(struct buf *b, const struct metrics_input *in)
{
	const char *comma = "\n";

	buf__puts(b, ",\"probes\":[");
	for (size_t i = 0; i < in->ntargets; i++) {
		if (!metrics_input__wants(in, in->targets[i].function))
			continue;
		buf__puts(b, comma);
		json_probe(b, in, &in->targets[i]);
		comma = ",\n";
	}
	buf__puts(b, "\n]");
}

/* Missed calls of programs that several functions share. */
static void json_shared(struct buf *b, const struct metrics_input *in)
{
	const char *comma = "";

	buf__puts(b, ",\"shared_missed\":[");
	for (int i = 0; in->programs && i < MISSED_MECHANISMS; i++) {
		if (!in->programs[i].shared)
			continue;
		buf__printf(b, "%s{\"mechanism\":\"%s\"", comma, shared_missed__name(i));
		counts_json__missed(b, in->programs[i].missed, in->programs[i].reasons);
		buf__putc(b, '}');
		comma = ",";
	}
	buf__putc(b, ']');
}

static void json_cost(struct buf *b, const struct metrics_input *in)
{
	const char *comma = "";

	buf__puts(b, ",\"bpf_stats\":[");
	for (int i = 0; in->programs && i < MISSED_MECHANISMS; i++) {
		const struct missed_program *p = &in->programs[i];

		if (!p->runs)
			continue;
		buf__printf(b, "%s{\"mechanism\":\"%s\",\"run_seconds\":", comma,
			    shared_missed__name(i));
		buf__double(b, (double)p->run_ns / 1e9);
		buf__printf(b, ",\"runs\":%llu}", (unsigned long long)p->runs);
		comma = ",";
	}
	buf__printf(b, "],\"cell_bytes\":%llu", (unsigned long long)in->cell_bytes);
}

static void json_bounds(struct buf *b, const struct histogram_layout *g)
{
	buf__puts(b, ",\"bounds\":[");
	for (uint32_t i = 0; g && i < g->nthresholds; i++) {
		if (i)
			buf__putc(b, ',');
		buf__double(b, (double)g->table.threshold[i] / 1e9);
	}
	buf__putc(b, ']');
}

void pages__probes(void *ctx, const struct http_request *req, struct http_response *res)
{
	struct buf *b = &res->body;
	struct pages *p = ctx;
	struct metrics_input in;
	double read_at;

	if (!pages_source__acquire(&p->source, req, &in, res))
		return;
	read_at = now_seconds();
	history__record(p->source.history, &in, read_at);
	res->content_type = JSON_TYPE;
	res->vary = "Accept-Encoding";
	res->compressible = true;

	buf__puts(b, "{\"version\":");
	buf__json_string(b, rp_version);
	json_probes(b, &in);
	json_shared(b, &in);
	json_cost(b, &in);
	json_bounds(b, in.layout);
	buf__puts(b, ",\"time\":");
	buf__double(b, read_at);
	buf__puts(b, "}\n");
	pages_source__release(&p->source, &in);
}

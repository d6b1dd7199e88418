/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metric families. Only expose/metrics.c, expose/probe_metrics.c, expose/span_metrics.c and
 * expose/self_metrics.c contain names of metrics.
 */
#pragma once

#include "bpf/samples.h"
#include "expose/expo.h"
#include "expose/metrics_input.h"

/* Writes every family, in a stable order. Failure shows in e->out->failed. */
void metrics__write(const struct metrics_input *in, struct expo *e);

/* The most label sets that an attached target with labels can have: max_series, or fewer if the
 * memory for label sets, which all targets share, is short. */
size_t metrics__label_sets_limit(const struct target_state *st);
/* Those that all of its calls would need, estimated: at least those in use. */
uint64_t metrics__label_sets_needed(const struct target_state *st);

/* "recursion", "maxactive", ... */
extern const char *const missed_reason_names[MISSED_MAX];
/* "rate", "full", "busy" */
extern const char *const sample_drop_names[RP_DROP_MAX];

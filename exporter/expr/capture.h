/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a probe captures of its calls: labels, filters and observed values, compiled for one target.
 * The BPF program gets struct rp_capture_spec.
 */
#pragma once

#include "config/config.h"
#include "config/named_label.h"
#include "expr/compiled.h"

/* Where the key of a label set has a label's value. */
enum label_place {
	LABEL_NUMBER,
	LABEL_TEXT,
	LABEL_COMM,
	LABEL_RESULT, /* of what samples show: made of the call's result, by of_result */
};

#define CAPTURE_LABELS_MAX 16

struct capture_label {
	const char *name; /* borrowed from the configuration */
	enum label_place place;
	uint32_t index;	 /* among the numbers or texts of the key */
	uint32_t word;	 /* of the key, with which it begins */
	uint32_t second; /* of two numbers: index, and word, of the second */
	enum label_part part;
	enum expr_format format;
	enum value_names names;		/* EXPR_NAMED */
	struct enumerator *enumerators; /* EXPR_ENUM; owned */
	size_t nenumerators;
	struct rp_field of_result;
};

struct capture_spec {
	uint32_t index;	    /* of `kernel` among the different ones; set by attach */
	uint32_t histogram; /* the target's first; set by attach */
	struct rp_capture_spec kernel;
	uint64_t only;	   /* of `kernel`; set by attach */
	bool may_be_typed; /* see bpf/typed.bpf.h; then reads_args are the other_args */
	uint32_t other_args;
	struct capture_label *labels;
	size_t nlabels;
	struct capture_label *shown; /* by samples; its key is shown__key() (expr/shown.h) */
	size_t nshown;
	const char *observed[RP_OBSERVED]; /* names, borrowed from the configuration */
	unsigned counters;		   /* enum counter: those that are exported */
	bool returns_values;		   /* RP_KIND_VALUE or RP_KIND_UVALUE */
	/* One for `returns: size`, then one for each observed value, then for what is measured. */
	uint32_t nhistograms;
	double series_ttl;
	enum keep keep;
	enum keep_by by;
};

/* Sets the index of the spec: that of a spec in v which is the same to the BPF program, or else
 * the next one; then adds it to v. */
void capture_spec__number(struct capture_spec *x, const struct capture_spec **v, uint32_t *n);
/* The histogram, among the target's, of a measured value; -1: it is not measured. has_size: the
 * target has a histogram of sizes. */
int capture_spec__measured(const struct capture_spec *x, bool has_size, uint32_t what);
/* Bits of the counters of kernel/perf_counters.h that are measured. */
uint32_t capture_spec__perf_counters(const struct capture_spec *x);
/* Whether a label is the name of a cgroup, or a part of it. x may be NULL. */
bool capture_spec__names_cgroups(const struct capture_spec *x);
/* The filters on parameters, their number in *n: those of alternatives are elsewhere. */
const struct rp_filter *capture_spec__filters(const struct rp_capture_spec *k, uint32_t *n);
/* Whether it has text that a call may have to bring into memory. */
bool capture_spec__reads_late(const struct capture_spec *x);
/* Whether both have their labels at the same places of the key, and show them in the same way. */
bool capture_spec__same_layout(const struct capture_spec *a, const struct capture_spec *b);
/* Whether both capture the same. Either may be NULL. */
bool capture_spec__same(const struct capture_spec *a, const struct capture_spec *b);
void capture_spec__free(struct capture_spec *x); /* NULL is fine */

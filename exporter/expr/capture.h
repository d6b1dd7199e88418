/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a probe has besides its target: labels, filters, observed values. Made from the settings'
 * expressions and the target's types; the kernel side's half is struct rp_extra.
 */
#ifndef EXPR_CAPTURE_H
#define EXPR_CAPTURE_H

#include "config/config.h"
#include "expr/expr.h"

/* Where a label's value is in a label set's key. */
enum label_place { LABEL_NUMBER, LABEL_TEXT, LABEL_COMM };

/* What a label shows of its value, where that is not the value as such. */
enum label_part { LABEL_WHOLE, LABEL_CONTAINER_ID, LABEL_POD_UID };

#define EXTRA_LABELS_MAX 16

struct extra_label {
	const char *name; /* the config's */
	enum label_place place;
	uint32_t index; /* among the key's numbers or texts */
	enum label_part part;
	enum expr_format format;
	struct enumerator *enumerators; /* EXPR_ENUM; owned */
	size_t nenumerators;
};

struct target_extra {
	uint32_t index;		       /* dense among the targets that have one; set by attach */
	struct rp_capture_spec kernel; /* ->histogram is set by attach, like index */
	struct extra_label *labels;
	size_t nlabels;
	const char *observed[RP_OBSERVED]; /* names, the config's */
	bool returns_values;		   /* RP_KIND_VALUE or RP_KIND_UVALUE */
	uint32_t nhistograms; /* of its own: one for `returns: size`, then one for each observed
				 value */
	double series_ttl;
};

/* Compiles the settings of a target, whose result is in the scope; error: results that are errors.
 * *out is NULL if they ask for nothing of the kernel side. 0, or -EINVAL and *why
 * with *pos (the config's): an expression is wrong for this function. */
int extra__new(const struct probe_settings *settings, const struct expr_scope *scope,
	       const struct result_test *error, struct target_extra **out,
	       const struct source_pos **pos, char **why);
/* Do the two ask for the same? Either may be NULL. */
bool extra__same(const struct target_extra *a, const struct target_extra *b);
void extra__free(struct target_extra *x); /* NULL is fine */

#endif /* EXPR_CAPTURE_H */

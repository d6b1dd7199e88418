/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/outcome_text.h"

#include "base/errno_names.h"
#include "bpf/outcome.h"

/* The labels of a class of each kind. Without a value the kind cannot have the class. */
static const struct class_row {
	struct outcome_text text;
	bool from_start; /* exported before the first call */
} class_rows[RP_KIND_MAX][RP_CLASS_MAX] = {
	[RP_KIND_ERRNO ... RP_KIND_SIZE] = {
		[RP_CLASS_ZERO] = { { "ok", "0" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "positive" }, true },
		[RP_CLASS_NEGATIVE] = { { "ok", "negative" }, false },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_RAW] = {
		[RP_CLASS_ZERO] = { { "ok", "zero" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "positive" }, true },
		[RP_CLASS_NEGATIVE] = { { "ok", "negative" }, true },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_UNSIGNED] = {
		[RP_CLASS_ZERO] = { { "ok", "0" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "positive" }, true },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_POINTER] = {
		[RP_CLASS_ZERO] = { { "null", "NULL" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "pointer" }, true },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_BOOL] = {
		[RP_CLASS_ZERO] = { { "ok", "false" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "true" }, true },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_ENUM ... RP_KIND_UVALUE] = {
		[RP_CLASS_NEGATIVE] = { { "error", "_other" }, false },
		[RP_CLASS_OTHER] = { { "ok", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_VOID] = {
		[RP_CLASS_ZERO] = { { "ok", "void" }, true },
	},
};

struct outcome_text outcome_text__of_class(const struct target *t, enum rp_class cls)
{
	struct outcome_text text = class_rows[t->kind][cls].text;

	if (t->error.classes & 1U << cls)
		text.outcome = "error";
	return text;
}

/* A result that is counted by number, and shown as that number or its enumerator. */
static struct outcome_text number_text(const struct target *t, int64_t value, char *buf,
				       size_t size)
{
	const char *name = t->kind == RP_KIND_ENUM ? target__enumerator(t, value) : NULL;

	if (!name)
		snprintf(buf, size, t->kind == RP_KIND_UVALUE ? "%llu" : "%lld", (long long)value);
	return (struct outcome_text){ result__satisfies(&t->error, value) ? "error" : "ok",
				      name ? name : buf };
}

struct outcome_text outcome_text__of_number(const struct target *t, int64_t value, char *buf,
					    size_t size)
{
	/* Numbers from -1 down are classes that are split into errors and others: see
	 * rp_capture_spec.split. */
	int64_t cls = -1 - value;

	if (rp_kind_is_numbered(t->kind))
		return number_text(t, value, buf, size);
	if (cls >= 0 && cls < RP_CLASS_MAX && class_rows[t->kind][cls].text.value)
		return (struct outcome_text){ "error", class_rows[t->kind][cls].text.value };
	return (struct outcome_text){ rp_is_restart(value) ? "restarted" : "error",
				      errno_name(value, buf, size) };
}

bool outcome_text__is_initial(const struct target *t, enum rp_class cls)
{
	return class_rows[t->kind][cls].from_start;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/discovery.h"

#include "base/log.h"

int discovery__finish_glob(struct discovery *d, const struct request *r, enum target_type type,
			   const char *object, const struct glob_counts *counts,
			   enum target_reason reason_nothing, char *why_nothing)
{
	__cleanup_free char *nothing = why_nothing;
	size_t left_out = counts->denied + counts->ambiguous;
	struct target *t;
	int err = claims__end_glob(&d->claims, r, counts->taken);

	if (err)
		return err;
	if (left_out)
		log_info("%s: %zu functions, %zu left out: %zu cannot be probed, %zu have an "
			 "ambiguous name",
			 r->pattern->text, counts->taken, left_out, counts->denied,
			 counts->ambiguous);
	else
		log_debug("%s: %zu functions", r->pattern->text, counts->taken);
	if (counts->taken || (!left_out && counts->excluded))
		return 0;

	t = target__new(type, object, r->pattern->functions[0]);
	if (type == TARGET_USER)
		t->file = sources__file(&d->sources, object)->id;
	if (!left_out)
		return claims__add_failed(&d->claims, r, t, reason_nothing, take_ptr(nothing));
	return claims__add_failed(
		&d->claims, r, t, counts->denied ? REASON_DENIED : REASON_AMBIGUOUS,
		xasprintf("none of the matching functions can be probed: %zu are denied, %zu have "
			  "an ambiguous name",
			  counts->denied, counts->ambiguous));
}

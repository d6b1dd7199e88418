/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/discovery.h"

#include "base/log.h"

int discovery__finish_glob(struct discovery *d, const struct request *r, struct target *nothing,
			   const struct glob_counts *counts, enum target_reason reason_nothing,
			   char *why_nothing)
{
	__cleanup_free char *why = why_nothing;
	size_t left_out = counts->denied + counts->ambiguous;
	int err = claims__end_glob(&d->claims, r, counts->taken);

	if (!err && left_out)
		log_info("%s: %zu functions, %zu left out: %zu cannot be probed, %zu have an "
			 "ambiguous name",
			 r->pattern->text, counts->taken, left_out, counts->denied,
			 counts->ambiguous);
	else if (!err)
		log_debug("%s: %zu functions", r->pattern->text, counts->taken);
	if (err || counts->taken || (!left_out && counts->excluded)) {
		target__free(nothing);
		return err;
	}
	if (!left_out)
		return claims__add_failed(&d->claims, r, nothing, reason_nothing, take_ptr(why));
	return claims__add_failed(
		&d->claims, r, nothing, counts->denied ? REASON_DENIED : REASON_AMBIGUOUS,
		xasprintf("none of the matching functions can be probed: %zu are denied, %zu have "
			  "an ambiguous name",
			  counts->denied, counts->ambiguous));
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHECK_SERIES_H
#define CHECK_SERIES_H

#include "attach/attach.h"
#include "discover/target.h"
#include "object/params.h"

/* The number of series in the first scrape. */
size_t check_series__count(const struct targets *targets, const struct attach *a,
			   const struct object_params *p);

#endif /* CHECK_SERIES_H */

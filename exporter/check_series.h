/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "attach/attach.h"
#include "discover/target.h"
#include "object/params.h"

/* The number of series in the first scrape. */
size_t check_series__count(const struct targets *targets, const struct attach *a,
			   const struct object_params *p);

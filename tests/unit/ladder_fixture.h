/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine that lacks features: functions of kernel/ are replaced (REPLACED in the Makefile). */
#pragma once

#include "attach/attach.h"
#include "attach/plan.h"

static unsigned lacking; /* bits by enum feature */

bool __wrap_features__has(struct features *f, enum feature feature);
const char *__wrap_features__missing(struct features *f, enum feature feature);

bool __wrap_features__has(struct features *f, enum feature feature)
{
	return !(lacking & 1U << feature);
}

const char *__wrap_features__missing(struct features *f, enum feature feature)
{
	return __wrap_features__has(f, feature) ? NULL : "it is missing here";
}

#define LACKS(feature) (1U << FEATURE_##feature)

static struct probe_settings settings;

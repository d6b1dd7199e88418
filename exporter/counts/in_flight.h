/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls in progress of a target, as of the last scan. Like missed calls (counts/shared_missed.h),
 * the attacher copies them into memory that servers can only read: an array by target id.
 */
#pragma once

#include "base/util.h"

#define IN_FLIGHT_PERIOD 0.25 /* seconds between scans, at least */

/* Calls may be counted by how long they have been running. */
#define IN_FLIGHT_BOUNDS 3
static const unsigned in_flight_bounds[IN_FLIGHT_BOUNDS] = { 1, 10, 60 }; /* seconds */

struct in_flight_target {
	uint64_t known; /* 0: no scan has looked for its calls */
	uint64_t calls;
	uint64_t oldest; /* ns */
	uint64_t longer[IN_FLIGHT_BOUNDS];
};

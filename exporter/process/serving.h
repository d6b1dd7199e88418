/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starts servers. A server executes this program again, so it has neither the memory nor the
 * address layout of the attacher, only the data of process/served.h.
 */
#pragma once

#include "http/http.h"
#include "process/served.h"
#include "probes/table.h"

/* Call it once, at the start: opens the program's file, which may be replaced or removed later. 0
 * or a negative errno. */
int serving__init(void);

struct serving_setup {
	const struct probe_table *table;
	const struct http *http; /* bound */
	const struct web_config *web;
	bool ready; /* process/served.h */
	int channels[SERVED_CHANNELS];
	int log;		     /* its log (base/log_relay.h) */
	const struct buf *web_texts; /* the current web configuration */
	int history;		     /* pages/history.h; -1: none */
};

/* Returns the process id of a new server, or a negative errno. */
pid_t serving__start(const struct serving_setup *s);

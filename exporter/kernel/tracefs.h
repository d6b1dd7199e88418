/* SPDX-License-Identifier: GPL-2.0-only */
/* tracefs and similar file systems, mounted or not. */
#pragma once

#include "base/util.h"

/*
 * A directory descriptor on tracefs, or a negative errno. If tracefs is not mounted, this makes a
 * private mount that is attached nowhere, so the machine stays as it was (fsopen(2), since 5.2;
 * needs CAP_SYS_ADMIN).
 */
int tracefs__open(void);

/* Likewise on debugfs. */
int tracefs__open_debugfs(void);

/* Likewise on securityfs. */
int tracefs__open_securityfs(void);

/* A private mount of any file system without a device, for lookups only. */
int tracefs__open_private(const char *type);

/* The number in events/GROUP/EVENT/id, or a negative errno. */
int tracefs__event_id(int tracefs, const char *group, const char *event);

/* The text of events/GROUP/EVENT/format, to be freed; NULL if it cannot be read. */
char *tracefs__event_format(int tracefs, const char *group, const char *event);

/* The names of all events, as "GROUP:EVENT" in lines, to be freed. NULL: they cannot be read. */
char *tracefs__events(int tracefs);

/* Appends a line to a control file such as kprobe_events. 0 or a negative errno. */
int tracefs__append(int tracefs, const char *file, const char *line);

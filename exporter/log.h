/* SPDX-License-Identifier: GPL-2.0-only */
/* One line per event, to stderr: logfmt (ts=... level=... msg="...") or JSON. Thread-safe. */
#ifndef LOG_H
#define LOG_H

#include "util.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

/*
 * Also looks at what stderr is, so it is to be called again when that is another. A line that
 * stderr does not take within a moment is dropped and counted; after that nobody waits until it
 * does again.
 */
void log__setup(enum log_level level, enum log_format format);
/* As they were set up. */
enum log_level log__level(enum log_format *format);
void log__line(enum log_level level, const char *fmt, ...) __printf_like(2, 3);

/* Lines dropped since the last call. */
uint64_t log__take_dropped(void);
/* What lines are written to. */
int log__descriptor(void);

#define log_debug(...) log__line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log__line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log__line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log__line(LOG_ERROR, __VA_ARGS__)

#endif /* LOG_H */

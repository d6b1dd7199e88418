/* SPDX-License-Identifier: GPL-2.0-only */
/* One line per event, to stderr: logfmt (ts=... level=... msg="...") or JSON. Thread-safe. */
#pragma once

#include "base/util.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
extern const char *const log_level_names[]; /* ends with NULL */
enum log_format { LOG_LOGFMT, LOG_JSON };

/*
 * Call it again after replacing stderr, as it checks the type of stderr. A line that stderr does
 * not accept within 200 ms is dropped and counted. Later lines then do not wait, until one is
 * accepted.
 */
void log__setup(enum log_level level, enum log_format format);
/* As set up. */
enum log_level log__level(enum log_format *format);
void log__line(enum log_level level, const char *fmt, ...) __printf_like(2, 3);

/* Logs a line of another process, marked as such. */
void log__for(enum log_level level, const char *process, const char *text);
/* From now on, stderr is a socket to the attacher, which writes the lines (base/log_relay.h). */
void log__to_attacher(void);
#define LOG_LINE_MAX 4096 /* bytes; longer lines are cut */

/* Lines dropped since the last call. */
uint64_t log__take_dropped(void);

#define log_debug(...) log__line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log__line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log__line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log__line(LOG_ERROR, __VA_ARGS__)

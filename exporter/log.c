/* SPDX-License-Identifier: GPL-2.0-only */
#include "log.h"

#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <time.h>

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};

/* Set before the first thread is made, never changed afterwards. */
static enum log_level threshold = LOG_INFO;
static enum log_format style = LOG_LOGFMT;

void log__setup(enum log_level level, enum log_format format)
{
	threshold = level;
	style = format;
}

static void timestamp(char *s, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(s, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(s + n, size - n, ".%03ldZ", now.tv_nsec / 1000000);
}

/* One write(2) a line, so that the lines of threads and processes do not mix. */
static void write_line(const char *s, size_t len)
{
	while (len) {
		ssize_t n = TEMP_FAILURE_RETRY(write(STDERR_FILENO, s, len));

		if (n <= 0)
			return; /* nowhere to complain to */
		s += n;
		len -= n;
	}
}

void log__line(enum log_level level, const char *fmt, ...)
{
	__cleanup_buf struct buf line = {};
	__cleanup_free char *text = NULL;
	char ts[40];
	va_list ap;
	int len;

	if (level < threshold)
		return;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		text = NULL; /* its content is undefined then */

	timestamp(ts, sizeof(ts));
	if (style == LOG_JSON)
		buf__printf(&line, "{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":", ts,
			    level_names[level]);
	else
		buf__printf(&line, "ts=%s level=%s msg=", ts, level_names[level]);
	/* logfmt quotes as JSON does. The format itself still tells something without memory. */
	buf__json_string(&line, text ? text : fmt);
	buf__puts(&line, style == LOG_JSON ? "}\n" : "\n");

	if (line.failed) {
		write_line(fmt, strlen(fmt));
		write_line("\n", 1);
		return;
	}
	write_line(line.data, line.len);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define PATIENCE_MS 200

const char *const log_level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
	NULL,
};

/* Set before the first thread is made, never changed afterwards. */
static enum log_level threshold = LOG_INFO;
static enum log_format style = LOG_LOGFMT;
static bool for_attacher;

static struct target {
	int fd;
	bool is_socket;
	atomic_bool stuck; /* has not accepted the last line */
} target = { .fd = STDERR_FILENO };
static atomic_uint_fast64_t dropped;

/* Others share the flags of stderr, so O_NONBLOCK needs an open file of our own. Where that fails,
 * poll(2) must do. */
static void look_at_stderr(void)
{
	struct stat st;

	if (target.fd != STDERR_FILENO)
		close(target.fd);
	target = (struct target){ .fd = STDERR_FILENO };
	if (fstat(STDERR_FILENO, &st))
		return;
	target.is_socket = S_ISSOCK(st.st_mode);
	if (S_ISFIFO(st.st_mode) || isatty(STDERR_FILENO)) {
		int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

		target.fd = fd < 0 ? STDERR_FILENO : fd;
	}
}

void log__setup(enum log_level level, enum log_format format)
{
	threshold = level;
	style = format;
	look_at_stderr();
}

uint64_t log__take_dropped(void)
{
	return atomic_exchange(&dropped, 0);
}

enum log_level log__level(enum log_format *format)
{
	*format = style;
	return threshold;
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

/* Whether it accepts data, now or soon. */
static bool has_room(void)
{
	struct pollfd p = { .fd = target.fd, .events = POLLOUT };

	return TEMP_FAILURE_RETRY(poll(&p, 1, target.stuck ? 0 : PATIENCE_MS)) > 0;
}

static ssize_t write_some(const char *s, size_t len)
{
	if (target.is_socket)
		return send(target.fd, s, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(target.fd, s, len);
}

/* One write(2) per line, so that lines of threads and processes do not mix. */
static void write_line(const char *s, size_t len)
{
	while (len && has_room()) {
		ssize_t n = write_some(s, len);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		s += n;
		len -= n;
	}
	target.stuck = len;
	dropped += len > 0;
}

static void write_text(enum log_level level, const char *process, const char *text)
{
	__cleanup_buf struct buf line = {};
	bool json = style == LOG_JSON;
	char ts[40];

	timestamp(ts, sizeof(ts));
	buf__printf(&line, json ? "{\"ts\":\"%s\",\"level\":\"%s\"" : "ts=%s level=%s", ts,
		    log_level_names[level]);
	if (process)
		buf__printf(&line, json ? ",\"process\":\"%s\"" : " process=%s", process);
	/* logfmt quotes as JSON does. */
	buf__puts(&line, json ? ",\"msg\":" : " msg=");
	buf__json_string(&line, text);
	buf__puts(&line, json ? "}\n" : "\n");
	if (line.failed) {
		write_line(text, strlen(text));
		write_line("\n", 1);
		return;
	}
	write_line(line.data, line.len);
}

static void send_text(enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX];
	int len = snprintf(line, sizeof(line), "<%d>%s", level, text);

	write_line(line, len < LOG_LINE_MAX ? len : LOG_LINE_MAX - 1);
}

void log__to_attacher(void)
{
	look_at_stderr();
	for_attacher = true;
}

void log__for(enum log_level level, const char *process, const char *text)
{
	if (level >= threshold)
		write_text(level, process, text);
}

void log__line(enum log_level level, const char *fmt, ...)
{
	__cleanup_free char *text = NULL;
	va_list ap;
	int len;

	if (level < threshold)
		return;
	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		text = NULL; /* its content is undefined then */
	/* Without memory, log the format itself. */
	if (for_attacher)
		send_text(level, text ? text : fmt);
	else
		write_text(level, NULL, text ? text : fmt);
}

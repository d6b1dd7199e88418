/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"

/* Enough for a server that logs many errors at debug level. */
#define BURST	   200
#define PER_SECOND 50

int log_relay__join(int server)
{
	__cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(server, STDERR_FILENO) < 0)
		return -errno;
	log__to_attacher();
	return 0;
}

bool log_budget__is_spent(struct log_budget *b)
{
	double now = monotonic_seconds();

	b->spent -= (now - b->since) * PER_SECOND;
	if (b->spent < 0)
		b->spent = 0;
	b->since = now;
	return b->spent > BURST - 1;
}

/* A line with a NUL; 0: none for now; or a negative errno. */
static ssize_t receive(int fd, char line[LOG_LINE_MAX + 1])
{
	ssize_t n = TEMP_FAILURE_RETRY(recv(fd, line, LOG_LINE_MAX, MSG_DONTWAIT));

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!n)
		return -EPIPE;
	line[n] = '\0';
	return n;
}

static void pass_on(char *line)
{
	enum log_level level = LOG_WARN;
	char *text = line;

	if (*text == '<' && text[1] >= '0' + LOG_DEBUG && text[1] <= '0' + LOG_ERROR &&
	    text[2] == '>') {
		level = text[1] - '0';
		text += 3;
	}
	text[strcspn(text, "\n")] = '\0';
	log__for(level, "server", text);
}

void log_relay__pass(int *fd, struct log_budget *b)
{
	char line[LOG_LINE_MAX + 1];
	ssize_t n = 0;

	while (!log_budget__is_spent(b) && (n = receive(*fd, line)) > 0) {
		pass_on(line);
		b->spent++;
	}
	if (n < 0) {
		close(*fd);
		*fd = -1;
	}
}

void log_relay__end(int *fd, struct log_budget *b)
{
	char line[LOG_LINE_MAX + 1];
	unsigned more = 0;

	if (*fd < 0)
		return;
	log_relay__pass(fd, b);
	while (*fd >= 0 && receive(*fd, line) > 0)
		more++;
	cleanup__close(fd);
	*fd = -1;
	if (more)
		log_warn("%u more lines of a server's log were too many", more);
}

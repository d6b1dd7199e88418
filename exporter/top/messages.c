/* SPDX-License-Identifier: GPL-2.0-only */
#include "top/messages.h"

#include <fcntl.h>

#include "base/log.h"

#define KEPT 50

struct messages {
	int stderr_fd; /* the real one */
	int pipe;
	char line[LOG_LINE_MAX]; /* the beginning of the next one */
	size_t len;
	char *lines[KEPT]; /* a ring */
	size_t n;	   /* ever */
};

static void set_up_log(void)
{
	enum log_format format;
	enum log_level level = log__level(&format);

	log__setup(level, format);
}

struct messages *messages__begin(void)
{
	struct messages *m;
	int fds[2];

	if (!isatty(STDERR_FILENO) || pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return NULL;
	m = xcalloc(1, sizeof(*m));
	m->pipe = fds[0];
	m->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	set_up_log();
	return m;
}

int messages__descriptor(const struct messages *m)
{
	return m ? m->pipe : -1;
}

static void keep(struct messages *m)
{
	char **slot = &m->lines[m->n++ % KEPT];

	free(*slot);
	*slot = xstrndup(m->line, m->len);
	m->len = 0;
}

void messages__read(struct messages *m)
{
	char data[1024];
	ssize_t n;

	while (m && (n = read(m->pipe, data, sizeof(data))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (data[i] == '\n')
				keep(m);
			else if (m->len < sizeof(m->line))
				m->line[m->len++] = data[i];
		}
	}
}

const char *messages__last(const struct messages *m)
{
	const char *line = m && m->n ? m->lines[(m->n - 1) % KEPT] : NULL;
	const char *level = line ? strstr(line, "level=") : NULL;

	return level ? level : line;
}

void messages__end(struct messages *m)
{
	if (!m)
		return;
	messages__read(m);
	dup2(m->stderr_fd, STDERR_FILENO);
	close(m->stderr_fd);
	close(m->pipe);
	set_up_log();
	for (size_t i = m->n > KEPT ? m->n - KEPT : 0; i < m->n; i++)
		fprintf(stderr, "%s\n", m->lines[i % KEPT]);
	for (size_t i = 0; i < KEPT; i++)
		free(m->lines[i]);
	free(m);
}

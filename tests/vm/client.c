/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP client of the test guests. It is static, and each command is one process: in an emulated
 * guest, a shell's forks and curl's libraries take longer than the exporter's answer.
 *
 *	client get PORT PATH [FILE]	one GET of 127.0.0.1:PORT; the body goes to FILE
 *	client post PORT PATH [FILE]	one POST without a body
 *	client until PORT PATH [!]REGEX [FILE]
 *					GETs until a line of the body matches the extended regular
 *					expression REGEX, 4 minutes at most; with !, until none does
 *	client scrape PORT FILE [PORT FILE]...
 *					/metrics twice from each port, the second body to FILE: the
 *					exporter exports the lower of two readings of some losses
 *	client ready PORT PID		waits until /-/ready answers 200, 4 minutes at most; fails
 *					when the process ends
 *	client scraper SECONDS PORT...	/metrics from each port, then a pause of SECONDS, until a
 *					line comes on stdin; then prints `N scrapes, N failed`
 *
 * $PATIENCE, in seconds, replaces the limit of 4 minutes on a busy machine.
 *
 * Succeeds if every answer had status 200 and as many bytes as its Content-Length. Other answers
 * are printed. A port without a listener is a silent failure.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS	    50
#define POLL_MS_MAX 500

struct answer {
	char *text; /* NUL-terminated, from malloc() */
	size_t size;
};

static int connect_to(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	struct timeval limit = { .tv_sec = 120 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -1;
}

/* Reads until the server closes the connection. */
static struct answer ask(const char *port, const char *method, const char *path)
{
	struct answer a = { calloc(1, 1), 0 };
	char text[512];
	size_t room = 0;
	ssize_t n;
	int fd = connect_to(port);

	if (fd < 0)
		return a;
	n = snprintf(text, sizeof(text),
		     "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		     method, path);
	send(fd, text, n, MSG_NOSIGNAL);
	do {
		if (room - a.size < 65536) {
			room = 2 * room + 131072;
			a.text = realloc(a.text, room);
		}
		n = read(fd, a.text + a.size, room - a.size - 1);
		a.size += n > 0 ? n : 0;
	} while (n > 0);
	a.text[a.size] = '\0';
	close(fd);
	return a;
}

static bool save(const char *file, const char *body, size_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t n = 0;

	while (fd >= 0 && size && (n = write(fd, body, size)) > 0) {
		body += n;
		size -= n;
	}
	if (fd < 0 || size || close(fd)) {
		perror(file);
		return false;
	}
	return true;
}

struct request {
	const char *method, *path;
	const char *file;    /* for the body, or NULL */
	const regex_t *line; /* regular expression for the body, or NULL */
	bool without;	     /* no line may match it */
	bool quiet;	     /* other answers are not printed */
};

static bool request(const char *port, struct request r)
{
	struct answer a = ask(port, r.method, r.path);
	char *end = strstr(a.text, "\r\n\r\n"), *length;
	size_t size = 0, announced = -1;
	bool good = end && !strncmp(a.text, "HTTP/1.1 200 ", 13);

	if (end) {
		end[2] = '\0';
		length = strcasestr(a.text, "\r\nContent-Length:");
		announced = length ? strtoul(length + 17, NULL, 10) : announced;
		size = a.size - (end + 4 - a.text);
	}
	if (a.size && (!good || size != announced)) {
		if (!r.quiet)
			printf("%s: %.*s, %zu of %zd bytes\n", r.path, (int)strcspn(a.text, "\r\n"),
			       a.text, size, (ssize_t)announced);
		good = false;
	}
	if (end && r.file && !save(r.file, end + 4, size))
		good = false;
	if (good && r.line)
		good = !regexec(r.line, end + 4, 0, NULL, 0) != r.without;
	free(a.text);
	return good;
}

static bool get(const char *port, const char *path, const char *file, bool quiet)
{
	return request(port, (struct request){ "GET", path, file, NULL, false, quiet });
}

static time_t deadline_from_now(void)
{
	const char *patience = getenv("PATIENCE");

	return time(NULL) + (patience ? atoi(patience) : 240);
}

static unsigned long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000UL + t.tv_nsec / 1000000;
}

/* The pause after a try, in milliseconds: ten times as long as the try, so that polling takes
 * little of an emulated CPU. */
static unsigned long pause_after(unsigned long begun)
{
	unsigned long ms = 10 * (now_ms() - begun);

	return ms < POLL_MS ? POLL_MS : ms > POLL_MS_MAX ? POLL_MS_MAX : ms;
}

static bool get_until(const char *port, const char *path, const char *pattern, const char *file)
{
	time_t deadline = deadline_from_now();
	bool without = *pattern == '!';
	regex_t line;

	if (regcomp(&line, pattern + without, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		return false;
	while (time(NULL) < deadline) {
		unsigned long begun = now_ms();

		if (request(port, (struct request){ "GET", path, file, &line, without, true }))
			return true;
		usleep(1000 * pause_after(begun));
	}
	return false;
}

static bool scrape(char **arguments)
{
	for (char **a = arguments; *a; a += 2)
		if (!get(a[0], "/metrics", NULL, false))
			return false;
	for (char **a = arguments; *a; a += 2)
		if (!get(a[0], "/metrics", a[1], false))
			return false;
	return true;
}

static bool wait_ready(const char *port, pid_t pid)
{
	struct pollfd process = { syscall(SYS_pidfd_open, pid, 0), POLLIN, 0 };
	time_t deadline = deadline_from_now();

	while (process.fd >= 0 && time(NULL) < deadline) {
		unsigned long begun = now_ms();

		if (get(port, "/-/ready", NULL, true))
			return true;
		if (poll(&process, 1, pause_after(begun)))
			return false;
	}
	return false;
}

static bool scrape_on(double seconds, char **ports)
{
	struct pollfd told = { STDIN_FILENO, POLLIN, 0 };
	unsigned long scrapes = 0, failed = 0;

	do {
		for (char **port = ports; *port; port++, scrapes++)
			failed += !get(*port, "/metrics", NULL, false);
	} while (!poll(&told, 1, seconds * 1000));
	printf("%lu scrapes, %lu failed\n", scrapes, failed);
	return !failed;
}

int main(int argc, char **argv)
{
	const char *command = argc > 3 ? argv[1] : "";

	if (!strcmp(command, "get") && argc <= 5)
		return !get(argv[2], argv[3], argv[4], false);
	if (!strcmp(command, "post") && argc <= 5)
		return !request(argv[2],
				(struct request){ "POST", argv[3], argv[4], NULL, false, false });
	if (!strcmp(command, "until") && (argc == 5 || argc == 6))
		return !get_until(argv[2], argv[3], argv[4], argv[5]);
	if (!strcmp(command, "scrape") && argc % 2 == 0)
		return !scrape(argv + 2);
	if (!strcmp(command, "ready") && argc == 4)
		return !wait_ready(argv[2], atoi(argv[3]));
	if (!strcmp(command, "scraper"))
		return !scrape_on(atof(argv[2]), argv + 3);
	fprintf(stderr,
		"usage: client get|post PORT PATH [FILE] | until PORT PATH [!]REGEX [FILE] | "
		"scrape PORT FILE [PORT FILE]... | ready PORT PID | scraper SECONDS PORT...\n");
	return 2;
}

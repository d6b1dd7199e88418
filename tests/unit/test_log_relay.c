/* SPDX-License-Identifier: GPL-2.0-only */
/* How an attacher logs a server's lines, even those of a compromised server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/channel.h"
#include "base/log.h"
#include "base/log_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int server, attacher, standard_error;
static FILE *written;
static struct log_budget budget;
static char text[1 << 18];

/* This process logs to a file. */
static int set_up(void **state)
{
	budget = (struct log_budget){};
	standard_error = dup(STDERR_FILENO);
	written = tmpfile();
	dup2(fileno(written), STDERR_FILENO);
	log__setup(LOG_INFO, LOG_LOGFMT);
	return channel__open(&server, &attacher);
}

static int tear_down(void **state)
{
	dup2(standard_error, STDERR_FILENO);
	close(standard_error);
	fclose(written);
	cleanup__close(&server);
	cleanup__close(&attacher);
	log__setup(LOG_ERROR, LOG_LOGFMT);
	return 0;
}

static const char *log_text(void)
{
	ssize_t n = pread(fileno(written), text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static size_t count_lines(void)
{
	size_t n = 0;

	for (const char *p = log_text(); (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

static void say(const char *line)
{
	assert_int_equal(send(server, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL),
			 strlen(line));
}

static void assert_logged(const char *line)
{
	if (!strstr(log_text(), line))
		fail_msg("%s is not in %s", line, text);
}

static void test_lines(void **state)
{
	say("<1>it \"listens\"");
	say("<3>it is over");
	say("<0>not at this level");
	say("*** from a library ***\n");
	log_relay__pass(&attacher, &budget);
	assert_logged(" level=info process=server msg=\"it \\\"listens\\\"\"\n");
	assert_logged(" level=error process=server msg=\"it is over\"\n");
	assert_logged(" level=warn process=server msg=\"*** from a library ***\"\n");
	assert_int_equal(count_lines(), 3);
	log__setup(LOG_INFO, LOG_JSON);
	say("<2>json");
	log_relay__pass(&attacher, &budget);
	assert_logged("\"level\":\"warn\",\"process\":\"server\",\"msg\":\"json\"}\n");
}

/* No part of it can pass for another line, or for one of the attacher's. */
static void test_hostile_lines(void **state)
{
	static char endless[60000];

	say("<4>no such level");
	say("<1>one\nts=2026-01-01T00:00:00.000Z level=info msg=\"all is well\"\n");
	say("<1>\x1b[2J\x1b]0;title\a\r");
	say("<1>\xff\xfe");
	say("<");
	say("\n");
	assert_int_equal(send(server, "<1>a\0b", 6, 0), 6);
	memset(endless, 'x', sizeof(endless));
	assert_int_equal(send(server, endless, sizeof(endless), 0), sizeof(endless));
	log_relay__pass(&attacher, &budget);
	assert_logged(" level=warn process=server msg=\"<4>no such level\"\n");
	assert_logged(" level=info process=server msg=\"one\"\n");
	assert_null(strstr(text, "all is well"));
	assert_null(strpbrk(text, "\x1b\a\r\xff"));
	assert_logged(" process=server msg=\"a\"\n");
	assert_int_equal(count_lines(), 8);
	assert_true(strlen(text) < 2 * LOG_LINE_MAX);
	for (const char *p = text; *p; p = strchr(p, '\n') + 1)
		assert_memory_equal(strchr(strchr(p, ' ') + 1, ' '), " process=server ", 16);
}

/* The server's socket is full. The attacher need not read the rest. */
static void test_flood(void **state)
{
	size_t said = 0, rounds = 0, lines;

	do {
		while (send(server, "<3>flood", 8, MSG_DONTWAIT) == 8)
			said++;
		assert_int_equal(errno, EAGAIN);
		log_relay__pass(&attacher, &budget);
	} while (!log_budget__is_spent(&budget) && ++rounds < 100);
	lines = count_lines();
	assert_in_range(lines, 200, 300); /* the bucket refills meanwhile */
	while (send(server, "<3>flood", 8, MSG_DONTWAIT) == 8)
		said++;
	assert_true(said > lines);
	/* For a server that has exited, the number of dropped lines is logged. */
	budget.spent = 1e6;
	log_relay__end(&attacher, &budget);
	assert_int_equal(attacher, -1);
	assert_int_equal(count_lines(), lines + 1);
	assert_logged("level=warn msg=\"");
	assert_logged(" more lines of a server's log were too many\"\n");
	log_relay__end(&attacher, &budget);
	assert_int_equal(count_lines(), lines + 1);
}

static void test_end(void **state)
{
	say("<1>the last word");
	close(server);
	server = -1;
	log_relay__pass(&attacher, &budget);
	assert_int_equal(attacher, -1);
	assert_logged("the last word");
}

static bool is_null(int fd)
{
	struct stat st, null;

	return !fstat(fd, &st) && !stat("/dev/null", &null) && st.st_rdev == null.st_rdev;
}

/* In a server: changes to its standard error do not affect the attacher's. */
static int be_server(void)
{
	int on = O_NONBLOCK;

	if (log_relay__join(server) || !is_null(STDIN_FILENO) || !is_null(STDOUT_FILENO))
		return 1;
	log_info("from the %s", "server");
	log_debug("not at this level");
	if (lseek(STDERR_FILENO, 0, SEEK_SET) != -1 || fcntl(STDERR_FILENO, F_SETFL, on))
		return 2;
	return write(STDERR_FILENO, "from a library", 14) != 14;
}

static void test_join(void **state)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL), status;
	pid_t pid = fork();

	if (!pid)
		_exit(be_server());
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	log_relay__pass(&attacher, &budget);
	assert_logged(" level=info process=server msg=\"from the server\"\n");
	assert_logged(" level=warn process=server msg=\"from a library\"\n");
	assert_int_equal(count_lines(), 2);
	assert_int_equal(fcntl(STDERR_FILENO, F_GETFL), flags);
}

/* A line longer than a packet is cut. A line that does not fit into the socket is counted. */
static int be_verbose(void)
{
	static char endless[8 << 10];

	memset(endless, 'x', sizeof(endless) - 1);
	if (log_relay__join(server))
		return 1;
	log_info("%s", endless);
	if (log__take_dropped())
		return 2;
	for (int i = 0; i < 1000; i++)
		log_info("%s", endless);
	return !log__take_dropped();
}

static void test_verbose(void **state)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(be_verbose());
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines), TEST(test_hostile_lines), TEST(test_flood),
		TEST(test_end),	  TEST(test_join),	    TEST(test_verbose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The messages that arrive at a socket in systemd's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/sd_notify.h"
#include "base/util.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int listen_at(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(un.sun_path, name, strlen(name));
	if (*name == '@')
		un.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&un,
			      offsetof(struct sockaddr_un, sun_path) + strlen(name)),
			 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void expect(int fd, const char *state)
{
	char got[256] = "";
	unsigned long long usec;

	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	if (state)
		assert_string_equal(got, state);
	else
		assert_int_equal(sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%llu", &usec), 1);
}

static void say_all(int fd)
{
	sd_notify__ready();
	expect(fd, "READY=1");
	sd_notify__reloading();
	expect(fd, NULL);
	sd_notify__stopping();
	expect(fd, "STOPPING=1");
	close(fd);
}

static void test_path(void **state)
{
	__cleanup_free char *path = xasprintf("/tmp/retprobe-notify-%d", getpid());

	say_all(listen_at(path));
	unlink(path);
}

static void test_abstract(void **state)
{
	__cleanup_free char *name = xasprintf("@retprobe-notify-%d", getpid());

	say_all(listen_at(name));
}

static void set_number(const char *name, long long n)
{
	__cleanup_free char *text = xasprintf("%lld", n);

	assert_int_equal(setenv(name, text, 1), 0);
}

static bool is_silent(int fd)
{
	char got[256];

	return recv(fd, got, sizeof(got), MSG_DONTWAIT) < 0;
}

static void test_watchdog(void **state)
{
	__cleanup_free char *name = xasprintf("@retprobe-watchdog-%d", getpid());
	int fd = listen_at(name);

	unsetenv("WATCHDOG_USEC");
	sd_notify__alive();
	set_number("WATCHDOG_USEC", 3600000000LL);
	set_number("WATCHDOG_PID", getppid());
	sd_notify__alive();
	assert_true(is_silent(fd));

	set_number("WATCHDOG_PID", getpid());
	sd_notify__alive();
	expect(fd, "WATCHDOG=1");
	sd_notify__alive(); /* fifteen minutes later one would be due */
	assert_true(is_silent(fd));
	unsetenv("WATCHDOG_PID");
	set_number("WATCHDOG_USEC", 1);
	sd_notify__alive();
	expect(fd, "WATCHDOG=1");
	sd_notify__alive();
	expect(fd, "WATCHDOG=1");
	close(fd);
}

/* No failure is an error: the service goes on. */
static void test_nobody(void **state)
{
	char longer[300];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	unsetenv("NOTIFY_SOCKET");
	sd_notify__ready();
	setenv("NOTIFY_SOCKET", "", 1);
	sd_notify__ready();
	setenv("NOTIFY_SOCKET", "relative", 1);
	sd_notify__ready();
	setenv("NOTIFY_SOCKET", "/nonexistent/retprobe", 1);
	sd_notify__ready();
	setenv("NOTIFY_SOCKET", longer, 1);
	sd_notify__ready();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

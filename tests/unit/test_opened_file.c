/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "files/opened_file.h"
#include "temp_dir.h"

static char *dir;

static int setup(void **state)
{
	dir = temp_dir__new();
	temp_dir__write(dir, "own", "own", 3);
	temp_dir__write(dir, "other", "other", 5);
	return 0;
}

static int teardown(void **state)
{
	temp_dir__remove(dir);
	return 0;
}

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static struct opened_file *open_well(const char *path)
{
	struct opened_file *f = NULL;
	struct file_id id;
	char *why = NULL;

	if (opened_file__open(path, &f, &id, &why))
		fail_msg("%s", why);
	assert_true(file_id__same(&id, &f->id));
	return f;
}

static void refused(const char *path, const char *text)
{
	struct opened_file *f = NULL;
	struct file_id id;
	char *why = NULL;

	assert_int_equal(opened_file__open(path, &f, &id, &why), -ENOENT);
	assert_null(f);
	if (!strstr(why, text))
		fail_msg("\"%s\" does not say \"%s\"", why, text);
	free(why);
}

static void assert_content(int fd, const char *want)
{
	char text[16] = "";

	assert_true(pread(fd, text, sizeof(text) - 1, 0) >= 0);
	assert_string_equal(text, want);
}

/* The descriptor refers to the file that was opened, wherever the path leads now. */
static void test_swapped_link(void **state)
{
	__cleanup_free char *link = path_of("link"), *own = path_of("own"),
			    *other = path_of("other");
	struct opened_file *f;
	int fd;

	assert_int_equal(symlink(own, link), 0);
	f = open_well(link);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink(other, link), 0);
	fd = open(f->path, O_RDONLY | O_CLOEXEC);
	assert_content(fd, "own");
	close(fd);
	assert_true(opened_file__is_unchanged(f));
	opened_file__unref(opened_file__ref(f));
	assert_content(f->fd, "own");
	opened_file__unref(f);
	opened_file__unref(NULL);
}

static void test_changed(void **state)
{
	static const struct timespec long_ago[2] = { { 1000, 0 }, { 1000, 0 } };
	__cleanup_free char *own = path_of("own");
	struct opened_file *f;

	assert_int_equal(utimensat(AT_FDCWD, own, long_ago, 0), 0);
	f = open_well(own);
	assert_true(opened_file__is_unchanged(f));
	temp_dir__write(dir, "own", "new", 3);
	/* Its owner resets the timestamps. */
	assert_int_equal(utimensat(AT_FDCWD, own, long_ago, 0), 0);
	assert_false(opened_file__is_unchanged(f));
	opened_file__unref(f);
}

/* ---- not a regular file --------------------------------------------------------------------- */

static void test_never_opened(void **state)
{
	__cleanup_free char *fifo = path_of("fifo"), *socket_path = path_of("socket");
	__cleanup_close int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	__cleanup_close int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char event[512];

	assert_int_equal(mkfifo(fifo, 0600), 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.100s", socket_path);
	assert_int_equal(bind(s, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_true(inotify_add_watch(watch, fifo, IN_OPEN) >= 0);
	refused(fifo, "is not a file");
	assert_int_equal(read(watch, event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	refused(socket_path, "is not a file");
	refused(dir, "is not a file");
	refused("/dev/null", "is not a file");
	refused("/nowhere/at/all", "there is no file /nowhere/at/all");
}

/* A missing file has an identity, too. Otherwise each look would report a change. */
static void test_identity(void **state)
{
	__cleanup_free char *fifo = path_of("fifo");
	struct opened_file *f = NULL;
	struct file_id id, again;
	char *why = NULL;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(opened_file__open(fifo, &f, &id, &why), -ENOENT);
	free(why);
	assert_true(id.ino);
	assert_int_equal(opened_file__open(fifo, &f, &again, &why), -ENOENT);
	free(why);
	assert_true(file_id__same(&id, &again));
}

/* ---- root of a process ---------------------------------------------------------------------- */

/* Runs until it is killed. `ready` reaches end of file once it is in its root. */
static pid_t live_in(const char *root)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		if (chroot(root) || chdir("/") || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* A symbolic link in a container resolves within the container. */
static void test_process_root(void **state)
{
	__cleanup_free char *root = path_of("cont"), *in_root = path_of("cont/own"),
			    *link = path_of("cont/app"), *up = path_of("cont/up"),
			    *own = path_of("own");
	__cleanup_free char *seen = NULL, *climbing = NULL, *outside = NULL;
	struct opened_file *f;
	pid_t pid;

	if (geteuid())
		skip();
	assert_int_equal(mkdir(root, 0755), 0);
	temp_dir__write(root, "own", "cont", 4);
	assert_int_equal(symlink("/own", link), 0);
	assert_int_equal(symlink("../../../../../../own", up), 0);
	pid = live_in(root);
	seen = xasprintf("/proc/%d/root/app", pid);
	climbing = xasprintf("/proc/%d/root/up", pid);
	outside = xasprintf("/proc/%d/root%s", pid, own);
	f = open_well(seen);
	assert_content(f->fd, "cont");
	opened_file__unref(f);
	f = open_well(climbing);
	assert_content(f->fd, "cont");
	opened_file__unref(f);
	refused(outside, "there is no file");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(link);
	unlink(up);
	unlink(in_root);
	rmdir(root);
}

/* ---- other users' access -------------------------------------------------------------------- */

static void assert_weakness(const char *path, const char *want)
{
	char text[256];

	file_finder__weakness(path, false, text, sizeof(text));
	if (want ? !strstr(text, want) : *text)
		fail_msg("\"%s\" does not say \"%s\"", text, want ? want : "nothing");
}

static void test_weakness(void **state)
{
	__cleanup_free char *own = path_of("own"), *sub = path_of("sub"),
			    *deep = path_of("sub/deep"), *link = path_of("link");
	struct opened_file *f;

	assert_weakness("/bin/sh", NULL);
	assert_int_equal(chmod(own, 0755), 0);
	assert_weakness(own, NULL);
	assert_int_equal(chmod(own, 0757), 0);
	assert_weakness(own, "the file own can be written by everybody");
	f = open_well(own);
	assert_string_equal(f->weakness, "the file own can be written by everybody");
	opened_file__unref(f);

	/* Through a symbolic link, the directory that it leads to counts. */
	assert_int_equal(mkdir(sub, 0755), 0);
	temp_dir__write(sub, "deep", "x", 1);
	assert_int_equal(symlink("sub/deep", link), 0);
	assert_weakness(link, NULL);
	assert_int_equal(chmod(sub, 0777), 0);
	assert_weakness(link, "the directory sub can be written by everybody");
	assert_int_equal(chmod(sub, 01777), 0);
	assert_weakness(deep, NULL);
	if (!geteuid()) {
		assert_int_equal(chmod(sub, 0755) || chown(sub, 1234, 0), 0);
		assert_weakness(deep, "the directory sub belongs to user 1234");
		assert_int_equal(chmod(sub, 0775) || chown(sub, 0, 1234), 0);
		assert_weakness(deep, "the directory sub can be written by group 1234");
	}
	unlink(deep);
	rmdir(sub);
}

/* In a mount namespace of its own: what the mount options are, and whether they are trusted. */
static void say_of_mount(const char *volume, const char *file, unsigned long flags,
			 bool trusts_mounts, char text[static 256])
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	if (!fork()) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount(volume, volume, NULL, MS_BIND, NULL) ||
		    mount(NULL, volume, NULL, MS_BIND | MS_REMOUNT | flags, NULL))
			_exit(1);
		file_finder__weakness(file, trusts_mounts, text, 256);
		_exit(write(fds[1], text, 256) != 256);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], text, 256), 256);
	wait(NULL);
	close(fds[0]);
}

/* As the kubelet mounts a ConfigMap: the directory has all rights, the mount is read-only. */
static void test_read_only_mount(void **state)
{
	__cleanup_free char *volume = path_of("volume"), *file = path_of("volume/file");
	char text[256];

	if (geteuid())
		skip();
	assert_int_equal(mkdir(volume, 0755) || chmod(volume, 0777), 0);
	temp_dir__write(volume, "file", "x", 1);
	say_of_mount(volume, file, MS_RDONLY, true, text);
	assert_string_equal(text, "");
	say_of_mount(volume, file, MS_RDONLY, false, text);
	assert_non_null(strstr(text, "the directory volume can be written by everybody"));
	say_of_mount(volume, file, 0, true, text);
	assert_non_null(strstr(text, "the directory volume can be written by everybody"));
	unlink(file);
	rmdir(volume);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_swapped_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_process_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_weakness, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only_mount, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

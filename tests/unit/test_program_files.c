/* SPDX-License-Identifier: GPL-2.0-only */
/* Real processes, seen through /proc. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "files/program_files.h"
#include "temp_dir.h"

#define PATIENCE 20.0
#define KEPT	 60.0

static char *dir, *program;
static double now;

static int setup(void **state)
{
	__cleanup_free char *copy = NULL;

	dir = temp_dir__new();
	program = xasprintf("%s/program", dir);
	copy = xasprintf("cp /bin/sleep %s", program);
	now = 1000;
	return system(copy);
}

static int teardown(void **state)
{
	temp_dir__remove(dir);
	free(program);
	return 0;
}

static void wait_for_exec(pid_t pid, const char *path)
{
	__cleanup_free char *link = xasprintf("/proc/%d/exe", pid);
	char now_is[512];

	for (;;) {
		ssize_t n = readlink(link, now_is, sizeof(now_is) - 1);

		now_is[n < 0 ? 0 : n] = '\0';
		if (!strcmp(now_is, path))
			return;
		usleep(1000);
	}
}

static pid_t start(const char *path)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		execl(path, path, "1000", NULL);
		_exit(1);
	}
	wait_for_exec(pid, path);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Files have no content here. */
static char *soname_of(int fd, const char *path)
{
	if (strstr(path, "libname-2.31.so"))
		return xstrdup("libname.so.3");
	if (strstr(path, "libnames-2.31.so"))
		return xstrdup("libnames.so.3");
	return strstr(path, "-2.32.so") ? xstrdup("libname.so.4") : NULL;
}

static struct program_files *look_for(const struct selection *s)
{
	struct program_files *p = program_files__new(soname_of);

	program_files__select(p, &s, 1);
	return p;
}

static bool look(struct program_files *p, double later)
{
	now += later;
	return program_files__tick(p, now, PATIENCE);
}

static size_t count(const struct program_files *p, const struct selection *s)
{
	const struct program_file *files[PROGRAM_FILES_MAX];

	return program_files__of(p, s, files);
}

static bool is_file(const struct program_file *f, const char *path)
{
	struct stat st;

	return !stat(path, &st) && f->opened->id.ino == st.st_ino;
}

static void test_executable(void **state)
{
	struct selection s = { .pid = start(program) };
	struct program_files *p = look_for(&s);
	const struct program_file *files[PROGRAM_FILES_MAX];

	assert_true(look(p, 0));
	assert_int_equal(program_files__of(p, &s, files), 1);
	assert_true(is_file(files[0], program));
	assert_string_equal(files[0]->path, program);
	assert_false(look(p, 2));
	end(s.pid);
	program_files__free(p);
}

/* A program that runs often, for a short time each. */
static void test_kept(void **state)
{
	struct selection s = { .pid = start(program) };
	struct program_files *p = look_for(&s);

	assert_true(look(p, 0));
	end(s.pid);
	assert_false(look(p, KEPT - 1));
	assert_int_equal(count(p, &s), 1);
	assert_true(look(p, 2));
	assert_int_equal(count(p, &s), 0);
	program_files__free(p);
}

/* Two links to one inode: a uprobe would be set twice. */
static void test_same_inode(void **state)
{
	__cleanup_free char *other = xasprintf("%s/other", dir);
	struct selection s = { .comm = "other" };
	struct program_files *p;
	pid_t one, two;

	assert_int_equal(link(program, other), 0);
	one = start(other);
	two = start(other);
	p = look_for(&s);
	assert_true(look(p, 0));
	assert_int_equal(count(p, &s), 1);
	end(one);
	assert_false(look(p, 2 * KEPT));
	assert_int_equal(count(p, &s), 1);
	end(two);
	program_files__free(p);
}

static void test_deleted(void **state)
{
	struct selection s = { .pid = start(program) };
	struct program_files *p = look_for(&s);
	const struct program_file *files[PROGRAM_FILES_MAX];

	unlink(program);
	assert_true(look(p, 0));
	assert_int_equal(program_files__of(p, &s, files), 1);
	assert_string_equal(files[0]->path, program);
	end(s.pid);
	program_files__free(p);
}

/* Then its functions may be elsewhere. */
static void test_written(void **state)
{
	struct selection s = { .pid = start(program) };
	struct program_files *p = look_for(&s);
	const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	const struct program_file *files[PROGRAM_FILES_MAX];

	assert_true(look(p, 0));
	assert_int_equal(utimensat(AT_FDCWD, program, times, 0), 0);
	assert_true(look(p, 2));
	assert_int_equal(program_files__of(p, &s, files), 1);
	assert_int_equal(files[0]->opened->id.mtime_ns, 1000000000);
	end(s.pid);
	program_files__free(p);
}

static void test_select(void **state)
{
	struct selection s = { .pid = start(program) }, other = { .pid = 1 << 22 };
	const struct selection *both[] = { &other, &s };
	const struct program_file *before[PROGRAM_FILES_MAX], *after[PROGRAM_FILES_MAX];
	struct opened_file *opened;
	struct program_files *p = look_for(&s);

	assert_true(look(p, 0));
	program_files__of(p, &s, before);
	opened = before[0]->opened;
	program_files__select(p, both, 2);
	assert_int_equal(program_files__of(p, &s, after), 1);
	assert_ptr_equal(after[0]->opened, opened);
	assert_int_equal(count(p, &other), 0);
	program_files__select(p, both, 1);
	assert_int_equal(count(p, &s), 0);
	end(s.pid);
	program_files__free(p);
}

/* Maps pages of a file, executable, and closes it. */
static void map(const char *name, size_t times)
{
	__cleanup_free char *path = xasprintf("%s/%s", dir, name);
	__cleanup_close int fd = -1;

	temp_dir__write(dir, name, "text", 4);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < times; i++)
		assert_ptr_not_equal(mmap(NULL, 4, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0),
				     MAP_FAILED);
}

static void test_library(void **state)
{
	struct selection s = { .library = "libunit.so.3", .pid = getpid() };
	struct program_files *p = look_for(&s);
	const struct program_file *files[PROGRAM_FILES_MAX];

	map("libunit.so.3.1", 3);
	map("libunit.so.3-not", 1);
	map("notlibunit.so.3", 1);
	look(p, 0);
	if (!count(p, &s)) /* without CAP_CHECKPOINT_RESTORE */
		assert_non_null(strstr(program_files__missing(p), "CAP_CHECKPOINT_RESTORE"));
	else
		assert_int_equal(program_files__of(p, &s, files), 1);
	program_files__free(p);
}

static void test_soname(void **state)
{
	struct selection s = { .library = "libname.so.3", .pid = getpid() };
	struct program_files *p = look_for(&s);
	const struct program_file *files[PROGRAM_FILES_MAX];
	__cleanup_free char *path = xasprintf("%s/libname-2.31.so", dir);

	map("libname-2.31.so", 1);
	map("libname-2.32.so", 1);
	map("libname-none.so", 1);
	for (int i = 0; i < 2; i++) {
		look(p, 2);
		if (program_files__missing(p))
			continue;
		assert_int_equal(program_files__of(p, &s, files), 1);
		assert_true(is_file(files[0], path));
	}
	program_files__free(p);
}

/* Those of another library are not among the first 64 files, and are forgotten beyond some. */
static void test_many_sonames(void **state)
{
	struct selection s = { .library = "libnames.so.3", .pid = getpid() };
	struct program_files *p = look_for(&s);

	for (int i = 0; i < 2 * PROGRAM_FILES_MAX; i++) {
		__cleanup_free char *name = xasprintf("libnames-%d.so", i);

		map(name, 1);
	}
	for (int i = 0; i < 4; i++)
		look(p, 2);
	map("libnames-2.31.so", 1);
	look(p, 2);
	if (!program_files__missing(p)) {
		assert_int_equal(count(p, &s), 1);
		assert_int_equal(program_files__left_out(p, &s), 0);
	}
	program_files__free(p);
}

/* A process with as many mappings as are allowed. */
static pid_t start_large(void)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		map("libother.so", 60000);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* Looking at all processes takes so long that it is not done again for a while. */
static void test_new_process(void **state)
{
	struct selection library = { .library = "libunit.so.3" }, s = {};
	__cleanup_free char *comm = xasprintf("new-%d", getpid());
	__cleanup_free char *path = xasprintf("%s/%s", dir, comm);
	const struct selection *both[] = { &library, &s };
	struct program_files *p = program_files__new(soname_of);
	pid_t large = start_large(), pid;

	s.comm = comm;
	assert_int_equal(link(program, path), 0);
	program_files__select(p, both, 2);
	look(p, 0);
	assert_int_equal(count(p, &s), 0);
	pid = start(path);
	now += 4;
	for (int i = 0; i < 1500 && !count(p, &s); i++) {
		now += i % 500 ? 0 : 2;
		program_files__tick(p, now, 0);
		usleep(10000);
	}
	assert_int_equal(count(p, &s), 1);
	end(pid);
	end(large);
	program_files__free(p);
}

static void test_too_many(void **state)
{
	struct selection s = { .library = "libmany.so.1", .pid = getpid() };
	struct program_files *p = look_for(&s);

	for (int i = 0; i < PROGRAM_FILES_MAX + 5; i++) {
		__cleanup_free char *name = xasprintf("libmany.so.1.%d", i);

		map(name, 1);
	}
	for (int i = 0; i < 4; i++)
		look(p, 2);
	if (!program_files__missing(p)) {
		assert_int_equal(count(p, &s), PROGRAM_FILES_MAX);
		assert_int_equal(program_files__left_out(p, &s), 5);
	}
	program_files__free(p);
}

static void test_names(void **state)
{
	static const struct {
		const char *library, *file;
		bool same;
	} cases[] = {
		{ "libssl.so.3", "libssl.so.3", true },
		{ "libpq.so.5", "libpq.so.5.17", true },
		{ "libz.so", "libz.so.1.2.13", true },
		{ "libssl.so.3", "libssl.so.30", false },
		{ "libssl.so.3", "libssl.so", false },
		{ "libssl.so.3", "libssl.so.3.debug", false },
		{ "libssl.so.3", "mylibssl.so.3", false },
	};
	struct selection s = {};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		s.library = (char *)cases[i].library;
		assert_int_equal(selection__names(&s, cases[i].file), cases[i].same);
	}
}

static void test_names_by_soname(void **state)
{
	static const struct {
		const char *library, *file;
		bool possible;
	} cases[] = {
		{ "libc.so.6", "libc-2.31.so", true },
		{ "libpthread.so.0", "libpthread-2.31.so", true },
		{ "libc.so.6", "libcrypto-3.so", false },
		{ "libc.so.6", "libc.so.7", false },
		{ "libc.so.6", "libc-2.31.txt", false },
		{ "libc.so.6", "libc", false },
		{ "libc", "libc-2.31.so", false },
		{ ".so", "-2.31.so", false },
	};
	struct selection s = {};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		s.library = (char *)cases[i].library;
		assert_int_equal(selection__may_be(&s, cases[i].file), cases[i].possible);
	}
}

static void test_objects(void **state)
{
	static const struct {
		struct selection s;
		const char *object;
	} cases[] = {
		{ { .library = "libssl.so.3", .comm = "nginx" }, "libssl.so.3" },
		{ { .comm = "postgres" }, "comm:postgres" },
		{ { .pid = 17 }, "pid:17" },
		{ { .comm = "sh", .pod_uid = "0-1" }, "comm:sh,pod_uid:0-1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_free char *name = selection__name(&cases[i].s);

		assert_string_equal(name, cases[i].object);
	}
}

static void test_containers(void **state)
{
	struct selection s = { .container = "2f8e1c04d9b1" };

	assert_true(selection__is_container(&s, "containerd://2f8e1c04d9b1aaaa"));
	assert_true(selection__is_container(&s, "2f8e1c04d9b1aaaa"));
	assert_false(selection__is_container(&s, "docker://3f8e1c04d9b1aaaa"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_executable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_inode, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_select, setup, teardown),
		cmocka_unit_test_setup_teardown(test_library, setup, teardown),
		cmocka_unit_test_setup_teardown(test_soname, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_sonames, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_by_soname),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_containers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

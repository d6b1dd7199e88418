/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "files/opened_file.h"
#include "temp_dir.h"
#include "probes/watch.h"

#define PATIENCE 60

static char *dir, *path;
static struct watch *w;
static struct target *t;
static struct probe_row row;
static struct probe_table view;

/* Remembers the current state of the file. */
static void follow(void)
{
	__cleanup_close int fd = file_finder__find(path);
	struct file_state st;

	assert_int_equal(file_finder__look(fd, true, &st), 0);
	t->file = st.id;
	watch__follow(w, &view);
}

static int setup(void **state)
{
	dir = temp_dir__new();
	path = xasprintf("%s/program", dir);
	temp_dir__write(dir, "program", "x", 1);
	t = target__new(TARGET_USER, path, "f");
	row.state.target = t;
	row.state.object = t->object;
	view = (struct probe_table){ .rows = &row, .n = 1 };
	w = watch__new();
	follow();
	watch__machine_changed(w, 0, PATIENCE);
	return 0;
}

static int teardown(void **state)
{
	watch__free(w);
	target__free(t);
	free(path);
	temp_dir__remove(dir);
	return 0;
}

static void touch(void)
{
	static int n;
	__cleanup_free char *text = xasprintf("%*s", ++n, "");

	temp_dir__write(dir, "program", text, n);
}

/* What the ticks would report at that time, after the look has ended. */
static bool told_at(double now)
{
	bool told = watch__machine_changed(w, now, 0);

	while (watch__is_looking(w)) {
		usleep(1000);
		told |= watch__machine_changed(w, now, 0);
	}
	return told;
}

static void test_change(void **state)
{
	assert_false(told_at(10));
	touch();
	assert_true(told_at(12));
	assert_false(told_at(14));
	assert_int_equal(unlink(path), 0);
	assert_true(told_at(20));
	assert_false(told_at(22));
}

/* Waiting threads are woken at once. */
static void test_patience(void **state)
{
	for (int i = 0; i < 5; i++) {
		touch();
		assert_true(watch__machine_changed(w, 10, PATIENCE));
		assert_false(watch__machine_changed(w, 10, PATIENCE));
	}
}

/*
 * A file that is written all the time for an hour: reported a few times, and finally every five
 * minutes.
 */
static void test_backoff(void **state)
{
	int told = 0, late = 0;

	for (int now = 100; now < 3700; now += 20) {
		touch();
		if (!told_at(now))
			continue;
		follow();
		told++;
		late += now >= 1900;
	}
	assert_in_range(told, 8, 22);
	assert_in_range(late, 4, 7);
	/*
	 * The last change is reported, too. After a while without changes, the next one is reported
	 * at once.
	 */
	told_at(4500);
	follow();
	assert_false(told_at(6000));
	touch();
	assert_true(told_at(6002));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_patience, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backoff, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

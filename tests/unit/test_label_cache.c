/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "labels/cache.h"

static struct label_cache *cache;

static int set_up(void **state)
{
	cache = label_cache__new((uint32_t[]){ 2, 4 }, 2);
	return 0;
}

static int tear_down(void **state)
{
	label_cache__free(cache);
	return 0;
}

static void put_text(struct buf *b, const char *text)
{
	size_t len = strlen(text);

	buf__append(b, &len, sizeof(len));
	buf__append(b, text, len);
}

static void put(struct buf *b, uint32_t generation, uint32_t slot, uint32_t gen, const char *one,
		const char *two)
{
	uint32_t head[] = { generation, slot, gen, 2 };

	buf__append(b, head, sizeof(head));
	put_text(b, one);
	put_text(b, two);
}

/* A set is exported once the slot's current user has a name, never by a former user's name. */
static void test_sets(void **state)
{
	struct snap_set sets[] = { { .slot = 0, .gen = 1 },
				   { .slot = 1, .gen = 5 },
				   { .slot = 3 } };
	struct snap_target target = { .sets = sets, .nsets = ARRAY_SIZE(sets) };
	struct snapshot s = { .targets = &target, .n = 1 };
	__cleanup_buf struct buf updates = {};

	put(&updates, 1, 0, 0, "old", "");
	put(&updates, 1, 1, 5, "alpha", "1");
	put(&updates, 1, 3, 0, "beta", "");
	put(&updates, 0, 1, 5, "of another generation", "");
	assert_int_equal(label_cache__read(cache, updates.data, updates.len), 0);
	label_cache__apply(cache, 1, &s);
	assert_int_equal(target.nsets, 2);
	assert_int_equal(sets[0].slot, 1);
	assert_string_equal(sets[0].texts->v[0], "alpha");
	assert_string_equal(sets[0].texts->v[1], "1");
	assert_int_equal(sets[1].slot, 3);
	assert_string_equal(sets[1].texts->v[0], "beta");
	assert_int_equal(sets[2].slot, 0); /* after the sets that are exported */

	/* A scrape keeps the texts that it exports. */
	updates.len = 0;
	put(&updates, 1, 1, 6, "gamma", "");
	assert_int_equal(label_cache__read(cache, updates.data, updates.len), 0);
	assert_string_equal(sets[0].texts->v[0], "alpha");
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		label_texts__unref(sets[i].texts);
}

static void test_bad_updates(void **state)
{
	__cleanup_buf struct buf updates = {};
	uint32_t head[] = { 0, 0, 0, 1 }, bad_heads[][4] = {
		{ 2, 0, 0, 0 },
		{ 0, 2, 0, 0 },
		{ 0, 0, 0, 100 },
		{ 0, 0, 0, UINT32_MAX },
	};
	size_t len = UINT32_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(bad_heads); i++)
		assert_int_equal(label_cache__read(cache, (char *)bad_heads[i], sizeof(head)),
				 -EINVAL);
	buf__append(&updates, head, sizeof(head));
	buf__append(&updates, &len, sizeof(len));
	for (size_t cut = 1; cut <= updates.len; cut++)
		assert_int_equal(label_cache__read(cache, updates.data, cut), -EINVAL);
	assert_int_equal(label_cache__read(cache, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_updates, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

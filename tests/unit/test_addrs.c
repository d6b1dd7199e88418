/* SPDX-License-Identifier: GPL-2.0-only */
/* The table in which programs look up their target by function address. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "object/maps.h"
#include "object/object.h"
#include "object/state.h"

#define N 1000

static struct rp_addr sites[N];

static void place(struct object *o, size_t n)
{
	const struct object_params p = { .sites = sites, .nsites = n };

	*o = (struct object){};
	object_maps__place_addrs(o, &p);
}

/* The lookup that programs do (addresses.bpf.h). */
static uint64_t spec_of(const struct object *o, uint64_t addr)
{
	uint32_t at = rp_hash(addr, o->addr_shift);

	for (int step = 0; step < RP_ADDR_STEPS; step++)
		if (o->addrs[at + step].addr == addr)
			return o->addrs[at + step].desc;
	return 0;
}

static void every_address_is_found(void **state)
{
	struct object o;

	for (size_t n = 1; n <= N; n = n * 3 + 1) {
		for (size_t i = 0; i < n; i++)
			sites[i] = (struct rp_addr){ 0xffffffff81000000 + 16 * i, 1 + i };
		place(&o, n);
		assert_true(object__knows_addrs(&o));
		for (size_t i = 0; i < n; i++)
			assert_int_equal(spec_of(&o, sites[i].addr), 1 + i);
		assert_int_equal(spec_of(&o, 0xffffffff80000000), 0);
		free(o.addrs);
	}
}

/* At any table size. */
static void one_address_of_many(void **state)
{
	struct object o;

	for (size_t i = 0; i < N; i++)
		sites[i] = (struct rp_addr){ 0xffffffff81000000 + 16 * (i < 9 ? 0 : i), 1 + i };
	place(&o, N);
	assert_false(object__knows_addrs(&o));
	assert_int_equal(o.addr_shift, 0); /* cookies */
	assert_null(o.addrs);
	place(&o, 9);
	assert_false(object__knows_addrs(&o));
	place(&o, 8);
	assert_true(object__knows_addrs(&o));
	free(o.addrs);
	place(&o, 0);
	assert_false(object__knows_addrs(&o));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_is_found),
		cmocka_unit_test(one_address_of_many),
	};

	return cmocka_run_group_tests_name("addrs", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* /api/v1/probes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/version.h"
#include "expr/capture.h"
#include "golden.h"
#include "pages_fixture.h"

#include <math.h>
#include <time.h>

static void test_probes(void **state)
{
	__cleanup_response struct http_response res = get("/api/v1/probes", NULL, 0);
	__cleanup_buf struct buf rest = { 0 };
	char first[128], *end, *rest_of_end;

	assert_string_equal(res.content_type, "application/json; charset=utf-8");
	snprintf(first, sizeof(first), "{\"version\":\"%s\",\"probes\":[\n", rp_version);
	assert_memory_equal(res.body.data, first, strlen(first));
	/* The time comes last. */
	end = strstr(res.body.data, ",\"time\":");
	assert_non_null(end);
	assert_true(fabs(strtod(end + strlen(",\"time\":"), &rest_of_end) - time(NULL)) < 60);
	assert_string_equal(rest_of_end, "}\n");
	buf__append(&rest, res.body.data + strlen(first), end - res.body.data - strlen(first));
	buf__putc(&rest, '\n');
	golden__check("probes_json.txt", &rest);
}

static void test_probes_empty(void **state)
{
	fixture.in.ntargets = 0;
	fixture.in.programs = NULL;
	__cleanup_response struct http_response res = get("/api/v1/probes", NULL, 0);

	assert_non_null(strstr(res.body.data, "\"probes\":[\n],\"shared_missed\":[],"));
}

/* Label sets are summed. They are only listed if the request names the function. */
static void test_probes_labels(void **state)
{
	static const char *const functions[] = { "vfs_read" };
	static struct snap_value errnos[] = { { 2, 4, 0 }, { 5, 1, 0 } };
	static uint64_t words[][RP_CELL_BINS + FIXTURE_CELLS] = {
		{ 1, 0, 0, 0, 0, 500000000, 7, 0, 0, 0, 0, 1, 0 },
		{ 0, 2, 0, 0, 0, 250000000, 7, 0, 0, 5, 0, 0, 2 },
	};
	struct label_texts *texts[2];
	struct snap_set sets[2] = {};
	struct snap_target snap = fixture_snaps[0];
	struct capture_label labels[] = { { .name = "comm" }, { .name = "text" } };
	struct capture_spec extra = { .labels = labels, .nlabels = 2, .kernel.max_series = 7 };
	struct target target = fixture_targets[0];

	for (size_t i = 0; i < 2; i++) {
		texts[i] = calloc(1, sizeof(*texts[i]) + 2 * sizeof(char *));
		assert_non_null(texts[i]);
		texts[i]->v[0] = i ? "b" : "a";
		texts[i]->v[1] = "\"</script>\xff";
		sets[i] = (struct snap_set){ .cell.words = words[i], .texts = texts[i] };
	}
	sets[1].cell.values = errnos;
	sets[1].cell.nvalues = ARRAY_SIZE(errnos);
	snap.sets = sets;
	snap.nsets = 2;
	snap.taken = 3;
	snap.free_sets = 100;
	target.capture = &extra;
	fixture.states[0].target = &target;
	fixture.states[0].snap = &snap;
	{
		__cleanup_response struct http_response all = get("/api/v1/probes", NULL, 0),
							one = get("/api/v1/probes", functions, 1);
		const char *total = "\"calls\":54329,\"sum\":123457.539012345,\"buckets\":[0,1,1,"
				    "25,2,300,3,4001,4,50002],\"outcomes\":{\"ok\":{\"0\":21,"
				    "\"positive\":54291,\"negative\":4},\"error\":{\"_other\":1,"
				    "\"ENOENT\":7,\"EIO\":1,\"EACCES\":1,";

		assert_non_null(strstr(all.body.data, total));
		assert_non_null(strstr(one.body.data, total));
		assert_non_null(strstr(all.body.data, "\"label_sets\":3,\"label_sets_limit\":7,"
						      "\"label_sets_needed\":3}"));
		assert_null(strstr(all.body.data, "\"series\""));
		assert_non_null(strstr(one.body.data,
				       "{\"labels\":{\"comm\":\"_other\",\"text\":\"_other\"},"
				       "\"calls\":54321,"));
		assert_non_null(strstr(one.body.data,
				       "{\"labels\":{\"comm\":\"b\",\"text\":\"\\\"</script>\xef"
				       "\xbf\xbd\"},\"calls\":7,\"sum\":0.25,\"buckets\":[1,5,4,2],"
				       "\"outcomes\":{\"ok\":{\"positive\":2},\"error\":{"
				       "\"ENOENT\":4,\"EIO\":1}}}"));
		assert_null(strstr(one.body.data, "\"function\":\"openat\""));
	}
	extra.keep = KEEP_TOP;
	fixture.states[0].missed = &(struct missed_target){ .other_most = 12, .sets_needed = 1200 };
	{
		__cleanup_response struct http_response all = get("/api/v1/probes", NULL, 0);

		assert_non_null(strstr(all.body.data,
				       "\"label_sets_limit\":7,"
				       "\"label_sets_needed\":1200,\"label_sets_other_max\":12}"));
	}
	free(texts[0]);
	free(texts[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_probes),
		TEST(test_probes_empty),
		TEST(test_probes_labels),
	};

	return cmocka_run_group_tests_name("pages_probes", tests, NULL, NULL);
}

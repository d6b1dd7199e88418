/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data that a server receives: its pages equal the attacher's. Incomplete or invalid data is
 * refused. Mappings are read-only.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "hostile.h"
#include "metrics_fixture.h"
#include "pages/pages.h"
#include "pages/landing.h"
#include "pages/probes.h"
#include "expose/formats.h"
#include "expose/metrics.h"
#include "http/accept.h"
#include "process/served.h"
#include "base/shared_memory.h"

#define SLOTS	 3
#define VALUES	 2
#define UPDATES	 "updates"
#define HIST_ROW (RP_HIST_GRID + 2)

static struct fixture fixture;
static struct capture_label labels[] = { { .name = "comm" }, { .name = "file" } };
static struct capture_spec extra = {
	.labels = labels,
	.nlabels = 2,
	.kernel = { .max_series = 77, .nobserved = 1 },
	.histogram = 1,
	.observed = { "bytes" },
	.nhistograms = 1,
};
static char red[] = "RED";
static struct enumerator colours[] = { { 3, red } };
static struct target targets[FIXTURE_TARGETS];
static struct histogram_layout *own_layout;
static struct served_row rows[FIXTURE_TARGETS];
static struct served_generation generation;
static struct shared_memory memory[BANKS], board, in_flight;
static struct adjustments adjustments;
static char listen_name[] = "127.0.0.1:1", path[] = "/metrics", config_path[] = "web.yaml";
static struct listener listeners[] = { { .fd = 5, .port = 1, .name = listen_name } };
static struct served given, got;

/* ---- what a server receives ----------------------------------------------------------------- */

static struct bank_view make_bank(enum bank bank, uint32_t width, uint32_t n)
{
	assert_int_equal(shared_memory__new(&memory[bank], (size_t)width * n * sizeof(uint64_t)),
			 0);
	*(uint64_t *)memory[bank].addr = 100 + bank;
	generation.banks.sources[bank].size = memory[bank].size;
	return (struct bank_view){ memory[bank].addr, 1, n, 1, width, n };
}

static void make_generation(const struct histogram_layout *layout)
{
	struct banks *b = &generation.banks;

	generation = (struct served_generation){ .ntargets = FIXTURE_IDS };
	b->layout = layout;
	b->cells = make_bank(BANK_CELLS, RP_CELL_BINS + layout->nbins, FIXTURE_IDS + SLOTS);
	b->events = make_bank(BANK_EVENTS, RP_EVENT_MAX, FIXTURE_IDS);
	b->hists = make_bank(BANK_HISTS, HIST_ROW, 2 + SLOTS);
	b->value_counts = make_bank(BANK_VALUE_COUNTS, 1, VALUES);
	make_bank(BANK_VALUE_SLOTS, sizeof(struct rp_value_slot) / sizeof(uint64_t), VALUES);
	make_bank(BANK_LABEL_SETS, sizeof(struct rp_label_set) / sizeof(uint64_t), SLOTS);
	b->label_sets =
		(struct label_sets_view){ memory[BANK_LABEL_SETS].addr, SLOTS, FIXTURE_IDS };
	b->pool = (struct pool_view){
		.rows = make_bank(BANK_POOL, b->cells.width, 3 + SLOTS).base,
		.width = b->cells.width,
		.nrows = 3,
		.nshared = SLOTS,
		.nbanks = 1,
		.nevents = FIXTURE_IDS,
		.nbrief = 4,
	};
	make_bank(BANK_POOL_OWNERS, 1, 3);
	memset(memory[BANK_POOL_OWNERS].addr, 0, 3 * sizeof(uint64_t));
	make_bank(BANK_SHARED_ROWS, RP_EVENT_MAX, FIXTURE_IDS + 4);
	b->sampling =
		(const volatile void *)make_bank(
			BANK_SAMPLING, sizeof(struct rp_sampling) / sizeof(uint64_t), FIXTURE_IDS)
			.base;
	b->own_hists = 2;
	b->hists_per_set = 1;
	adjustments = (struct adjustments){
		.ncells = b->cells.n,
		.cell_width = b->cells.width,
		.nhists = b->hists.n,
		.hist_width = HIST_ROW,
		.nvalues = VALUES,
	};
	assert_int_equal(adjustments__init(&adjustments), 0);
	b->adjustments = adjustments;
	b->sources[BANK_ADJUSTMENTS].size = adjustments.copy.size;
	assert_int_equal(shared_memory__new(&board, shared_missed__size(FIXTURE_IDS)), 0);
	generation.board_source.size = board.size;
	assert_int_equal(
		shared_memory__new(&in_flight, FIXTURE_IDS * sizeof(struct in_flight_target)), 0);
	generation.in_flight_source.size = in_flight.size;
}

/* Reading takes ownership of the descriptors, so each test reads copies. */
static void make_descriptors(void)
{
	for (int i = 0; i < BANKS; i++)
		generation.banks.sources[i].fd =
			dup(i == BANK_ADJUSTMENTS ? adjustments.copy.fd : memory[i].fd);
	generation.board_source.fd = dup(board.fd);
	generation.in_flight_source.fd = dup(in_flight.fd);
}

static char other_object[] = "/opt/lib", other_function[] = "other";

static void make_rows(void)
{
	fixture__init(&fixture);
	for (size_t i = 0; i < FIXTURE_TARGETS; i++) {
		targets[i] = fixture_targets[i];
		rows[i] = (struct served_row){ fixture.states[i], SERVED_NOWHERE };
		rows[i].state.target = &targets[i];
		rows[i].state.snap = NULL;
		rows[i].state.missed = NULL;
		if (rows[i].state.attached)
			rows[i].generation = 0;
	}
	targets[0].capture = &extra;
	targets[5].enumerators = colours;
	targets[5].nenumerators = 1;
	rows[3].state.target = &targets[2];
	rows[3].state.object = other_object;
	rows[3].state.function = other_function;
	rows[3].state.again = true;
	rows[0].state.caveat = "almost";
	rows[0].state.has_max_rate = true;
	rows[1].state.has_max_cpu = true;
	rows[1].state.notes = (struct probe_notes){ "all reads", "EAGAIN,-1", WAITS_YES };
	rows[0].state.detached[REASON_OVERLOAD] = 2;
}

static int set_up(void **state)
{
	given = (struct served){
		.rows = rows,
		.n = FIXTURE_TARGETS,
		.generations = &generation,
		.ngenerations = 1,
		.gone[3] = { .shared = 1, .runs = 9 },
		.cell_bytes = 4711,
		.updates = UPDATES,
		.updates_len = strlen(UPDATES),
		.web = { .telemetry_path = path,
			 .config_file = config_path,
			 .max_requests = 7,
			 .openmetrics_created = true },
		.tls = true,
		.ready = true,
		.listeners = listeners,
		.nlisteners = 1,
		.channels = { 10, 11, 15, 12, -1 },
		.told = 13,
		.counted = 14,
		.web_texts = -1,
	};
	assert_int_equal(histogram_layout__build((double[]){ 0.001, 1 }, 2, 1, &given.layout, NULL),
			 0);
	assert_int_equal(histogram_layout__build((double[]){ 64 }, 1, HISTOGRAM_INTEGERS,
						 &given.size_layout, NULL),
			 0);
	make_rows();
	targets[0].layout = own_layout =
		histogram_layout__view(given.layout, (double[]){ 0.001 }, 1);
	make_generation(given.layout);
	make_descriptors();
	got = (struct served){};
	return 0;
}

static int tear_down(void **state)
{
	served__free(&got);
	for (int i = 0; i < BANKS; i++)
		shared_memory__free(&memory[i]);
	shared_memory__free(&board);
	shared_memory__free(&in_flight);
	adjustments__destroy(&adjustments);
	histogram_layout__free(own_layout);
	histogram_layout__free(given.layout);
	histogram_layout__free(given.size_layout);
	return 0;
}

/* ---- pages ---------------------------------------------------------------------------------- */

static int acquire(void *ctx, double deadline, struct metrics_input *in)
{
	*in = *(struct metrics_input *)ctx;
	return 0;
}

static void release(void *ctx, struct metrics_input *in)
{
}

static bool ready(void *ctx)
{
	return true;
}

/* All exported values of the rows, with the same numbers for all. */
static char *show(const struct served *s)
{
	struct target_state states[FIXTURE_TARGETS];
	struct metrics_input in = fixture.in;
	struct pages_source source = {
		.ctx = &in, .acquire = acquire, .release = release, .ready = ready
	};
	struct pages *pages = pages__new(&s->web, &source);
	struct http_request req = { .path = "/" };
	struct http_response res = {};
	struct expo e;
	char *time, *text;

	for (size_t i = 0; i < s->n; i++) {
		states[i] = s->rows[i].state;
		states[i].snap = fixture.states[i].snap;
		states[i].missed = fixture.states[i].missed;
		states[i].in_flight = fixture.states[i].in_flight;
		states[i].sampling = fixture.states[i].sampling;
		states[i].exemplars = fixture.states[i].exemplars;
		states[i].nexemplars = fixture.states[i].nexemplars;
		if (states[i].target->capture)
			states[i].snap = NULL; /* those of the fixture have no histograms */
	}
	in.targets = states;
	in.ntargets = s->n;
	expo__begin(&e, accept__format(expo_formats, EXPO_FORMATS, NULL), &res.body);
	metrics__write(&in, &e);
	expo__end(&e);
	pages__landing(pages, &req, &res);
	pages__probes(pages, &req, &res);
	text = xstrdup(buf__str(&res.body));
	time = strstr(text, ",\"time\":");
	assert_non_null(time);
	*time = '\0';
	buf__free(&res.body);
	pages__free(pages);
	return text;
}

static int read_back(void)
{
	int fd = served__write(&given, LOG_INFO, LOG_LOGFMT);
	struct served_head head;

	assert_int_equal(served__read_head(fd, &head), 0);
	return served__read(fd, head.size, &got);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void there_and_back(void **state)
{
	int fd = served__write(&given, LOG_WARN, LOG_JSON);
	__cleanup_free char *before = show(&given), *after = NULL;
	struct served_head head;

	assert_true(fd >= 0);
	assert_int_equal(served__read_head(fd, &head), 0);
	assert_int_equal(head.log_level, LOG_WARN);
	assert_int_equal(head.log_format, LOG_JSON);
	assert_int_equal(served__read(fd, head.size, &got), 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(got.n, FIXTURE_TARGETS);
	after = show(&got);
	assert_string_equal(before, after);
	assert_non_null(strstr(after, "almost"));
	assert_ptr_equal(got.rows[2].state.target, got.rows[3].state.target);
	assert_non_null(strstr(after,
			       "\"function\":\"other\",\"probe\":null,\"same_as\":{\"object\":"
			       "\"vmlinux\",\"function\":\"do_mmap\"}"));
	assert_int_equal(got.web.max_requests, 7);
	assert_string_equal(got.web.config_file, config_path);
	assert_true(got.ready && got.tls && got.web.openmetrics_created && !got.web.lifecycle);
	assert_string_equal(got.listeners[0].name, listen_name);
	assert_int_equal(got.listeners[0].fd, 5);
	assert_int_equal(got.channels[SERVED_END], 12);
	assert_int_equal(got.channels[SERVED_WEB], -1);
	assert_int_equal(got.told, 13);
	assert_int_equal(got.counted, 14);
	assert_int_equal(got.gone[3].runs, 9);
	assert_int_equal(got.cell_bytes, 4711);
	assert_int_equal(got.updates_len, strlen(UPDATES));
	assert_memory_equal(got.updates, UPDATES, strlen(UPDATES));
	assert_memory_equal(&got.layout->table, &given.layout->table, sizeof(got.layout->table));
	assert_int_equal(got.layout->nnative, given.layout->nnative);
	assert_int_equal(got.size_layout->classic[0], 64);
	assert_int_equal(got.layout->nclassic, 2);
	assert_null(got.rows[1].state.target->layout);
	assert_int_equal(got.rows[0].state.target->layout->nclassic, 1);
	assert_int_equal(got.rows[0].state.target->layout->nbins, given.layout->nbins);
}

static void what_labels_need(void **state)
{
	const struct capture_spec *x;

	assert_int_equal(read_back(), 0);
	x = got.generations[0].extras[0];
	assert_ptr_equal(x, got.rows[0].state.target->capture);
	assert_null(got.generations[0].extras[1]);
	assert_int_equal(x->nlabels, 2);
	assert_string_equal(x->labels[1].name, "file");
	assert_int_equal(x->kernel.max_series, 77);
	assert_int_equal(x->histogram, 1);
	assert_string_equal(x->observed[0], "bytes");
	assert_string_equal(target__enumerator(got.rows[5].state.target, 3), "RED");
}

/* Each bank keeps its address, and its descriptor is closed. */
static void what_is_mapped(void **state)
{
	const struct banks *b;
	struct snapshot *s;

	assert_int_equal(read_back(), 0);
	b = &got.generations[0].banks;
	assert_int_equal(b->cells.base[0], 100 + BANK_CELLS);
	assert_int_equal(b->events.base[0], 100 + BANK_EVENTS);
	assert_int_equal(b->hists.base[0], 100 + BANK_HISTS);
	assert_int_equal(b->value_counts.base[0], 100 + BANK_VALUE_COUNTS);
	assert_int_equal(b->value_slots[0].value, 100 + BANK_VALUE_SLOTS);
	assert_int_equal(*(const volatile uint64_t *)b->label_sets.v, 100 + BANK_LABEL_SETS);
	assert_int_equal(b->pool.rows[0], 100 + BANK_POOL);
	assert_int_equal(b->pool.owners[0], 0);
	assert_int_equal(b->pool.shared[0], 100 + BANK_SHARED_ROWS);
	for (int i = 0; i < BANKS; i++)
		assert_int_equal(fcntl(generation.banks.sources[i].fd, F_GETFD), -1);
	assert_int_equal(fcntl(generation.board_source.fd, F_GETFD), -1);
	assert_int_equal(fcntl(generation.in_flight_source.fd, F_GETFD), -1);
	((struct in_flight_target *)in_flight.addr)[1].calls = 5;
	assert_int_equal(got.generations[0].in_flight[1].calls, 5);
	adjustments__add(&adjustments, &adjustments.cells[2], (uint64_t[]){ 5 }, 1);
	assert_int_equal(b->adjustments.cells[2], 5);
	s = snapshot__take(b, got.generations[0].extras);
	assert_non_null(s);
	assert_int_equal(s->n, FIXTURE_IDS);
	snapshot__free(s);
}

/* A server can write none of its data, and cannot make any of it writable. */
static void nothing_can_be_written(void **state)
{
	assert_int_equal(read_back(), 0);
	assert_int_equal(hostile__run(), 0);
	assert_int_equal(*(uint64_t *)memory[BANK_CELLS].addr, 100 + BANK_CELLS);
}

static void not_by_hand(void **state)
{
	struct served_head head = {};
	int fds[] = { -1, open("/dev/null", O_RDONLY), shared_memory__seal("x", 1),
		      shared_memory__seal(&head, sizeof(head)),
		      shared_memory__seal(&head, sizeof(head) - 1) };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		assert_int_equal(served__read_head(fds[i], &head), -EINVAL);
		cleanup__close(&fds[i]);
	}
}

static void parse(const struct buf *b, size_t len, int *err)
{
	struct served s = {};
	struct image io = { .next = b->data, .end = len ? b->data + len : b->data };

	served__image(&io, &s);
	*err = io.err ? io.err : io.next != io.end;
	served__free(&s);
}

/* Truncated, or with a byte changed, it is refused or read within its bounds. */
static void what_is_broken(void **state)
{
	__cleanup_buf struct buf whole = {};
	struct image io = { .out = &whole };
	int err;

	served__image(&io, &given);
	assert_int_equal(io.err, 0);
	parse(&whole, whole.len, &err);
	assert_int_equal(err, 0);
	for (size_t len = 0; len < whole.len; len += 1 + len / 64) {
		struct buf cut = {};

		buf__append(&cut, whole.data, len);
		parse(&cut, len, &err);
		assert_int_equal(err, -EINVAL);
		buf__free(&cut);
	}
	for (size_t i = 0; i < whole.len; i += 1 + i / 1024) {
		whole.data[i] ^= 0xff;
		parse(&whole, whole.len, &err);
		whole.data[i] ^= 0xff;
	}
}

/* Numbers that lead beyond the mapping. */
static void what_does_not_fit(void **state)
{
	struct pool_view *pool = &generation.banks.pool;
	uint32_t *const numbers[] = { &generation.banks.cells.n,
				      &pool->nrows,
				      &pool->nshared,
				      &pool->nbanks,
				      &pool->nevents,
				      &pool->nbrief,
				      &pool->width,
				      &generation.banks.adjustments.nvalues };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		*numbers[i] += 10000;
		assert_int_equal(read_back(), -EINVAL);
		served__free(&got);
		*numbers[i] -= 10000;
		make_descriptors();
	}
	generation.banks.sources[BANK_SAMPLING].size = sizeof(struct rp_sampling);
	assert_int_equal(read_back(), -EINVAL);
	served__free(&got);
	generation.banks.sources[BANK_SAMPLING].size = memory[BANK_SAMPLING].size;
	make_descriptors();
	assert_int_equal(read_back(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_and_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_labels_need, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_mapped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_can_be_written, set_up, tear_down),
		cmocka_unit_test(not_by_hand),
		cmocka_unit_test_setup_teardown(what_is_broken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_does_not_fit, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("served", tests, NULL, NULL);
}

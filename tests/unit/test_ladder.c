/* SPDX-License-Identifier: GPL-2.0-only */
/* The mechanism that a target gets on a machine with given features, and the programs to load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "attach/choice.h"
#include "base/buf.h"
#include "config/values.h"
#include "ladder_fixture.h"

static bool untimed, again; /* of the targets of plan() */

/* A kernel function, a system call and a user function. */
struct world {
	struct target v[3];
	struct target *pointers[3];
	struct targets targets;
	struct attach *attach;
};

static void plan(struct world *w, const char *mechanism)
{
	*w = (struct world){ .v = {
				     { .type = TARGET_KERNEL,
				       .object = "vmlinux",
				       .function = "f",
				       .symbol = "f",
				       .btf_id = 1,
				       .addr = 1 },
				     { .id = 1,
				       .type = TARGET_SYSCALL,
				       .object = "syscall",
				       .function = "getpid",
				       .nr32 = -1 },
				     { .id = 2,
				       .type = TARGET_USER,
				       .object = "/bin/sh",
				       .function = "main" },
			     } };
	for (size_t i = 0; i < ARRAY_SIZE(w->v); i++) {
		w->v[i].settings = &settings;
		w->v[i].untimed = untimed;
		w->v[i].again = again && w->v[i].type == TARGET_KERNEL;
		w->pointers[i] = &w->v[i];
	}
	w->targets = (struct targets){ w->pointers, ARRAY_SIZE(w->v), ARRAY_SIZE(w->v) };
	w->attach = plan__new(&w->targets, NULL, mechanism);
}

static void end(struct world *w)
{
	attach__free(w->attach);
	for (size_t i = 0; i < ARRAY_SIZE(w->v); i++)
		free(w->v[i].why);
}

static const char *chosen(const struct world *w, enum target_type type)
{
	size_t n;
	const struct attach_ops *ops = attach__slots(w->attach, &n)[type].ops;

	return ops ? ops->name : "none";
}

static uint64_t programs(const struct world *w)
{
	struct object_params p = {};

	plan__params(w->attach, &p);
	return p.programs;
}

static void test_forced(void **state)
{
	struct world w;

	lacking = 0;
	plan(&w, "kretprobe");
	assert_string_equal(chosen(&w, TARGET_KERNEL), "kretprobe");
	assert_string_equal(chosen(&w, TARGET_SYSCALL), "tracepoint");
	assert_string_equal(chosen(&w, TARGET_USER), "uprobe.multi");
	/* The user function can fall back to the mechanisms below. */
	assert_true(programs(&w) & PROG_BIT(PROG_UPROBE_RETURN));
	end(&w);
	plan(&w, "uprobe.multi");
	assert_string_equal(chosen(&w, TARGET_USER), "uprobe.multi");
	assert_false(programs(&w) & PROG_BIT(PROG_UPROBE_RETURN));
	assert_true(programs(&w) & PROG_BIT(PROG_KPROBE_RETURN));
	end(&w);
}

/* In lockdown, tracefs and debugfs are closed, so the preemption model is unknown. */
static void test_lossy(void **state)
{
	static const struct {
		unsigned lacking;
		const char *want;
	} rows[] = {
		{ 0, "fsession.multi" },
		{ LACKS(NO_PREEMPTION), "kprobe.session" },
		{ LACKS(NO_PREEMPTION) | LACKS(RETURN_SLOTS), "kretprobe" },
		{ LACKS(NO_PREEMPTION) | LACKS(RETURN_SLOTS) | LACKS(TRACEFS), "kprobe.session" },
		/* As 6.1 in lockdown. */
		{ LACKS(NO_PREEMPTION) | LACKS(RETURN_SLOTS) | LACKS(TRACEFS) |
			  LACKS(KPROBE_SESSION) | LACKS(KPROBE_MULTI) | LACKS(FSESSION) |
			  LACKS(FSESSION_MULTI),
		  "fexit" },
		{ LACKS(NO_PREEMPTION) | LACKS(RETURN_SLOTS) | LACKS(TRACEFS) |
			  LACKS(KPROBE_SESSION) | LACKS(KPROBE_MULTI) | LACKS(FSESSION) |
			  LACKS(FSESSION_MULTI) | LACKS(TRAMPOLINE),
		  "none" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		lacking = rows[i].lacking;
		plan(&w, "auto");
		assert_string_equal(chosen(&w, TARGET_KERNEL), rows[i].want);
		end(&w);
	}
}

/* A further probe of a function is in no multi link, and not in the table of those. */
static void test_again(void **state)
{
	struct object_params p = {};
	struct world w;

	again = true;
	lacking = LACKS(NO_PREEMPTION);
	plan(&w, "auto");
	assert_string_equal(chosen(&w, TARGET_KERNEL), "kretprobe");
	plan__params(w.attach, &p);
	assert_int_equal(p.nsites, 0);
	end(&w);
	lacking = 0;
	plan(&w, "kprobe.multi");
	assert_string_equal(chosen(&w, TARGET_KERNEL), "none");
	assert_non_null(strstr(w.v[0].why, "the function has another probe"));
	end(&w);
	again = false;
}

/* Without durations: mechanisms with a program for the return alone, and only that program. */
static void test_untimed(void **state)
{
	static const struct {
		unsigned lacking;
		const char *kernel, *user;
	} rows[] = {
		{ 0, "fexit", "uprobe.multi" },
		{ LACKS(NO_PREEMPTION), "kprobe.multi", "uprobe.multi" },
		{ LACKS(TRAMPOLINE) | LACKS(KPROBE_MULTI) | LACKS(UPROBE_MULTI), "kretprobe",
		  "uretprobe" },
	};
	const uint64_t entries = PROG_BIT(PROG_FEXIT_ENTRY) | PROG_BIT(PROG_MULTI_ENTRY) |
				 PROG_BIT(PROG_KPROBE_ENTRY) | PROG_BIT(PROG_UPROBE_ENTRY) |
				 PROG_BIT(PROG_UPROBE_MULTI_ENTRY) | PROG_BIT(PROG_SYSCALL_ENTER) |
				 PROG_BIT(PROG_UPROBE_FORK) | PROG_BIT(PROG_UPROBE_RAW_FORK);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		lacking = rows[i].lacking;
		untimed = true;
		plan(&w, "auto");
		untimed = false;
		assert_string_equal(chosen(&w, TARGET_KERNEL), rows[i].kernel);
		assert_string_equal(chosen(&w, TARGET_SYSCALL), "tracepoint");
		assert_string_equal(chosen(&w, TARGET_USER), rows[i].user);
		assert_false(programs(&w) & entries);
		assert_true(programs(&w) & PROG_BIT(PROG_KPROBE_COUNT));
		assert_true(programs(&w) & PROG_BIT(PROG_SYSCALL_COUNT));
		end(&w);
	}
}

static void test_untimed_forced(void **state)
{
	struct world w;

	lacking = 0;
	untimed = true;
	plan(&w, "kprobe.session");
	untimed = false;
	assert_string_equal(chosen(&w, TARGET_KERNEL), "none");
	assert_string_equal(w.v[0].why, "it needs a program at the entry, and durations are off");
	end(&w);
}

/* Calls nested too deep would be lost without being counted. */
static void test_user(void **state)
{
	struct world w;

	lacking = LACKS(UPROBE_MULTI) | LACKS(UPROBE_PMU);
	plan(&w, "auto");
	assert_string_equal(chosen(&w, TARGET_USER), "none");
	end(&w);
}

/* Programs that read cgroups need cgroup v2; no others do. */
static void test_cgroups(void **state)
{
	static const struct {
		enum rp_source number, filter;
		bool refused;
	} rows[] = {
		{ RP_SOURCE_CGROUP, RP_SOURCE_PID, true },
		{ RP_SOURCE_PID, RP_SOURCE_CGROUP, true },
		{ RP_SOURCE_PID, RP_SOURCE_PID, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct capture_spec x = { .kernel = { .nnumbers = 1, .nfilters = 1 } };
		struct target t = {
			.type = TARGET_SYSCALL,
			.object = "syscall",
			.function = "getpid",
			.nr32 = -1,
			.settings = &settings,
			.capture = &x,
		}, *v = &t;
		struct targets targets = { &v, 1, 1 };

		x.kernel.number[0].source = rows[i].number;
		x.kernel.filter[0].field.source = rows[i].filter;
		for (lacking = 0; lacking <= LACKS(CGROUP_V2); lacking += LACKS(CGROUP_V2)) {
			struct attach *a = plan__new(&targets, NULL, "auto");

			assert_int_equal(t.reason,
					 lacking && rows[i].refused ? REASON_REFUSED : REASON_NONE);
			attach__free(a);
			free(take_ptr(t.why));
			t.reason = REASON_NONE;
		}
	}
}

/* A kernel that becomes preemptible. */
static void test_outdated(void **state)
{
	static const struct {
		const char *mechanism;
		bool outdated;
	} rows[] = {
		{ "auto", true },
		{ "fexit", false },
		{ "kretprobe", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		lacking = LACKS(FSESSION) | LACKS(FSESSION_MULTI);
		plan(&w, rows[i].mechanism);
		assert_string_equal(chosen(&w, TARGET_KERNEL), i ? rows[i].mechanism : "fexit");
		assert_false(choice__is_outdated(w.attach, 0));
		lacking |= LACKS(NO_PREEMPTION);
		assert_int_equal(choice__is_outdated(w.attach, 0), rows[i].outdated);
		assert_false(choice__is_outdated(w.attach, 2));
		end(&w);
	}
}

static char *explain(const struct world *w, enum target_type type)
{
	struct buf text = {};
	size_t n;

	choice__explain(w->attach, &attach__slots(w->attach, &n)[type], "- ", &text);
	return text.data; /* for free() */
}

/* One line per mechanism of the type, in order. */
static void test_reasons(void **state)
{
	static const struct {
		unsigned lacking;
		enum target_type type;
		const char *mechanism, *want;
	} rows[] = {
		{ LACKS(FSESSION) | LACKS(FSESSION_MULTI) | LACKS(NO_PREEMPTION), TARGET_KERNEL,
		  "auto",
		  "- fsession.multi no: it is missing here\n"
		  "- fsession       no: it is missing here\n"
		  "- fexit          no: it is missing here\n"
		  "- kprobe.session chosen\n"
		  "- kprobe.multi   no: the chosen one comes first\n"
		  "- kretprobe      no: the chosen one comes first\n" },
		{ 0, TARGET_KERNEL, "kretprobe",
		  "- fsession.multi no: another one is requested\n"
		  "- fsession       no: another one is requested\n"
		  "- fexit          no: another one is requested\n"
		  "- kprobe.session no: another one is requested\n"
		  "- kprobe.multi   no: another one is requested\n"
		  "- kretprobe      chosen: requested\n" },
		{ 0, TARGET_SYSCALL, "auto",
		  "- its functions  no: its functions are not known\n"
		  "- tracepoint     chosen\n" },
		{ 0, TARGET_USER, "auto",
		  "- uprobe.ret     no: return probes are cheaper, and safe here\n"
		  "- uprobe.session no: calls nested deeper than 64 would be lost without a trace\n"
		  "- uprobe.multi   chosen\n"
		  "- uretprobe      no: the chosen one comes first\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;
		char *text;

		lacking = rows[i].lacking;
		plan(&w, rows[i].mechanism);
		text = explain(&w, rows[i].type);
		assert_string_equal(text, rows[i].want);
		free(text);
		end(&w);
	}
}

/* A module with more functions than fexit attaches quickly. Session programs cannot attach them. */
static void test_reasons_of_many(void **state)
{
	enum { MANY = 65 };
	static struct target v[MANY];
	struct target *pointers[MANY];
	struct targets targets = { pointers, MANY, MANY };

	for (int many = 0; many < 2; many++) {
		struct buf text = {};
		struct attach *a;
		size_t n;

		targets.n = targets.nids = many ? MANY : 16;
		for (size_t i = 0; i < targets.n; i++) {
			v[i] = (struct target){ .id = i,
						.type = TARGET_KERNEL,
						.object = "ext4",
						.function = "f",
						.symbol = "f",
						.btf_id = 1,
						.settings = &settings };
			pointers[i] = &v[i];
		}
		lacking = LACKS(FSESSION) | LACKS(FSESSION_MULTI) | LACKS(KPROBE_SESSION) |
			  LACKS(RETURN_SLOTS);
		a = plan__new(&targets, NULL, "auto");
		choice__explain(a, attach__slots(a, &n), "", &text);
		assert_string_equal(
			buf__str(&text),
			many ? "fsession.multi no: it is missing here\n"
			       "fsession       no: it is missing here\n"
			       "fexit          no: used for at most 16 functions, as it takes long "
			       "to attach\n"
			       "kprobe.session no: it is missing here\n"
			       "kprobe.multi   chosen, although: it is missing here\n"
			       "kretprobe      no: used for at most 64 functions, as it takes long "
			       "to attach\n"
			     : "fsession.multi no: it is missing here\n"
			       "fsession       no: it is missing here\n"
			       "fexit          no: it would keep the function's module from being "
			       "unloaded\n"
			       "kprobe.session no: it is missing here\n"
			       "kprobe.multi   no: it is missing here\n"
			       "kretprobe      chosen\n");
		buf__free(&text);
		attach__free(a);
	}
}

/* The reason for a target that no mechanism can attach. */
static void test_why_none(void **state)
{
	struct world w;

	lacking = ~0U;
	plan(&w, "auto");
	assert_string_equal(chosen(&w, TARGET_SYSCALL), "none");
	assert_string_equal(w.v[TARGET_SYSCALL].why, "it is missing here");
	end(&w);
}

/* Each can be asked for, by the name that metrics and messages have. */
static void test_names(void **state)
{
	assert_string_equal(config_mechanisms[0], "auto");
	for (size_t i = 0; i < MECHANISMS; i++)
		assert_string_equal(config_mechanisms[i + 1], mechanisms[i]->name);
	assert_null(config_mechanisms[MECHANISMS + 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forced),	       cmocka_unit_test(test_again),

		cmocka_unit_test(test_lossy),	       cmocka_unit_test(test_untimed),
		cmocka_unit_test(test_untimed_forced), cmocka_unit_test(test_user),
		cmocka_unit_test(test_cgroups),	       cmocka_unit_test(test_outdated),
		cmocka_unit_test(test_reasons),	       cmocka_unit_test(test_reasons_of_many),
		cmocka_unit_test(test_why_none),       cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}

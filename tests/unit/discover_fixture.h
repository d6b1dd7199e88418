/* SPDX-License-Identifier: GPL-2.0-only */
/* Discovery of PROBE arguments in the environment `env` of the test. */
#pragma once

#include "config/config.h"
#include "discover/discover.h"

static struct discover_env env;

/* A configuration with lists of PROBE arguments. */
struct fixture {
	struct probe_list lists[4];
	struct config config;
	struct targets *targets;
	char *error;
};

static void add_list(struct fixture *f, const char *const *texts)
{
	struct probe_list *l = &f->lists[f->config.nlists++];

	f->config.lists = f->lists;
	l->pos = (struct source_pos){ .file = "test.yaml", .line = 1, .column = 1 };
	for (; *texts; texts++) {
		struct pattern *p = array__grow(&l->patterns, &l->npatterns, sizeof(*l->patterns));
		char *why = NULL;

		if (pattern__parse(*texts, p, &why))
			fail_msg("%s: %s", *texts, why);
		p->pos = (struct source_pos){ .file = "test.yaml",
					      .line = f->config.nlists,
					      .column = l->npatterns };
	}
}

#define LIST(f, ...) add_list(f, (const char *const[]){ __VA_ARGS__, NULL })

static void run(struct fixture *f)
{
	if (discover__run(&f->config, &env, &f->targets, &f->error))
		fail_msg("%s", f->error);
}

static void done(struct fixture *f)
{
	targets__free(f->targets);
	free(f->error);
	for (size_t i = 0; i < f->config.nlists; i++) {
		for (size_t j = 0; j < f->lists[i].npatterns; j++)
			pattern__free(&f->lists[i].patterns[j]);
		free(f->lists[i].patterns);
	}
}

/* All targets in order: "function", "reason:function", or "f=g" for one with two names. */
static void check(struct fixture *f, const char *want)
{
	__cleanup_free char *got = xstrdup("");
	struct target *t;

	for_each_target (f->targets, t) {
		bool attachable = t->reason == REASON_NONE;
		char *longer = xasprintf("%s%s%s%s%s", got, *got ? " " : "",
					 target_reason_names[t->reason], attachable ? "" : ":",
					 t->function);

		free(got);
		got = longer;
		for (size_t i = 1; i < target__nnames(t); i++) {
			longer = xasprintf("%s=%s", got, target__name(t, i).function);
			free(got);
			got = longer;
		}
		assert_int_equal(t->id, attachable ? __i : UINT32_MAX);
		assert_true(attachable == !t->why);
		if (t->why && strchr(t->why, '\n'))
			fail_msg("%s: more than a line: %s", t->function, t->why);
	}
	assert_string_equal(got, want);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/capture_new.h"

#include <errno.h>

#include "base/error.h"
#include "bpf/outcome.h"
#include "expr/condition.h"
#include "expr/expr.h"
#include "expr/named.h"
#include "expr/returned.h"
#include "expr/shown.h"
#include "expr/shortcuts.h"

struct maker {
	const struct expr_scope *scope;
	struct capture_spec *x;
	char **why;
	uint32_t nalternatives;
	struct returned counted, when;
};

/* All paths of a probe have the same kernel. */
static void use_path(struct maker *m, const struct rp_path_layout *path)
{
	static const struct rp_path_layout none;

	if (memcmp(path, &none, sizeof(none)))
		m->x->kernel.path = *path;
}

/* The index of a field among the fields of its type. Equal fields share one. -EINVAL: no room. */
static int place_of(struct maker *m, struct rp_field *fields, uint32_t *n, uint32_t max,
		    const struct rp_field *f, const char *what)
{
	for (uint32_t i = 0; i < *n; i++)
		if (!memcmp(&fields[i], f, sizeof(*f)))
			return i;
	if (*n == max) {
		return error__refuse(m->why,
				     "the labels need more than %u different %s; remove some", max,
				     what);
	}
	fields[*n] = *f;
	return (*n)++;
}

static int place_label(struct maker *m, const struct expr *e, struct capture_label *label)
{
	struct rp_capture_spec *k = &m->x->kernel;
	int place = 0;

	if (e->format == EXPR_COMM) {
		label->place = LABEL_COMM;
		k->comm = 1;
	} else if (e->field.text) {
		label->place = LABEL_TEXT;
		use_path(m, &e->path);
		place = place_of(m, k->text, &k->ntexts, RP_TEXTS, &e->field, "texts");
	} else {
		label->place = LABEL_NUMBER;
		place = place_of(m, k->number, &k->nnumbers, RP_NUMBERS, &e->field, "numbers");
	}
	label->index = place;
	if ((e->format == EXPR_IP6 || e->format == EXPR_USER_CALLER) && place >= 0) {
		place = place_of(m, k->number, &k->nnumbers, RP_NUMBERS, &e->second, "numbers");
		label->second = place;
	}
	return place < 0 ? place : 0;
}

static int add_label(struct maker *m, const struct expression *setting)
{
	struct capture_label *label = &m->x->labels[m->x->nlabels];
	const struct named_label *named = named__of(m->scope, setting);
	struct expr e;
	int err;

	if (m->x->nlabels == CAPTURE_LABELS_MAX) {
		return error__refuse(m->why, "more than %d labels; remove some",
				     CAPTURE_LABELS_MAX);
	}
	label->part = named ? named->part : LABEL_WHOLE;
	err = named ? named__compile(named, m->scope, &e, m->why)
		    : expr__compile(m->scope, setting->text, &e, m->why);
	if (err)
		return err;
	label->name = setting->name;
	label->format = e.format;
	m->x->kernel.callers |= e.format == EXPR_CALLER || e.format == EXPR_USER_CALLER;
	label->names = e.names;
	label->enumerators = e.enumerators; /* owned by the label now */
	label->nenumerators = e.nenumerators;
	m->x->nlabels++;
	return place_label(m, &e, label);
}

/* Appends a group of which one must pass. Alternatives that read the same field become a run. */
static void add_group(struct maker *m, const struct filter *v, size_t n)
{
	struct rp_filter *first = NULL;

	for (size_t i = 0; i < n; i++) {
		struct rp_filter *to = &m->x->kernel.alternative[m->nalternatives++];

		*to = v[i].entry;
		if (!first || memcmp(&first->field, &to->field, sizeof(to->field)))
			first = to;
		first->run++;
	}
	first->last = 1;
}

/* The first filters that must match need no groups, if there are no others. */
static int add_at_entry(struct maker *m, const struct alternatives *a)
{
	struct rp_capture_spec *k = &m->x->kernel;

	if (a->n == 1 && k->nfilters < RP_FILTERS) {
		k->filter[k->nfilters++] = a->v[0].entry;
		return 0;
	}
	if (m->nalternatives + a->n > FILTER_ALTERNATIVES)
		return condition__too_many(m->why);
	add_group(m, a->v, a->n);
	return 0;
}

static int add_group_of(struct maker *m, const struct alternatives *a, struct returned *to,
			const char *text)
{
	for (size_t i = 0; i < a->n; i++)
		use_path(m, &a->v[i].path);
	if (a->v[0].type == FILTER_ENTRY)
		return add_at_entry(m, a);
	return returned__add(to, a, text, m->why);
}

static int add_condition(struct maker *m, const struct expr_scope *scope, const char *text,
			 struct returned *to)
{
	struct condition c;
	int err = condition__compile(scope, text, NULL, &c, m->why);

	for (size_t i = 0; i < c.ngroups && !err; i++) {
		struct alternatives a;

		condition__group(&c, i, &a);
		err = add_group_of(m, &a, to, text);
	}
	return err;
}

static int add_filter(struct maker *m, const struct expression *setting)
{
	return add_condition(m, m->scope, setting->text, &m->counted);
}

/* With alternatives, the other filters are groups of one. */
static void finish_groups(struct maker *m)
{
	struct rp_capture_spec *k = &m->x->kernel;

	if (m->nalternatives) {
		for (uint32_t i = 0; i < k->nfilters; i++)
			add_group(m, &(struct filter){ .entry = k->filter[i] }, 1);
		k->nfilters = RP_FILTERS + m->nalternatives;
	}
	returned__finish(&m->counted);
	returned__finish(&m->when);
}

/* ---- samples --------------------------------------------------------------------------------- */

static int add_when(struct maker *m, const struct expression *setting)
{
	const struct expr_scope scope = { .result = m->scope->result, .is_when = true };

	return add_condition(m, &scope, setting->text, &m->when);
}

static int add_shown(struct maker *m, const struct expression *setting)
{
	return shown__add(m->x, m->scope, setting, m->why);
}

static void choose_samples(struct maker *m, const struct sampling *s)
{
	struct rp_sampling_spec *k = &m->x->kernel.sampling;

	if (!s->on)
		return;
	k->per_second = s->per_second;
	k->stacks = s->stacks;
}

/* ---- observed values ------------------------------------------------------------------------- */

static int add_observed(struct maker *m, const struct expression *setting)
{
	struct rp_capture_spec *k = &m->x->kernel;
	struct expr e;
	int err = expr__compile(m->scope, setting->text, &e, m->why);

	if (err)
		return err;
	if (e.field.text || e.format >= EXPR_KSYM) {
		err = error__refuse(m->why, "%s is %s; only numbers can be observed", setting->text,
				    e.field.text ? "text" : "a name or an address");
	} else if (k->nobserved == RP_OBSERVED) {
		err = error__refuse(m->why, "more than %d observed values; remove some",
				    RP_OBSERVED);
	} else {
		m->x->observed[k->nobserved] = setting->name;
		k->observed[k->nobserved++] = e.field;
	}
	expr__free(&e);
	return err;
}

/* Of a point of a span. what: for messages. *is_errno: it is shown as one. */
static int add_number(struct maker *m, const struct expression *setting, const char *what,
		      struct rp_field *out, bool *is_errno)
{
	struct expr e;
	int err = expr__compile(m->scope, setting->text, &e, m->why);

	if (err)
		return err;
	*out = e.field;
	*is_errno = e.format == EXPR_NAMED && e.names == NAMES_ERRNO;
	if (e.field.text || e.format == EXPR_IP6)
		err = error__refuse(m->why, "%s is %s; %s is a number", setting->text,
				    e.field.text ? "text" : "an address of 16 bytes", what);
	expr__free(&e);
	return err;
}

/* The configuration has no more than RP_SPAN_KEYS. */
static int add_key(struct maker *m, const struct expression *setting)
{
	struct rp_capture_spec *k = &m->x->kernel;
	bool is_errno;

	return add_number(m, setting, "a part of a key", &k->key[k->nkeys++], &is_errno);
}

static int add_outcome(struct maker *m, const struct expression *setting)
{
	struct rp_capture_spec *k = &m->x->kernel;
	bool is_errno = false;
	int err = add_number(m, setting, "an outcome", &k->outcome_field, &is_errno);

	k->has_outcome = 1;
	k->outcome_is_errno = is_errno;
	return err;
}

/* The counters that this machine has. */
static unsigned available(const struct expr_scope *scope, const struct probe_settings *s)
{
	return s->counters & (COUNTERS_OF_TASK | scope->perf_counters * COUNTER_PERF);
}

/* What is measured shares its room with observed values (bpf/hists.bpf.h). */
static int add_measured(struct maker *m, const struct probe_settings *s,
			const struct source_pos **pos)
{
	struct rp_capture_spec *k = &m->x->kernel;

	unsigned counters = available(m->scope, s);

	if (!s->off_cpu && !counters)
		return 0;
	*pos = &s->measured_pos;
	if (s->untimed)
		return error__refuse(m->why,
				     "split and counters compare what is known when the "
				     "function is entered and when it returns, and with "
				     "durations: off only its return is watched; remove one "
				     "of the two");
	if (s->off_cpu)
		k->measured[k->nmeasured++] = RP_OFF_CPU;
	if (counters & COUNTERS_OF_TASK)
		k->measured[k->nmeasured++] = RP_USAGE;
	for (uint32_t i = 0; i < RP_PERF_COUNTERS; i++) {
		if (!(COUNTER_PERF_BITS(counters) & 1U << i))
			continue;
		/* check_room() refuses it. */
		if (k->nmeasured < RP_OBSERVED)
			k->measured[k->nmeasured] = RP_PERF_COUNTER + i;
		k->nmeasured++;
	}
	m->x->counters = counters;
	return 0;
}

/* Tells the BPF program which results are errors, as far as their class does not show it. */
static void judge(struct rp_capture_spec *k, enum rp_kind kind, const struct result_test *error)
{
	for (enum rp_class cls = 0; cls <= RP_CLASS_BY_VALUE; cls++) {
		bool null = cls == RP_CLASS_ZERO && kind == RP_KIND_POINTER;

		k->outcome[cls] = error->classes & 1U << cls ? RP_OUTCOME_ERROR
				  : null		     ? RP_OUTCOME_NULL
							     : RP_OUTCOME_OK;
	}
	k->outcome[RP_CLASS_TAIL] = 0;
	k->split = error->split;
	if (error->split || rp_kind_is_numbered(kind))
		k->error = error->test;
}

/* Text with a length in a register has that in the next one. */
static uint32_t reads_args(const struct rp_field *v, uint32_t n)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < n; i++)
		if (v[i].source < RP_SOURCE_PID)
			bits |= (v[i].text & RP_TEXT_IN_ARGS ? 3U : 1U) << v[i].source;
	return bits;
}

static uint32_t filters_args(const struct rp_filter *v, uint32_t n)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < n; i++)
		bits |= reads_args(&v[i].field, 1);
	return bits;
}

static uint32_t other_args(const struct maker *m)
{
	const struct rp_capture_spec *k = &m->x->kernel;

	return reads_args(k->text, k->ntexts) | reads_args(k->key, k->nkeys) |
	       reads_args(&k->outcome_field, k->has_outcome) |
	       reads_args(k->sampling.show.number, k->sampling.show.nnumbers) |
	       reads_args(k->sampling.show.text, k->sampling.show.ntexts) |
	       reads_args(k->observed, k->nobserved) | filters_args(k->filter, k->nfilters) |
	       filters_args(k->alternative, m->nalternatives);
}

static uint32_t needed_args(const struct maker *m)
{
	return reads_args(m->x->kernel.number, m->x->kernel.nnumbers) | other_args(m);
}

/* Of a probe without durations: it has a program at the return only. */
static int check_untimed(struct maker *m, const struct expression *setting)
{
	if (m->counted.needs_durations || m->when.needs_durations)
		return error__refuse(m->why,
				     "\"%s\" needs durations, which are off for this probe; remove "
				     "the filter, or durations: off",
				     setting->text);
	if (needed_args(m) || m->x->kernel.callers)
		return error__refuse(m->why,
				     "\"%s\" is known when the function is entered, and with "
				     "durations: off only its return is watched; remove one of the "
				     "two",
				     setting->text);
	return 0;
}

/* What a call keeps from its entry until its return. */
static int check_room(struct maker *m, const struct probe_settings *s,
		      const struct source_pos **pos)
{
	const struct rp_capture_spec *k = &m->x->kernel;

	if (k->nobserved + k->nmeasured + k->sampling.show.used <= RP_OBSERVED)
		return 0;
	*pos = k->sampling.show.used ? &s->sample.show[0].pos : &s->measured_pos;
	return error__refuse(m->why,
			     "observe, split, counters and show have room for %d values together: "
			     "page-faults and context-switches are one, and all that samples show; "
			     "remove some, or give the function a second probe for them",
			     RP_OBSERVED);
}

static int add_all(struct maker *m, const struct probe_settings *s, const struct expression *v,
		   size_t n, int (*add)(struct maker *m, const struct expression *setting),
		   const struct source_pos **pos)
{
	for (size_t i = 0; i < n; i++) {
		*pos = &v[i].pos;
		if (add(m, &v[i]) || (s->untimed && !m->scope->is_point && check_untimed(m, &v[i])))
			return -EINVAL;
	}
	return 0;
}

/* Once all labels are known: where the key has them. */
static void lay_out_key(struct capture_spec *x)
{
	struct rp_capture_spec *k = &x->kernel;

	k->comm_at = k->nnumbers;
	k->text_at = k->comm_at + (k->comm ? RP_COMM_SIZE / sizeof(uint64_t) : 0);
	k->nwords = k->text_at + k->ntexts * RP_TEXT_SIZE / sizeof(uint64_t);
	for (size_t i = 0; i < x->nlabels; i++) {
		struct capture_label *label = &x->labels[i];

		if (label->place == LABEL_TEXT)
			label->word = k->text_at + label->index * RP_TEXT_SIZE / sizeof(uint64_t);
		else
			label->word = label->place == LABEL_COMM ? k->comm_at : label->index;
	}
}

static void begin(struct maker *m, const struct probe_settings *s, const struct result_test *error)
{
	enum rp_kind kind = m->scope->result.kind;

	m->x = xcalloc(1, sizeof(*m->x));
	m->x->labels = xcalloc(CAPTURE_LABELS_MAX, sizeof(*m->x->labels));
	returned__begin(&m->counted, &m->x->kernel.counted);
	returned__begin(&m->when, &m->x->kernel.sampling.when);
	m->x->kernel.max_series = s->max_series ? s->max_series : MAX_SERIES_DEFAULT;
	m->x->returns_values = kind == RP_KIND_VALUE || kind == RP_KIND_UVALUE;
	judge(&m->x->kernel, kind, error);
	m->x->series_ttl = s->series_ttl;
	m->x->keep = s->keep;
	m->x->by = s->by;
}

static void finish(struct maker *m)
{
	struct rp_capture_spec *k = &m->x->kernel;

	k->reads_args = needed_args(m);
	k->of_syscall = k->reads_args && m->scope->syscall;
	m->x->may_be_typed = shortcuts__may_be_typed(k);
	m->x->other_args = other_args(m);
	finish_groups(m);
	k->go = k->reads_args && m->scope->go;
	lay_out_key(m->x);
	m->x->nhistograms = (m->scope->result.kind == RP_KIND_SIZE) + k->nobserved + k->nmeasured;
	shortcuts__set(k, !m->x->nhistograms && !m->x->returns_values);
}

int capture_spec__new(const struct probe_settings *s, const struct expr_scope *scope,
		      const struct result_test *error, struct capture_spec **out,
		      const struct source_pos **pos, char **why)
{
	enum rp_kind kind = scope->result.kind;
	bool values = kind == RP_KIND_VALUE || kind == RP_KIND_UVALUE;
	bool judged = error->split || (kind == RP_KIND_ENUM && error->test.set);
	struct maker m = { .scope = scope, .why = why };

	*out = NULL;
	if (!s->nlabels && !s->nfilters && !s->nobserved && !s->off_cpu && !available(scope, s) &&
	    !s->sample.on && !values && !judged && kind != RP_KIND_SIZE)
		return 0;
	begin(&m, s, error);
	if (add_all(&m, s, s->labels, s->nlabels, add_label, pos) ||
	    add_all(&m, s, s->filters, s->nfilters, add_filter, pos) ||
	    add_all(&m, s, s->observed, s->nobserved, add_observed, pos) ||
	    add_measured(&m, s, pos) ||
	    add_all(&m, s, s->sample.when, s->sample.on ? s->sample.nwhen : 0, add_when, pos) ||
	    add_all(&m, s, s->sample.show, s->sample.on ? s->sample.nshow : 0, add_shown, pos) ||
	    check_room(&m, s, pos)) {
		capture_spec__free(m.x);
		return -EINVAL;
	}
	choose_samples(&m, &s->sample);
	finish(&m);
	*out = m.x;
	return 0;
}

int capture_spec__of_point(const struct probe_settings *s, const struct span_point *p,
			   const struct expr_scope *scope, struct capture_spec **out,
			   const struct source_pos **pos, char **why)
{
	const struct expression *outcome = &s->span->outcome;
	size_t nlabels = p->role == s->span->labels_at ? s->nlabels : 0;
	size_t noutcomes = p->role == SPAN_END && outcome->text;
	struct maker m = { .scope = scope, .why = why };

	*out = NULL;
	begin(&m, s, &(struct result_test){});
	if (add_all(&m, s, s->labels, nlabels, add_label, pos) ||
	    add_all(&m, s, p->filters, p->nfilters, add_filter, pos) ||
	    add_all(&m, s, p->key, p->nkey, add_key, pos) ||
	    add_all(&m, s, outcome, noutcomes, add_outcome, pos)) {
		capture_spec__free(m.x);
		return -EINVAL;
	}
	finish(&m);
	*out = m.x;
	return 0;
}

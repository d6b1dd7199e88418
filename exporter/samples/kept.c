/* SPDX-License-Identifier: GPL-2.0-only */
#include "samples/kept.h"

#include "base/clock.h"
#include "bpf/outcome.h"
#include "counts/snapshot.h"
#include "discover/outcome_text.h"
#include "expr/capture.h"
#include "expr/shown.h"
#include "kernel/ksym_names.h"
#include "labels/namer.h"
#include "object/samples.h"
#include "samples/report.h"
#include "samples/stack.h"
#include "samples/user_stack.h"

#define REPORT_BYTES	(4 << 20)
#define LOOK_UP_SECONDS 1.0 /* of a report, for the functions of files */
#define CGROUPS		64  /* whose names are remembered; a power of two */

struct sample {
	struct sample_report known; /* all but the stack; owns its texts */
	struct rp_sample *raw;	    /* NULL: empty */
	unsigned generation;	    /* its number */
	struct user_frame *user;
	size_t nuser;
	unsigned round; /* modules__round() */
	bool gone;	/* the process, before its maps were read */
};

struct cgroup_names {
	uint64_t id; /* 0: none */
	char *cgroup, *container_id, *pod_uid;
};

struct kept_samples {
	struct sample ring[SAMPLES_KEPT];
	uint64_t taken; /* ever; sample number n is in ring[n % SAMPLES_KEPT] */
	struct cgroup_names cgroups[CGROUPS];
	struct label_namer *namer;
	struct ksym_names *symbols;
	struct modules *modules;
};

struct kept_samples *kept_samples__new(void)
{
	struct kept_samples *k = xcalloc(1, sizeof(*k));

	k->namer = label_namer__new("/proc");
	k->symbols = ksym_names__new("/proc");
	k->modules = modules__new("/proc");
	return k;
}

static void forget_cgroup(struct cgroup_names *c)
{
	free(c->cgroup);
	free(c->container_id);
	free(c->pod_uid);
	*c = (struct cgroup_names){};
}

static void free_labels(struct sample_label *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)v[i].name);
		free((char *)v[i].text);
	}
	free(v);
}

static void forget(struct sample *s)
{
	struct sample_report *r = &s->known;

	for (size_t i = 0; i < r->nnames; i++) {
		free((char *)r->names[i].object);
		free((char *)r->names[i].function);
		free((char *)r->names[i].probe);
	}
	free_labels(r->labels, r->nlabels);
	free_labels(r->shown, r->nshown);
	free(r->names);
	free((char *)r->comm);
	free((char *)r->cgroup);
	free((char *)r->container_id);
	free((char *)r->pod_uid);
	free((char *)r->outcome);
	free((char *)r->value);
	free(s->raw);
	free(s->user);
	*s = (struct sample){};
}

void kept_samples__free(struct kept_samples *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < SAMPLES_KEPT; i++)
		forget(&k->ring[i]);
	for (size_t i = 0; i < CGROUPS; i++)
		forget_cgroup(&k->cgroups[i]);
	label_namer__free(k->namer);
	ksym_names__free(k->symbols);
	modules__free(k->modules);
	free(k);
}

/* ---- taking ---------------------------------------------------------------------------------- */

static void on_sample(void *ctx, const struct rp_sample *raw, size_t len)
{
	struct kept_samples *k = ctx;
	struct sample *s = &k->ring[++k->taken % SAMPLES_KEPT];

	forget(s);
	s->raw = xcalloc(1, sizeof(*s->raw));
	memcpy(s->raw, raw, len < sizeof(*raw) ? len : sizeof(*raw));
	if (len < sizeof(*raw))
		s->raw->user_bytes = s->raw->id_bytes = 0;
	if (len < offsetof(struct rp_sample, user))
		s->raw->kernel_bytes = 0;
	s->known.number = k->taken;
}

static void describe_cgroup(struct kept_samples *k, uint64_t id, struct sample_report *out)
{
	struct cgroup_names *c = &k->cgroups[id % CGROUPS];

	if (!id)
		return;
	if (c->id != id) {
		forget_cgroup(c);
		c->id = id;
		c->cgroup = label_namer__cgroup(k->namer, LABEL_WHOLE, id);
		c->container_id = label_namer__cgroup(k->namer, LABEL_CONTAINER_ID, id);
		c->pod_uid = label_namer__cgroup(k->namer, LABEL_POD_UID, id);
	}
	out->cgroup = c->cgroup ? xstrdup(c->cgroup) : NULL;
	out->container_id = c->container_id ? xstrdup(c->container_id) : NULL;
	out->pod_uid = c->pod_uid ? xstrdup(c->pod_uid) : NULL;
}

static void name_function(const struct target *t, struct sample_report *out)
{
	for (size_t i = 0; i < target__nnames(t); i++) {
		struct target_name name = target__name(t, i);

		*(struct sample_name *)array__grow(&out->names, &out->nnames, sizeof(*out->names)) =
			(struct sample_name){ xstrdup(name.object), xstrdup(name.function),
					      name.probe ? xstrdup(name.probe) : NULL };
	}
}

static void name_labels(const struct target *t, uint32_t cell, struct label_slots *labels,
			double now, struct sample_report *out)
{
	const struct capture_spec *x = t->capture;
	const char *const *texts = label_slots__texts(labels, cell, now);

	for (size_t i = 0; x && i < x->nlabels; i++)
		*(struct sample_label *)array__grow(&out->labels, &out->nlabels,
						    sizeof(*out->labels)) =
			(struct sample_label){ xstrdup(x->labels[i].name),
					       xstrdup(texts ? texts[i] : LABEL_OTHERS) };
}

/* To be freed. */
static char *shown_text(struct kept_samples *k, const struct capture_label *label,
			const struct rp_sample *raw)
{
	struct rp_label_key key = shown__key(&raw->shown);
	struct capture_label number = *label;

	if (label->place == LABEL_RESULT ? !raw->outcome : !raw->shown.known)
		return xstrdup("?");
	if (label->place != LABEL_RESULT)
		return label_namer__text(k->namer, label, &key);
	number.place = LABEL_NUMBER;
	key.failed = 0;
	key.word[0] = shown__of_result(label, raw->ret);
	return label_namer__text(k->namer, &number, &key);
}

static void name_shown(struct kept_samples *k, const struct target *t, const struct rp_sample *raw,
		       struct sample_report *out)
{
	const struct capture_spec *x = t->capture;

	for (size_t i = 0; x && i < x->nshown; i++)
		*(struct sample_label *)array__grow(&out->shown, &out->nshown,
						    sizeof(*out->shown)) =
			(struct sample_label){ xstrdup(x->shown[i].name),
					       shown_text(k, &x->shown[i], raw) };
}

static const char *outcome_name(uint32_t bit)
{
	return bit == RP_OUTCOME_OK	     ? "ok"
	       : bit == RP_OUTCOME_ERROR     ? "error"
	       : bit == RP_OUTCOME_NULL	     ? "null"
	       : bit == RP_OUTCOME_RESTARTED ? "restarted"
					     : "unknown";
}

static bool is_number(enum rp_kind kind)
{
	return kind != RP_KIND_VOID && kind != RP_KIND_POINTER && kind != RP_KIND_BOOL;
}

static void describe_result(const struct target *t, const struct rp_sample *raw,
			    struct sample_report *out)
{
	uint64_t desc = raw->desc;
	struct rp_outcome o = raw->outcome ? rp_outcome(desc, raw->ret) : rp_outcome_of_tail(desc);
	struct outcome_text text;
	char buf[32];

	if (o.cls == RP_CLASS_BY_VALUE)
		text = outcome_text__of_number(t, o.value, buf, sizeof(buf));
	else
		text = outcome_text__of_class(t, o.cls);
	out->outcome = xstrdup(outcome_name(raw->outcome));
	out->value = text.value ? xstrdup(text.value) : NULL;
	out->has_ret = raw->outcome && is_number(t->kind);
	out->is_signed =
		RP_DESC_IS_SIGNED(desc) || t->kind == RP_KIND_ENUM || t->kind == RP_KIND_VALUE;
	out->ret = out->is_signed ? (uint64_t)rp_sign_extend(raw->ret, RP_DESC_UNUSED(desc))
				  : rp_zero_extend(raw->ret, RP_DESC_UNUSED(desc));
}

static void locate_frames(struct kept_samples *k, struct sample *s)
{
	struct user_frame v[RP_SAMPLE_USER_FRAMES];

	s->nuser = modules__locate(k->modules, s->raw, v, &s->gone);
	s->round = modules__round(k->modules);
	s->user = xcalloc(s->nuser + 1, sizeof(*s->user));
	memcpy(s->user, v, s->nuser * sizeof(*v));
}

static void describe(struct kept_samples *k, struct sample *s, const struct target *t,
		     struct label_slots *labels, double now)
{
	const struct rp_sample *raw = s->raw;
	struct sample_report *out = &s->known;

	out->time = now_seconds() - (now - (double)raw->time / 1e9);
	out->ns = raw->ns;
	out->pid = raw->pid;
	out->tid = raw->tid;
	out->comm = xstrndup(raw->comm, strnlen(raw->comm, sizeof(raw->comm)));
	describe_cgroup(k, raw->cgroup, out);
	name_function(t, out);
	name_labels(t, raw->cell, labels, now, out);
	name_shown(k, t, raw, out);
	describe_result(t, raw, out);
	locate_frames(k, s);
}

void kept_samples__take(struct kept_samples *k, unsigned generation, struct object *obj,
			const struct targets *targets, struct label_slots *labels, double now)
{
	uint64_t n = k->taken;

	object_samples__take(obj, on_sample, k);
	if (k->taken - n > SAMPLES_KEPT)
		n = k->taken - SAMPLES_KEPT;
	if (n < k->taken)
		modules__begin(k->modules);
	while (n < k->taken) {
		struct sample *s = &k->ring[++n % SAMPLES_KEPT];

		s->generation = generation;
		describe(k, s, targets->v[RP_DESC_ID(s->raw->desc)], labels, now);
	}
}

/* ---- exemplars ------------------------------------------------------------------------------- */

/* The label set that shows the sample's call. */
static uint32_t set_of(const struct rp_sample *raw, const struct banks *b)
{
	uint32_t first = b->label_sets.first, cell = raw->cell;

	if (cell >= first && banks__adjustments(b))
		cell = adjustments__alias_of(banks__adjustments(b), cell);
	return cell >= first ? cell - first : EXEMPLAR_NO_SET;
}

void kept_samples__add_exemplars(const struct kept_samples *k, unsigned generation, uint32_t index,
				 const struct banks *banks, struct exemplar **v, size_t *n)
{
	for (size_t i = 0; i < SAMPLES_KEPT; i++) {
		const struct sample *s = &k->ring[i];
		struct exemplar *e;

		if (!s->raw || s->generation != generation || s->raw->ns == RP_SAMPLE_UNKNOWN)
			continue;
		e = array__grow(v, n, sizeof(*e));
		*e = (struct exemplar){
			.generation = index,
			.id = RP_DESC_ID(s->raw->desc),
			.set = set_of(s->raw, banks),
			.number = s->known.number,
			.ns = s->raw->ns,
			.time = s->known.time,
			.pid = s->raw->pid,
		};
		memcpy(e->comm, s->raw->comm, sizeof(e->comm));
	}
}

/* ---- the report ------------------------------------------------------------------------------ */

static size_t nframes(const struct sample *s)
{
	return s->raw->kernel_bytes > 0 ? s->raw->kernel_bytes / sizeof(s->raw->kernel[0]) : 0;
}

static const struct sample *sample_at(const struct kept_samples *k, uint64_t number)
{
	return &k->ring[number % SAMPLES_KEPT];
}

static void look_up(struct kept_samples *k, uint64_t oldest)
{
	__cleanup_free uint64_t *addrs = xcalloc(SAMPLES_KEPT * RP_SAMPLE_FRAMES, sizeof(*addrs));
	size_t total = 0;

	for (uint64_t i = oldest; i <= k->taken; i++) {
		const struct sample *s = sample_at(k, i);

		memcpy(addrs + total, s->raw->kernel, nframes(s) * sizeof(*addrs));
		total += nframes(s);
	}
	ksym_names__look_up(k->symbols, addrs, total);
}

static void spell_user_stack(struct kept_samples *k, const struct sample *s,
			     const struct look_ups *how, struct sample_report *out)
{
	if (s->raw->user_bytes < 0)
		out->user_stack_error = strerror(-s->raw->user_bytes);
	else if (s->gone)
		out->user_stack_error = "the process had ended before its files could be looked up";
	if (s->round == modules__round(k->modules))
		out->user_stack = user_stack__spell(k->modules, s->user, s->nuser, how);
}

void kept_samples__write(struct kept_samples *k, struct buf *out)
{
	uint64_t oldest = k->taken < SAMPLES_KEPT ? 1 : k->taken - SAMPLES_KEPT + 1;
	struct samples_report report = {};
	struct image io = { .out = out };
	struct look_ups how = { monotonic_seconds() + LOOK_UP_SECONDS, "/proc" };
	size_t bytes = 0;

	look_up(k, oldest);
	modules__trim(k->modules);
	for (uint64_t i = k->taken; i >= oldest && bytes < REPORT_BYTES; i--) {
		struct sample_report *r = array__grow(&report.v, &report.n, sizeof(*report.v));
		const struct sample *s = sample_at(k, i);

		*r = s->known;
		r->stack = stack__spell(k->symbols, (const uint64_t *)s->raw->kernel, nframes(s));
		if (s->raw->kernel_bytes < 0)
			r->stack_error = strerror(-s->raw->kernel_bytes);
		spell_user_stack(k, s, &how, r);
		bytes += sizeof(*r) + (r->stack ? strlen(r->stack) : 0) +
			 (r->user_stack ? strlen(r->user_stack) : 0);
	}
	samples_report__image(&io, &report);
	for (size_t i = 0; i < report.n; i++) {
		free((char *)report.v[i].stack);
		free((char *)report.v[i].user_stack);
	}
	free(report.v); /* the rest is borrowed */
}

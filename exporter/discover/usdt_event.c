/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/usdt_event.h"

#include "discover/usdt.h"

static bool is_excluded(struct discovery *d, const struct request *r, const struct elf_usdt *u)
{
	__cleanup_free char *name = usdt__name(u);

	return exclusions__match(&d->exclusions, r, r->pattern->object, name) ||
	       exclusions__match(&d->exclusions, r, r->pattern->object, u->name);
}

static struct target *new_target(const struct request *r, const struct elf_file *f,
				 const char *name)
{
	struct target *t = target__new(TARGET_USER_EVENT, r->pattern->object, name);

	t->file = f->id;
	return t;
}

static int claim(struct discovery *d, const struct request *r, const struct elf_file *f,
		 const struct elf_usdt *u)
{
	__cleanup_free char *name = usdt__name(u);
	struct target *t = new_target(r, f, name);
	enum target_reason reason;
	char *why = usdt__add_places(f, name, NULL, t, &reason);

	t->inode = f->opened->inode;
	t->opened = opened_file__ref(f->opened);
	t->kind = RP_KIND_VOID;
	t->signature = usdt__signature(u);
	if (!why && t->npoints <= SPAN_PLACES_MAX)
		return claims__add(&d->claims, r, t);
	reason = REASON_REFUSED;
	why = why ? why
		  : xasprintf("the probe is at %zu places, as the compiler has copied its code; %d "
			      "are allowed",
			      t->npoints, SPAN_PLACES_MAX);
	return claims__add_failed(&d->claims, r, t, reason, why);
}

static int claim_failed(struct discovery *d, const struct request *r, const struct elf_file *f,
			enum target_reason reason, char *why)
{
	__cleanup_free char *written = request__written(r->pattern);

	return claims__add_failed(&d->claims, r, new_target(r, f, written), reason, why);
}

/* The first alternative that exists. */
static int resolve_exact(struct discovery *d, const struct request *r, const struct elf_file *f)
{
	const struct pattern *p = r->pattern;

	for (size_t i = 0; i < p->nfunctions; i++) {
		struct target *found = new_target(r, f, "");
		enum target_reason reason;
		char *why = usdt__add_places(f, p->functions[i], NULL, found, &reason);
		struct elf_usdt u;
		bool any =
			found->npoints && usdt__at(f, p->functions[i], found->points[0].offset, &u);

		target__free(found);
		if (any && why)
			return claim_failed(d, r, f, reason, why);
		free(why);
		if (any)
			return is_excluded(d, r, &u) ? 0 : claim(d, r, f, &u);
	}
	return claim_failed(d, r, f, REASON_NOT_FOUND, usdt__missing(f, p->functions[0]));
}

static int resolve_glob(struct discovery *d, const struct request *r, const struct elf_file *f)
{
	struct glob_counts counts = {};

	for (size_t i = 0; i < elf_symbols__nusdts(f->symbols); i++) {
		struct elf_usdt u = elf_symbols__usdt(f->symbols, i);
		__cleanup_free char *name = usdt__name(&u);
		int err;

		if ((!pattern__matches(r->pattern, name) &&
		     !pattern__matches(r->pattern, u.name)) ||
		    usdt__is_copy(f, i))
			continue;
		if (is_excluded(d, r, &u)) {
			counts.excluded++;
			continue;
		}
		err = claim(d, r, f, &u);
		if (err)
			return err;
		counts.taken++;
	}
	return discovery__finish_glob(d, r, new_target(r, f, r->pattern->functions[0]), &counts,
				      REASON_NOT_FOUND,
				      counts.taken ? NULL
						   : xasprintf("no USDT probe matches %s in %s",
							       r->pattern->functions[0], f->path));
}

int usdt_event__resolve(struct discovery *d, const struct request *r)
{
	struct elf_file *f = sources__file(&d->sources, r->pattern->object);

	if (!f->symbols)
		return claim_failed(d, r, f, REASON_NOT_FOUND, xstrdup(f->why));
	return r->pattern->glob ? resolve_glob(d, r, f) : resolve_exact(d, r, f);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Look-ups in the image of a file (elf/image.h). */
#include "elf/symbols.h"

#include <errno.h>

#include "elf/child.h"
#include "elf/image.h"
#include "elf/reader.h"

#define READ_MEMORY (64 << 20)
#define XZ_MEMORY   (128 << 20) /* in addition, to unpack .gnu_debugdata */

struct elf_symbols {
	struct confined_result result; /* has the image */
	const struct elf_image *image;
	const char *names;
	const struct elf_record *records;
	const struct elf_dynamic_record *dynamics;
	const struct elf_usdt_record *usdts;
};

static void use(struct elf_symbols *e, const void *image)
{
	e->image = image;
	e->names = (const char *)image + sizeof(*e->image);
	e->records = (const void *)((const char *)image + e->image->records_at);
	e->dynamics = (const void *)(e->records + e->image->records);
	e->usdts = (const void *)(e->dynamics + e->image->dynamics);
}

static int64_t make_image(const struct elf_child *c, void *out, size_t max, char *why)
{
	return elf_reader__make_image(c->fd, c->debug_fd, c->path, out, max, why);
}

int elf_symbols__read(int fd, int debug_fd, const char *path, struct elf_symbols **out, char **why)
{
	struct elf_symbols *e = xcalloc(1, sizeof(*e));
	__cleanup_free char *what = xasprintf("reading %s", path);
	const struct elf_child child = {
		.make = make_image,
		.is_sound = elf_image__is_sound,
		.fd = fd,
		.debug_fd = debug_fd,
		.path = path,
		.what = what,
		.max = ELF_IMAGE_MAX,
		.memory = READ_MEMORY + XZ_MEMORY,
	};
	int err = elf_child__run(&child, &e->result, why);

	if (err) {
		elf_symbols__free(e);
		return err;
	}
	use(e, e->result.data);
	*out = e;
	return 0;
}

int elf_symbols__read_here(int fd, int debug_fd, const char *path, struct elf_symbols **out,
			   char **why)
{
	struct elf_symbols *e = xcalloc(1, sizeof(*e));
	char text[CONFINED_WHY] = "";
	int64_t size;
	int err;

	e->result.mapped = ELF_IMAGE_MAX;
	e->result.shared = confined__memory(ELF_IMAGE_MAX);
	size = e->result.shared ? elf_reader__make_image(fd, debug_fd, path, e->result.shared,
							 ELF_IMAGE_MAX, text)
				: -ENOMEM;
	err = size < 0 ? (int)size : elf_image__is_sound(e->result.shared, size) ? 0 : -EFAULT;
	if (err) {
		*why = xstrdup(*text ? text : strerror(-err));
		elf_symbols__free(e);
		return err;
	}
	use(e, e->result.shared);
	*out = e;
	return 0;
}

void elf_symbols__free(struct elf_symbols *e)
{
	if (!e)
		return;
	confined__release(&e->result);
	free(e);
}

/* ---- look-ups ------------------------------------------------------------------------------- */

size_t elf_symbols__count(const struct elf_symbols *e)
{
	return e->image->records;
}

static const char *name_at(const struct elf_symbols *e, size_t i)
{
	return e->names + e->records[i].name;
}

struct elf_symbol elf_symbols__at(const struct elf_symbols *e, size_t i)
{
	const struct elf_record *r = &e->records[i];

	return (struct elf_symbol){
		.name = name_at(e, i),
		.index = i,
		.offset = r->offset,
		.size = r->size,
		.copies = r->copies & ELF_RECORD_COPIES,
		.ifunc = r->copies & ELF_RECORD_IFUNC,
		.misrun = r->copies & ELF_RECORD_MISRUN,
		.old_version = r->copies & ELF_RECORD_OLD,
	};
}

/* Index of the first name that is not less. */
static size_t lower_bound(const struct elf_symbols *e, const char *name)
{
	size_t low = 0, high = e->image->records;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(name_at(e, middle), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool elf_symbols__find(const struct elf_symbols *e, const char *name, struct elf_symbol *out)
{
	size_t i = lower_bound(e, name);

	if (i == e->image->records || strcmp(name_at(e, i), name))
		return false;
	*out = elf_symbols__at(e, i);
	return true;
}

size_t elf_symbols__cold(const struct elf_symbols *e, const char *name, struct elf_extent *out,
			 size_t max)
{
	__cleanup_free char *cold = xasprintf("%s.cold", name);
	size_t len = strlen(cold), n = 0;

	for (size_t i = lower_bound(e, cold); i < e->image->records; i++) {
		const char *found = name_at(e, i);

		if (strncmp(found, cold, len))
			break;
		if (found[len] && found[len] != '.')
			continue;
		if (n < max)
			out[n] = (struct elf_extent){ e->records[i].offset, e->records[i].size };
		n++;
	}
	return n;
}

size_t elf_symbols__ndynamics(const struct elf_symbols *e)
{
	return e->image->dynamics;
}

struct elf_dynamic elf_symbols__dynamic(const struct elf_symbols *e, size_t i)
{
	const struct elf_dynamic_record *r = &e->dynamics[i];

	return (struct elf_dynamic){
		.kind = r->kind & ~ELF_RECORD_FLAGS,
		.name = e->names + r->name,
		.version = e->names + r->version,
		.file = e->names + r->file,
		.offset = r->offset,
		.size = r->size,
		.ifunc = r->kind & ELF_RECORD_IFUNC,
		.misrun = r->kind & ELF_RECORD_MISRUN,
	};
}

size_t elf_symbols__nusdts(const struct elf_symbols *e)
{
	return e->image->usdts;
}

struct elf_usdt elf_symbols__usdt(const struct elf_symbols *e, size_t i)
{
	const struct elf_usdt_record *r = &e->usdts[i];

	return (struct elf_usdt){
		.provider = e->names + r->provider,
		.name = e->names + r->name,
		.args = e->names + r->args,
		.offset = r->offset,
		.semaphore = r->semaphore,
	};
}

bool elf_symbols__stripped(const struct elf_symbols *e)
{
	return !e->image->has_symtab;
}

const struct elf_debug_link *elf_symbols__debug_link(const struct elf_symbols *e)
{
	return &e->image->debug_link;
}

const char *elf_symbols__debug_why(const struct elf_symbols *e)
{
	return *e->image->debug_why ? e->image->debug_why : NULL;
}

uint64_t elf_symbols__entry(const struct elf_symbols *e)
{
	return e->image->entry;
}

uint32_t elf_symbols__hazards(const struct elf_symbols *e)
{
	return e->image->hazards;
}

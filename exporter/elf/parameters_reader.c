/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/parameters_reader.h"

#include <errno.h>

#include "elf/dwarf_btf.h"
#include "elf/dwarf_places.h"
#include "elf/segments.h"
#include "files/confined.h"

struct reader {
	struct segments segments;
	Dwarf *dwarf;
	struct dwarf_btf *types;
	struct function_record *records;
	size_t nrecords;
	struct parameter_place *places;
	size_t nplaces;
};

static int by_offset(const void *a, const void *b)
{
	const struct parameters_wanted *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The entry of a wanted function. False: it is not one, or of another function. */
static bool find(struct reader *r, const struct parameters_wanted *wanted, Dwarf_Die *out)
{
	Dwarf_Addr address;
	uint64_t offset;

	return dwarf_offdie(r->dwarf, wanted->die, out) && dwarf_tag(out) == DW_TAG_subprogram &&
	       !dwarf_entrypc(out, &address) && segments__offset(&r->segments, address, &offset) &&
	       offset == wanted->offset;
}

static void read_function(struct reader *r, const struct parameters_wanted *wanted)
{
	struct dwarf_places places = { .changed = wanted->changed };
	struct function_record *record;
	Dwarf_Die die;
	uint32_t proto;

	if (!find(r, wanted, &die))
		return;
	proto = dwarf_btf__add_function(r->types, &die);
	if (proto != PARAMETERS_FIRST_PROTO + r->nrecords)
		return; /* there are too many, or it is there */
	dwarf_places__find(&die, &places);
	record = array__grow(&r->records, &r->nrecords, sizeof(*record));
	*record = (struct function_record){
		.offset = wanted->offset, .proto = proto, .place = r->nplaces, .go = places.go
	};
	for (size_t i = 0; i < places.n; i++)
		*(struct parameter_place *)array__grow(&r->places, &r->nplaces,
						       sizeof(*r->places)) = places.v[i];
	free(places.v);
}

static int64_t write_image(struct reader *r, void *out, size_t max)
{
	struct parameters_image image = { PARAMETERS_IMAGE_MAGIC, r->nrecords, r->nplaces, 0 };
	size_t records = r->nrecords * sizeof(*r->records), at;
	const void *btf = dwarf_btf__finish(r->types, &image.nbtf);

	if (!btf)
		return -ENOMEM;
	at = parameters_image__btf(&image);
	if (at > max || image.nbtf > max - at)
		return -EMSGSIZE;
	memset(out, 0, at);
	memcpy(out, &image, sizeof(image));
	if (records)
		memcpy((char *)out + sizeof(image), r->records, records);
	if (r->nplaces)
		memcpy((char *)out + sizeof(image) + records, r->places,
		       r->nplaces * sizeof(*r->places));
	memcpy((char *)out + at, btf, image.nbtf);
	return at + image.nbtf;
}

static int64_t read_functions(struct reader *r, const struct parameters_request *request, void *out,
			      size_t max)
{
	struct parameters_wanted *wanted = xcalloc(request->n, sizeof(*wanted));
	int err = dwarf_btf__new(&r->types);

	if (request->n) {
		memcpy(wanted, request->v, request->n * sizeof(*wanted));
		qsort(wanted, request->n, sizeof(*wanted), by_offset);
	}
	for (size_t i = 0; i < request->n && !err; i++)
		if (!i || wanted[i].offset != wanted[i - 1].offset)
			read_function(r, &wanted[i]);
	free(wanted);
	return err ? err : write_image(r, out, max);
}

int64_t parameters_reader__make_image(const struct parameters_request *request, int fd,
				      int debug_fd, const char *path, void *out, size_t max,
				      char *why)
{
	struct reader r = {};
	Elf *elf, *debug;
	int64_t err;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	debug = debug_fd < 0 ? elf : elf_begin(debug_fd, ELF_C_READ_MMAP, NULL);
	err = elf && debug ? segments__read(&r.segments, elf) : -ENOENT;
	if (!err) {
		r.dwarf = dwarf_begin_elf(debug, DWARF_C_READ, NULL);
		err = r.dwarf ? read_functions(&r, request, out, max) : -ENOENT;
	}
	if (err < 0)
		snprintf(why, CONFINED_WHY, "the parameters of functions of %s cannot be read: %s",
			 path, err == -EMSGSIZE ? "there are too many types" : strerror(-err));
	dwarf_btf__free(r.types);
	dwarf_end(r.dwarf);
	if (debug != elf)
		elf_end(debug);
	elf_end(elf);
	free(r.records);
	free(r.places);
	return err;
}

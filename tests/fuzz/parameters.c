/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ELF file with DWARF: all functions that its types name, and some that are none. Whatever it
 * contains, the result is sound parameters, which can be printed, or an error. The same bytes are
 * also an image that a taken-over child could make.
 */
#include <fcntl.h>

#include <bpf/btf.h>

#include "files/confined.h"
#include "elf/parameters_reader.h"
#include "elf/types_image.h"
#include "elf/types_reader.h"
#include "expr/expr.h"
#include "fuzz.h"

#define FUNCTIONS_MAX 100

static void compile(const struct btf *btf, const struct function_record *r,
		    const struct parameter_place *places)
{
	const struct expr_scope scope = {
		.btf = btf, .proto = r->proto, .places = places, .user = true, .go = r->go
	};
	const struct btf_type *proto = btf__type_by_id(btf, r->proto);
	static const char *const forms[] = { "%.60s", "str(%.60s)", "%.60s->next->next[1].u.c" };

	for (int i = 0; i < btf_vlen(proto) && i < FUNCTIONS_MAX; i++) {
		const char *name = btf__name_by_offset(btf, btf_params(proto)[i].name_off);

		for (size_t k = 0; k < ARRAY_SIZE(forms); k++) {
			char text[100];
			struct expr e = {};
			char *why = NULL;

			snprintf(text, sizeof(text), forms[k], name);
			if (expr__compile(&scope, text, &e, &why)) {
				fuzz__check_message(why);
				continue;
			}
			fuzz__check(e.field.source < RP_SOURCE_CGROUP_ANCESTOR ||
				    e.field.source == RP_SOURCE_COMM);
			expr__free(&e);
		}
	}
}

/* As elf/parameters.c uses it. */
static void use(const void *data, size_t size)
{
	const struct parameters_image *image = data;
	const struct function_record *records = (const void *)(image + 1);
	const struct parameter_place *places;
	struct btf *btf;

	if (!parameters_image__is_sound(data, size))
		return;
	places = (const void *)(records + image->nrecords);
	btf = btf__new((const char *)data + parameters_image__btf(image), image->nbtf);
	for (uint32_t i = 0; btf && i < image->nrecords && i < FUNCTIONS_MAX; i++)
		compile(btf, &records[i], places + records[i].place);
	btf__free(btf);
}

static size_t want(const void *types, struct parameters_wanted *out)
{
	const struct types_image *image = types;
	const struct type_record *r = (const void *)(image + 1);
	size_t n = 0;

	for (; n < image->nrecords && n < FUNCTIONS_MAX; n++)
		out[n] = (struct parameters_wanted){ r[n].offset, r[n].die, n % 2 };
	out[n++] = (struct parameters_wanted){ 0, 11, false };
	out[n++] = (struct parameters_wanted){ 1, 1ULL << 40, true };
	return n;
}

void fuzz__input(const char *data, size_t len)
{
	static void *types, *image;
	struct parameters_wanted wanted[FUNCTIONS_MAX + 2];
	struct parameters_request request = { .v = wanted };
	__cleanup_close int fd = -1;
	char why[CONFINED_WHY] = "";
	__cleanup_free void *copy = xcalloc(len + 1, 1);
	int64_t size;

	memcpy(copy, data, len);
	use(copy, len);
	if (!image) {
		types = confined__memory(TYPES_IMAGE_MAX);
		image = confined__memory(PARAMETERS_IMAGE_MAX);
	}
	fd = open(fuzz__file(0, data, len), O_RDONLY | O_CLOEXEC);
	if (types_reader__make_image(fd, -1, "FILE", types, TYPES_IMAGE_MAX, why) < 0)
		return;
	request.n = want(types, wanted);
	size = parameters_reader__make_image(&request, fd, -1, "FILE", image, PARAMETERS_IMAGE_MAX,
					     why);
	if (size < 0) {
		fuzz__check_message(xstrdup(why));
		return;
	}
	fuzz__check(parameters_image__is_sound(image, size));
	use(image, size);
}

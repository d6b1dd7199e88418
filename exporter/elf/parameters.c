/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/parameters.h"

#include <bpf/btf.h>
#include <errno.h>
#include <sys/stat.h>

#include "elf/child.h"
#include "elf/parameters_reader.h"

#define READ_MEMORY (256ULL << 20) /* in addition to the files, which are mapped */

struct elf_parameters {
	struct confined_result result; /* has the image */
	const struct parameters_image *image;
	const struct function_record *records;
	const struct parameter_place *places;
	struct btf *btf;
};

static uint64_t size_of(int fd)
{
	struct stat st;

	return fd < 0 || fstat(fd, &st) ? 0 : st.st_size;
}

static int64_t make_image(const struct elf_child *c, void *out, size_t max, char *why)
{
	return parameters_reader__make_image(c->request, c->fd, c->debug_fd, c->path, out, max,
					     why);
}

static int use(struct elf_parameters *p)
{
	p->image = p->result.data;
	p->records = (const void *)(p->image + 1);
	p->places = (const void *)(p->records + p->image->nrecords);
	p->btf = btf__new((const char *)p->image + parameters_image__btf(p->image), p->image->nbtf);
	return p->btf ? 0 : -errno;
}

int elf_parameters__read(const struct parameters_request *request, int fd, int debug_fd,
			 const char *path, struct elf_parameters **out, char **why)
{
	struct elf_parameters *p = xcalloc(1, sizeof(*p));
	__cleanup_free char *what = xasprintf("reading the parameters of %s", path);
	const struct elf_child child = {
		.make = make_image,
		.request = request,
		.is_sound = parameters_image__is_sound,
		.fd = fd,
		.debug_fd = debug_fd,
		.path = path,
		.what = what,
		.max = PARAMETERS_IMAGE_MAX,
		.memory = READ_MEMORY + size_of(fd) + size_of(debug_fd),
	};
	int err = elf_child__run(&child, &p->result, why);

	if (!err) {
		err = use(p);
		if (err)
			*why = xasprintf("%s: %s", what, strerror(-err));
	}
	if (err) {
		elf_parameters__free(p);
		return err;
	}
	*out = p;
	return 0;
}

void elf_parameters__free(struct elf_parameters *p)
{
	if (!p)
		return;
	btf__free(p->btf);
	confined__release(&p->result);
	free(p);
}

bool elf_parameters__find(const struct elf_parameters *p, uint64_t offset, struct elf_function *out)
{
	const struct function_record key = { .offset = offset }, *found = NULL;

	if (p->image->nrecords)
		found = bsearch(&key, p->records, p->image->nrecords, sizeof(key),
				function_record__by_offset);
	if (!found)
		return false;
	*out = (struct elf_function){ p->btf, found->proto, p->places + found->place, found->go };
	return true;
}

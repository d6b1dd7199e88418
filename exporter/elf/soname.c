/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/soname.h"

#include "base/log.h"
#include "elf/input.h"
#include "files/confined.h"

#define READ_SECONDS 5.0
#define READ_MEMORY  (16 << 20)
#define DYNAMIC_MAX  (1 << 20)

struct file {
	int fd;
	const char *path;
};

/* False: the section has no SONAME. *at: its offset in the section's strings. */
static bool find(struct elf_input *in, const Elf64_Shdr *dynamic, uint64_t *at)
{
	__cleanup_free char *content = elf_input__content(in, dynamic, DYNAMIC_MAX);
	Elf64_Dyn dyn = { .d_tag = DT_NULL };

	for (uint64_t i = 0; content && i + sizeof(dyn) <= dynamic->sh_size; i += sizeof(dyn)) {
		memcpy(&dyn, content + i, sizeof(dyn));
		if (dyn.d_tag == DT_SONAME || dyn.d_tag == DT_NULL)
			break;
	}
	*at = dyn.d_un.d_val;
	return dyn.d_tag == DT_SONAME;
}

/* Copies the SONAME. Returns its size; 0: there is none, or it is too long. */
static int64_t read_name(struct elf_input *in, char *out, size_t max)
{
	const Elf64_Shdr *dynamic = elf_input__section_of_type(in, SHT_DYNAMIC), *strings;
	uint64_t at, len;

	if (!dynamic || dynamic->sh_link >= in->nsections || !find(in, dynamic, &at))
		return 0;
	strings = &in->sections[dynamic->sh_link];
	if (strings->sh_type != SHT_STRTAB || at >= strings->sh_size ||
	    strings->sh_offset > in->size || at > in->size - strings->sh_offset)
		return 0;
	len = strings->sh_size - at < max ? strings->sh_size - at : max;
	if (elf_input__read(in, strings->sh_offset + at, out, len) || !memchr(out, '\0', len))
		return 0;
	return (int64_t)strlen(out) + 1;
}

int64_t elf_soname__read_here(int fd, const char *path, char *out, size_t max, char *why)
{
	struct elf_input in = {};
	int64_t size = elf_input__open(&in, fd, NULL, 0, path, why);

	if (!size)
		size = read_name(&in, out, max);
	elf_input__close(&in);
	return size;
}

static int64_t read_in_child(void *ctx, void *out, size_t max, char *why)
{
	const struct file *f = ctx;

	return elf_soname__read_here(f->fd, f->path, out, max, why);
}

char *elf_soname__read(int fd, const char *path)
{
	__cleanup_free char *what = xasprintf("reading the SONAME of %s", path), *why = NULL;
	struct file f = { fd, path };
	const struct confined_job job = {
		.run = read_in_child,
		.ctx = &f,
		.what = what,
		.max = ELF_SONAME_MAX + 1,
		.memory = READ_MEMORY,
		.seconds = READ_SECONDS,
		.fd = fd,
	};
	struct confined_result result = {};
	char *name = NULL;

	if (confined__run(&job, &result, &why))
		log_debug("%s", why);
	else if (result.size)
		name = xstrndup(result.data, result.size - 1);
	confined__release(&result);
	return name;
}

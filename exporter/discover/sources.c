/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/sources.h"

#include "base/log.h"
#include "files/locate.h"
#include "kernel/advice.h"
#include "kernel/kernel_btf.h"

#define LIBC "libc.so.6"

struct symbols *sources__symbols(struct sources *s)
{
	struct symbols_env env = {
		.kallsyms = s->env->kallsyms,
		.available_filter_functions = s->env->available_filter_functions,
		.kprobe_blacklist = s->env->kprobe_blacklist,
		.tracefs = s->env->tracefs,
	};
	int err;

	if (s->symbols_tried)
		return s->symbols;
	s->symbols_tried = true;
	s->symbols_error = symbols__read(&env, &s->symbols);
	if (s->symbols_error)
		return NULL;
	err = symbols__filter_error(s->symbols);
	if (err)
		log_info("cannot read available_filter_functions in tracefs (%s): using "
			 "kallsyms; some functions may not be traceable",
			 strerror(-err));
	return s->symbols;
}

char *sources__no_symbols(const struct sources *s)
{
	__cleanup_free char *advice =
		advice__of(ATTEMPT_SYMBOLS, s->symbols_error, (struct demand){});

	return xasprintf("cannot list the functions of this kernel (%s): neither /proc/kallsyms "
			 "nor tracefs can be read",
			 advice);
}

struct module_list *sources__modules(struct sources *s)
{
	if (!s->modules_tried)
		s->modules_error =
			module_list__read(s->env->modules_dir, &s->modules, &s->modules_path);
	s->modules_tried = true;
	return s->modules;
}

struct kernel_functions *sources__types(struct sources *s)
{
	if (!s->types_tried)
		kernel_functions__open(s->env->btf_dir, &s->types);
	s->types_tried = true;
	return s->types;
}

struct elf_file *sources__file(struct sources *s, const char *path)
{
	struct elf_file **f;

	for (size_t i = 0; i < s->nfiles; i++)
		if (!strcmp(s->files[i]->path, path))
			return s->files[i];
	f = array__grow(&s->files, &s->nfiles, sizeof(*s->files));
	*f = elf_file__open(s->env, path);
	return *f;
}

struct elf_file *sources__file_of(struct sources *s, const struct target *t)
{
	for (size_t i = 0; i < s->nfiles; i++)
		if (t->opened && s->files[i]->opened == t->opened)
			return s->files[i];
	for (size_t i = 0; i < s->nprograms; i++)
		if (t->opened && s->programs[i].file->opened == t->opened)
			return s->programs[i].file;
	return NULL;
}

struct elf_file *sources__program(struct sources *s, const struct program_file *program)
{
	struct program_elf *p;

	for (size_t i = 0; i < s->nprograms; i++)
		if (s->programs[i].program == program)
			return s->programs[i].file;
	p = array__grow(&s->programs, &s->nprograms, sizeof(*s->programs));
	p->program = program;
	p->file = elf_file__of(s->env, program->opened, program->path);
	return p->file;
}

const char *sources__libc(struct sources *s)
{
	if (!s->libc)
		s->libc = locate__library("", LIBC);
	return s->libc;
}

void sources__release(struct sources *s)
{
	for (size_t i = 0; i < s->nfiles; i++)
		elf_file__free(s->files[i]);
	free(s->files);
	for (size_t i = 0; i < s->nprograms; i++)
		elf_file__free(s->programs[i].file);
	free(s->programs);
	symbols__free(s->symbols);
	kernel_functions__free(s->types);
	kernel_btf__drop();
	module_list__free(s->modules);
	free(s->modules_path);
	free(s->libc);
	memset(s, 0, sizeof(*s));
}

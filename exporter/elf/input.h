/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads an untrusted ELF file: its header, its sections, and bounded parts. For use in a confined
 * child (files/confined.h). An error is a negative errno with one line in why, which has
 * CONFINED_WHY bytes.
 */
#pragma once

#include <elf.h>

#include "base/util.h"

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#elif defined(__s390x__)
#define OUR_MACHINE EM_S390
#elif defined(__powerpc64__)
#define OUR_MACHINE EM_PPC64
#elif defined(__riscv)
#define OUR_MACHINE EM_RISCV
#else
#error "which ELF machine is this?"
#endif

struct elf_input {
	int fd;
	const uint8_t *data; /* if not NULL, the file's bytes; fd is not used then */
	uint64_t size;
	const char *path; /* for messages */
	char *why;
	Elf64_Ehdr header;
	Elf64_Shdr *sections;
	size_t nsections;
	char *section_names; /* nsection_names bytes, the last is 0; NULL: none */
	size_t nsection_names;
};

/* Reads the header and the sections of fd, or of the size bytes at data unless that is NULL. The
 * caller closes in after errors, too. */
int elf_input__open(struct elf_input *in, int fd, const void *data, size_t size, const char *path,
		    char *why);
void elf_input__close(struct elf_input *in);

int elf_input__refuse(struct elf_input *in, const char *fmt, ...) __printf_like(2, 3);
int elf_input__damaged(struct elf_input *in, const char *what);
int elf_input__beyond(struct elf_input *in, const char *limit);
/* Reads all len bytes, or fails. */
int elf_input__read(struct elf_input *in, uint64_t offset, void *out, size_t len);

/* The first section of that type; or of that name, with bytes in the file. NULL: there is none. */
const Elf64_Shdr *elf_input__section_of_type(const struct elf_input *in, uint32_t type);
const Elf64_Shdr *elf_input__section_named(const struct elf_input *in, const char *name);
/* "" if it has no name. */
const char *elf_input__name_of(const struct elf_input *in, const Elf64_Shdr *s);
/* The section's bytes and a 0, to be freed. NULL: more than max, or they cannot be read. */
char *elf_input__content(struct elf_input *in, const Elf64_Shdr *s, size_t max);

/* Copies the build-id, of at most max bytes. Returns its length; 0: the file has none. */
size_t elf_input__build_id(struct elf_input *in, uint8_t *out, size_t max);

/* SPDX-License-Identifier: GPL-2.0-only */
/* What an ELF file says of its functions, its imports and its debug file. */
#pragma once

#include "base/util.h"

/* A function by one of its names. */
struct elf_symbol {
	const char *name; /* without its version */
	uint64_t offset;  /* in the file */
	uint64_t size;	  /* 0: unknown */
	size_t index;	  /* elf_symbols__at() */
	uint32_t copies;  /* functions of that name: static functions of several source files */
	bool ifunc;	  /* indirect: chooses an implementation when the file is loaded */
	bool misrun;	  /* the kernel misruns its first instruction under a uprobe */
	bool old_version; /* not the version that a program linked today gets */
};

struct elf_extent {
	uint64_t offset, size; /* in the file */
};

/* What the dynamic linker knows about a file: one fact. */
struct elf_dynamic {
	enum elf_dynamic_kind {
		ELF_EXPORTED, /* a function, in one version */
		ELF_IMPORTED, /* a function of another file */
		ELF_NEEDED,   /* a library */
		ELF_DYNAMIC_KINDS
	} kind;
	const char *name;
	const char *version;   /* "": none */
	const char *file;      /* ELF_IMPORTED: the library with that version; "": unknown */
	uint64_t offset, size; /* ELF_EXPORTED: in the file */
	bool ifunc, misrun;
};

/* A place of a USDT probe. A probe has several where the compiler has copied its code. */
struct elf_usdt {
	const char *provider, *name, *args; /* args: see elf/operands.h */
	uint64_t offset;		    /* in the file */
	uint64_t semaphore;		    /* likewise; 0: there is none */
};

#define ELF_BUILD_ID_MAX 64

/* How a file names its debug file. */
struct elf_debug_link {
	uint32_t nbuild_id; /* bytes of build_id, which both files share; 0: none */
	uint32_t crc;	    /* of the whole debug file; only with name */
	uint8_t build_id[ELF_BUILD_ID_MAX];
	char name[256]; /* from .gnu_debuglink, without directories; "": none */
};

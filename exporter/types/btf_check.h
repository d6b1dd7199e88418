/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks raw BTF from an untrusted source, before libbpf and others read it. */
#pragma once

#include "base/util.h"

struct btf_check {
	const void *data;
	size_t size;
	size_t name_max;	  /* bytes of a name */
	uint32_t enumerators_max; /* of one enum */
	uint32_t types;		  /* out: ids are less */
};

/*
 * Whether the BTF is in this machine's byte order, complete, and of the kinds that describe
 * parameters; each name is in the strings, has no control characters and at most name_max bytes;
 * and each id is that of a type. Types may still contain themselves.
 */
bool btf_check__is_sound(struct btf_check *c);
/* Visits the types of sound BTF; *at starts at 0. Returns the number of parameters of a
 * BTF_KIND_FUNC_PROTO; -1: of another kind, or there is none. */
int btf_check__next(const struct btf_check *c, uint32_t *at);

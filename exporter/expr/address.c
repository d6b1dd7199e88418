/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/address.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "base/error.h"

#define MAPPED_BITS 96 /* of ::ffff:0:0/96, where IPv6 has the addresses of IPv4 */

struct bytes {
	uint8_t address[16], mask[16];
};

static int no_address(const struct expr *e, const char *text, char **why)
{
	return error__refuse(why,
			     "\"%.80s\" is no address; write one as in %s, or a range as in %s",
			     text, e->format == EXPR_IP4 ? "10.0.0.1" : "fd00::1 or 10.0.0.1",
			     e->format == EXPR_IP4 ? "ip(x) in 10.0.0.0/8" : "ip(x) in fd00::/8");
}

/* The number of bits after the slash. -1: it is none from 1 to most. */
static int read_bits(const char *text, int most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return isdigit((unsigned char)*text) && !*end && n && n <= (unsigned long)most ? (int)n
										       : -1;
}

/* Fills the bytes of the address. Returns how many of its last bits a range may have: 32 of an IPv4
 * address in IPv6. -1: it is none. */
static int read_address(const struct expr *e, const char *text, uint8_t *bytes)
{
	if (e->format == EXPR_IP4)
		return inet_pton(AF_INET, text, bytes) == 1 ? 32 : -1;
	if (inet_pton(AF_INET, text, bytes + MAPPED_BITS / 8) == 1) {
		bytes[10] = bytes[11] = 0xff;
		return 32;
	}
	return inet_pton(AF_INET6, text, bytes) == 1 ? 128 : -1;
}

static void fill_mask(uint8_t *mask, int bits)
{
	memset(mask, 0xff, bits / 8);
	if (bits % 8)
		mask[bits / 8] = 0xff << (8 - bits % 8);
}

static int read_range(const struct expr *e, const struct comparison *c, struct bytes *out,
		      char **why)
{
	const char *slash = strchr(c->literal, '/');
	__cleanup_free char *text =
		slash ? xstrndup(c->literal, slash - c->literal) : xstrdup(c->literal);
	int size = e->format == EXPR_IP4 ? 32 : 128, most = read_address(e, text, out->address);
	int bits = slash ? read_bits(slash + 1, most) : most;

	if (most < 0)
		return no_address(e, c->literal, why);
	if (slash && !c->is_in)
		return error__refuse(why, "\"%.80s\" is a range of addresses; write in %.80s",
				     c->literal, c->literal);
	if (bits < 0)
		return error__refuse(why,
				     "\"%.80s\" is no range of addresses; write 1 to %d after the "
				     "slash",
				     c->literal, most);
	fill_mask(out->mask, size - most + bits);
	for (int i = 0; i < size / 8; i++)
		if (out->address[i] & ~out->mask[i])
			return error__refuse(why,
					     "\"%.80s\" has an address with more than %d bits; "
					     "write 0 for those that are not compared",
					     c->literal, bits);
	return 0;
}

int address__read(const struct expr *e, const struct comparison *c, struct address *out, char **why)
{
	uint32_t address, mask;
	struct bytes b = {};
	int err;

	if (c->compare != RP_EQ && c->compare != RP_NE)
		return error__refuse(why, "compare an address with ==, != or in");
	err = read_range(e, c, &b, why);
	if (err)
		return err;
	*out = (struct address){};
	if (e->format == EXPR_IP6) {
		memcpy(out->literal, b.address, sizeof(out->literal));
		memcpy(out->mask, b.mask, sizeof(out->mask));
		return 0;
	}
	memcpy(&address, b.address, sizeof(address));
	memcpy(&mask, b.mask, sizeof(mask));
	out->literal[0] = address;
	out->mask[0] = mask;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* An ELF file with DWARF or BTF. Whatever it contains, the result is valid types or an error. */
#include <fcntl.h>

#include "files/confined.h"
#include "elf/types_image.h"
#include "elf/types_reader.h"
#include "fuzz.h"

void fuzz__input(const char *data, size_t len)
{
	static void *image;
	__cleanup_close int fd = open(fuzz__file(0, data, len), O_RDONLY | O_CLOEXEC);
	char why[CONFINED_WHY] = "";
	int64_t size;

	if (!image)
		image = confined__memory(TYPES_IMAGE_MAX);
	size = types_reader__make_image(fd, -1, "FILE", image, TYPES_IMAGE_MAX, why);
	if (size < 0)
		fuzz__check_message(xstrdup(why));
	else
		fuzz__check(types_image__is_sound(image, size));
}

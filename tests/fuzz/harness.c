/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"

#include <sys/mman.h>

#include "base/log.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* A failed allocation must be handled as an error, as without a sanitizer. */
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	log__setup((enum log_level)(LOG_ERROR + 1), LOG_LOGFMT);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz__input((const char *)data, size);
	return 0;
}

char *fuzz__copy(const char *data, size_t len)
{
	char *copy = malloc(len);

	if (len)
		memcpy(copy, data, len);
	return copy;
}

char *fuzz__text(const char *data, size_t len)
{
	char *text = xcalloc(len + 1, 1);

	if (len)
		memcpy(text, data, len);
	return text;
}

char *fuzz__line(const char **data, size_t *len)
{
	const char *end = *len ? memchr(*data, '\n', *len) : NULL;
	size_t n = end ? (size_t)(end - *data) : *len;
	char *line = *len ? fuzz__text(*data, n) : NULL;

	*data += n + (end != NULL);
	*len -= n + (end != NULL);
	return line;
}

struct fuzz_part fuzz__part(const char **data, size_t *len)
{
	static const char mark[] = "\n--\n";
	const char *end = *len ? memmem(*data, *len, mark, sizeof(mark) - 1) : NULL;
	struct fuzz_part part = { *data, end ? (size_t)(end - *data) + 1 : *len };

	*data = end ? end + sizeof(mark) - 1 : *data + *len;
	*len -= part.len + (end ? sizeof(mark) - 2 : 0);
	return part;
}

const char *fuzz__file(unsigned place, const void *data, size_t len)
{
	static struct {
		int fd;
		char path[32];
	} files[FUZZ_FILES];

	fuzz__check(place < FUZZ_FILES);
	if (!files[place].path[0]) {
		files[place].fd = memfd_create("fuzz", MFD_CLOEXEC);
		snprintf(files[place].path, sizeof(files[place].path), "/proc/self/fd/%d",
			 files[place].fd);
	}
	fuzz__check(!ftruncate(files[place].fd, 0));
	fuzz__check(pwrite(files[place].fd, data, len, 0) == (ssize_t)len);
	return files[place].path;
}

void fuzz__check_message(char *text)
{
	fuzz__check(text);
	fuzz__check(*text);
	fuzz__check(!strchr(text, '\n'));
	free(text);
}

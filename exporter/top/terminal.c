/* SPDX-License-Identifier: GPL-2.0-only */
#include "top/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>

#include "base/stop.h"
#include "top/view.h"

#define ENTER "\033[?1049h\033[?25l\033[?7l" /* other screen, no cursor, no line wrap */
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

struct terminal {
	bool has_keys, ended;
	struct termios before;
};

/* At most one terminal is drawn on. Known here so that it is left however the process ends. */
static struct terminal *entered;

static void write_all(const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n <= 0)
			break;
		text += n;
		len -= n;
	}
}

static void leave_entered(void)
{
	if (entered)
		terminal__leave(entered);
}

struct terminal *terminal__new(void)
{
	const char *term = getenv("TERM");
	struct terminal *t;

	if (!isatty(STDOUT_FILENO) || !term || !*term || !strcmp(term, "dumb"))
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->has_keys = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &t->before);
	atexit(leave_entered);
	stop__before_exit(leave_entered);
	return t;
}

void terminal__free(struct terminal *t)
{
	if (t)
		terminal__leave(t);
	free(t);
}

void terminal__enter(struct terminal *t)
{
	struct termios now = t->before;

	now.c_lflag &= ~(ICANON | ECHO);
	now.c_iflag &= ~IXON; /* Ctrl-S would stop the table, and us with it */
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	if (t->has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &now);
	write_all(ENTER);
	entered = t;
}

void terminal__leave(struct terminal *t)
{
	if (entered != t)
		return;
	entered = NULL;
	write_all(LEAVE);
	if (t->has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
}

void terminal__size(unsigned *width, unsigned *height)
{
	struct winsize w = {};

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	*width = w.ws_col ? w.ws_col : 80;
	*height = w.ws_row ? w.ws_row : 24;
}

void terminal__compose(const char *lines, const int bright[2], struct buf *out)
{
	buf__puts(out, "\033[H");
	for (int i = 0; *lines; i++) {
		size_t len = strcspn(lines, "\n");
		bool is_bright = i == bright[0] || i == bright[1];

		buf__puts(out, is_bright ? "\033[7m" : "");
		buf__append(out, lines, len);
		buf__puts(out, is_bright ? "\033[K\033[0m" : "\033[K");
		lines += len + (lines[len] == '\n');
		buf__puts(out, *lines ? "\r\n" : "");
	}
	buf__puts(out, "\033[J");
}

/* ---- keys ------------------------------------------------------------------------------------ */

int terminal__descriptor(const struct terminal *t)
{
	return t && t->has_keys && !t->ended ? STDIN_FILENO : -1;
}

static const struct {
	const char *sequence;
	unsigned key;
} sequences[] = {
	{ "\033[A", KEY_UP },	 { "\033OA", KEY_UP },	     { "\033[B", KEY_DOWN },
	{ "\033OB", KEY_DOWN },	 { "\033[H", KEY_HOME },     { "\033OH", KEY_HOME },
	{ "\033[1~", KEY_HOME }, { "\033[F", KEY_END },	     { "\033OF", KEY_END },
	{ "\033[4~", KEY_END },	 { "\033[5~", KEY_PAGE_UP }, { "\033[6~", KEY_PAGE_DOWN },
	{ "\n", KEY_ENTER },	 { "\r", KEY_ENTER },	     { "\177", KEY_BACK },
	{ "\b", KEY_BACK },
};

/* The length of a control sequence that is not in the table, so that its rest is no key. */
static size_t skip_sequence(const char *data, size_t len)
{
	size_t n = 2;

	if (len < 2 || (data[1] != '[' && data[1] != 'O'))
		return 1;
	while (n < len && (data[n] < 0x40 || data[n] > 0x7e))
		n++;
	return n < len ? n + 1 : len;
}

unsigned terminal__parse_key(const char *data, size_t len, size_t *used)
{
	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++) {
		*used = strlen(sequences[i].sequence);
		if (*used <= len && !memcmp(data, sequences[i].sequence, *used))
			return sequences[i].key;
	}
	*used = *data == '\033' ? skip_sequence(data, len) : 1;
	if (*data == '\033')
		return *used == 1 ? KEY_BACK : KEY_NONE;
	return (unsigned char)*data;
}

size_t terminal__read_keys(struct terminal *t, unsigned keys[TERMINAL_KEYS])
{
	char data[TERMINAL_KEYS];
	ssize_t len = read(STDIN_FILENO, data, sizeof(data));
	size_t n = 0, used;

	t->ended = len <= 0;
	for (ssize_t at = 0; at < len; at += used)
		keys[n++] = terminal__parse_key(data + at, len - at, &used);
	return n;
}

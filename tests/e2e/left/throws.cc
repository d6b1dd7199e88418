// SPDX-License-Identifier: GPL-2.0-only
// C++ exceptions through, out of and into functions. Prints like left.c.
#include <cstdio>
#include <stdexcept>
#include <string>

#define PROBED extern "C" __attribute__((noipa))

static int destroyed;

struct Guard {
	~Guard() { destroyed++; }
};

PROBED long thrower(long v)
{
	if (v % 2)
		throw std::runtime_error("odd " + std::to_string(v));
	return v;
}

// Its destructors run while the exception passes through.
PROBED long passed(long v)
{
	Guard guard;

	return thrower(v) + 1;
}

// Returns from its exception handler, or normally.
PROBED long catcher(long v)
{
	try {
		return passed(v);
	} catch (const std::exception &e) {
		return -static_cast<long>(std::string(e.what()).size());
	}
}

PROBED long rethrower(long v)
{
	try {
		return thrower(v);
	} catch (...) {
		throw;
	}
}

int main()
{
	long sum = 0;
	int caught = 0;

	for (int i = 0; i < 20; i++)
		sum += catcher(i);
	for (int i = 0; i < 10; i++) {
		try {
			rethrower(i);
		} catch (const std::runtime_error &) {
			caught++;
		}
	}
	std::puts("thrower 15 15 0\npassed 10 10 0\ncatcher 20 0 0\nrethrower 5 5 0");
	return !(sum == 100 - 5 * 5 - 5 * 6 && caught == 5 && destroyed == 20);
}

// SPDX-License-Identifier: GPL-2.0-only
// Methods, overloads and templates. Prints like calls.c.
#include <cstdio>
#include <string>

namespace shop {
struct item {
	int id;
	virtual ~item() = default;
};

struct book : item {
	enum class genre { prose = 1, verse = 200 } kind;
	std::string title;
	static int count;
};

class cart {
	int items = 0;

public:
	__attribute__((noipa)) int add(const book &b, int n) { return items += n + b.id; }
	__attribute__((noipa)) int add(const char *name) { return items += name[0] != 0; }
	template <class T> __attribute__((noipa)) int times(T factor, int n) { return items * n * int(factor); }
	__attribute__((noipa)) std::string text(int width) { return std::string(width, 'x'); }
};
} // namespace shop

int main()
{
	shop::cart c;
	shop::book b;
	const char *volatile names[] = { "even", "odd" };
	size_t n = *names[0] + *names[1]; // in memory now

	b.id = 7;
	b.kind = shop::book::genre::verse;
	b.title = "a title that is longer than its class";
	for (int i = 0; i < 30; i++) {
		c.add(b, i % 3);
		c.add(names[i % 2]);
		n += c.times(2, i % 2) + c.times(2.5, i % 3) + c.text(i % 2).size();
	}
	for (int i = 0; i < 3; i++)
		std::printf("shop::cart::add(shop::book const&, int){id=\"7\",kind=\"verse\",title=\"%s\",n=\"%d\"} 10\n", b.title.c_str(), i);
	std::printf("shop::cart::add(char const*){nam=\"even\"} 15\nshop::cart::add(char const*){nam=\"odd\"} 15\n");
	for (int i = 0; i < 2; i++)
		std::printf("shop::cart::times<int>(int, int){factor=\"2\",n=\"%d\"} 15\n", i);
	for (int i = 0; i < 3; i++)
		std::printf("shop::cart::times<double>(double, int){n=\"%d\"} 10\n", i);
	for (int i = 0; i < 2; i++)
		std::printf("shop::cart::text[abi:cxx11](int){width=\"%d\"} 15\n", i);
	return n == 0;
}

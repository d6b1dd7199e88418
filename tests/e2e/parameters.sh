#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Labels, filters and observed values of parameters that DWARF describes, in C, C++, Go and Rust. Each call is
# counted, with the values that were passed; what is not in a register is refused.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=parameters
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
sources=$PWD/tests/e2e/parameters

if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP parameters: attaching needs root"
	exit 0
fi
if [ "$(uname -m)" != x86_64 ]; then
	echo "SKIP parameters: which parameters are in registers is known for x86-64"
	exit 0
fi
plan 22
programs=()

# Each program prints its series: FUNCTION{LABELS} CALLS.
add() { # add NAME COMMAND...: builds the program $temp/NAME; probes come from standard input
	local name=$1
	shift
	"$@" >"$temp/$name.log" 2>&1 || give_up "$name" "it cannot be built"
	"$temp/$name" >"$temp/$name.want" || give_up "$name" "it fails without probes"
	use "$name"
}

# Probes $temp/NAME. In the probes, OBJECT is its path.
use() { # use NAME
	programs+=("$1")
	sed "s|OBJECT|$temp/$1|" >>"$temp/config.yaml"
}

c_probes='
- {user: {object: "OBJECT", functions: [send]}, filter: ["fd > 0", "m->next->grid[1][0] == 3", "m->text == one", "m->next->text == two"],
   labels: [{fd: fd}, {path: path}, {kind: m->kind}, {color: m->color}, {uri: m->uri}, {n: n}]}
- {user: {object: "OBJECT", functions: [take]}, labels: [{a: p.a}, {b: p.b}, {c: p.c}, {color: color}, {last: last}]}
- {user: {object: "OBJECT", functions: [cloned]}, labels: [{size: size}]}
- {user: {object: "OBJECT", functions: [hidden]}, labels: [{x: x}, {why: "str(why)"}], observe: {xs: x}}'
echo 'probes:' >"$temp/config.yaml"
add c0 gcc -O0 -g -o "$temp/c0" "$sources/calls.c" <<<"$c_probes"
add c2 gcc -O2 -g -o "$temp/c2" "$sources/calls.c" <<<"$c_probes"
add c4 gcc -O2 -gdwarf-4 -o "$temp/c4" "$sources/calls.c" <<<"$c_probes"
if ! objcopy --only-keep-debug "$temp/c2" "$temp/c.debug" || ! strip -o "$temp/stripped" "$temp/c2" ||
	! objcopy --add-gnu-debuglink="$temp/c.debug" "$temp/stripped" || ! cp "$temp/c2.want" "$temp/stripped.want"; then
	give_up "stripped" "it cannot be made"
fi
use stripped <<<"$c_probes"
add values gcc -O2 -g -o "$temp/values" "$sources/values.c" <<-'END'
- {user: {object: "OBJECT", functions: [address]}, labels: [{port: ntohs(port)}, {v4: ip(v4)}, {v6: ip(v6)}, {word: ntohl(word)}]}
- {user: {object: "OBJECT", functions: [allowed]}, labels: [{v6: ip(v6)}, {v4: ip(v4)}],
   filter: ["ip(v6) in [2001:db8::/32, 10.0.0.0/8, ::1] && !(ip(v4) in 192.0.2.128/25)"]}
- {user: {object: "OBJECT", functions: [code]},
   labels: [{err: errno(err)}, {sig: signal(sig)}, {fam: family(family)}, {prot: proto(protocol)}, {nr: syscall(nr)}]}
- {user: {object: "OBJECT", functions: [local]}, labels: [{user: user(user)}, {interface: ifname(interface)}, {dev: blkdev(dev)}]}
- {user: {object: "OBJECT", functions: [bits]},
   labels: [{half: flags >> 1 & 1}, {word: hex(word)}, {high: small >> 4}, {low: small & 15}, {wide: small << 4}],
   observe: {sevens: (flags & 0xfff) << 1}}
- {user: {object: "OBJECT", functions: [chosen]}, labels: [{nam: name}],
   filter: ["(kind in [2, 3] || name == py*) && small & 6 == 4", "!(name == s*) && small not in [5, 7]"]}
- {user: {object: "OBJECT", functions: [opened]},
   labels: [{file: basename(path)}, {mode: "flags(mode, enum mode)"}, {any: "cast(any, enum mode *)[0]"}]}
- {user: {object: "OBJECT", functions: [judged]}, labels: [{result: result}], filter: ["ret in [-2, 5] || duration > 1h", "ret != 7"]}
END
if command -v g++ >/dev/null; then
	add cxx g++ -O2 -g -o "$temp/cxx" "$sources/calls.cc" <<-'END'
	- {user: {object: "OBJECT", functions: ["shop::cart::add(shop::book const&, int)"]},
	   labels: [{id: b->id}, {kind: b->kind}, {title: "str(b->title)"}, {n: n}]}
	- {user: {object: "OBJECT", functions: ["shop::cart::add(char const*)"]}, labels: [{nam: name}]}
	- {user: {object: "OBJECT", functions: ["shop::cart::times<int>"]}, labels: [{factor: factor}, {n: n}]}
	- {user: {object: "OBJECT", functions: ["shop::cart::times<double>"]}, labels: [{n: n}]}
	- {user: {object: "OBJECT", functions: ["shop::cart::text[abi:cxx11]"]}, labels: [{width: width}]}
	END
else
	skip 1 cxx "there is no C++ compiler"
fi
if command -v go >/dev/null; then
	cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter/go-build
	build=(env GOCACHE="$cache" GOFLAGS= GO111MODULE=off go build)
	add go "${build[@]}" -o "$temp/go" "$sources/calls.go" <<-'END'
	- {user: {object: "OBJECT", functions: ["main.(*Server).Serve"]}, filter: ["s->host == here"],
	   labels: [{method: method}, {inner: r->Method}, {size: r->Size}, {next: r->next->Size}, {ok: ok}]}
	- {user: {object: "OBJECT", functions: ["main.Double[go.shape.int]", "main.Double[go.shape.string]"]}, labels: [{x: x}, {n: n}]}
	- {user: {object: "OBJECT", functions: [main.Check]}, error: "!= null"}
	- {user: {object: "OBJECT", functions: [main.main.func2.1]}, filter: ["k & 1"]}
	END
	add go_bare "${build[@]}" -ldflags=-w -o "$temp/go_bare" "$sources/calls.go" <<-'END'
	- {user: {object: "OBJECT", functions: [main.Check]}, filter: ["arg0 < 2"], labels: [{n: arg0}]}
	END
	printf 'main.Check{n="%d"} 8\n' 0 1 >"$temp/go_bare.want"
else
	skip 5 go "there is no Go"
fi
if command -v rustc >/dev/null; then
	# Both builds have the names of the source, and other symbols.
	for build in one two; do
		add "rust_$build" rustc -g -O -C metadata=$build --crate-name shop -o "$temp/rust_$build" "$sources/calls.rs" <<-'END'
		- {user: {object: "OBJECT", functions: ["shop::Cart::add"]}, labels: [{nam: name}, {id: item->id}, {price: price}]}
		END
	done
	grep '^shop::Cart' "$temp/rust_one.want" >"$temp/rust"
	cp "$temp/rust" "$temp/rust_one.want"
	cp "$temp/rust" "$temp/rust_two.want"
	add rust_v0 rustc -g -O -C symbol-mangling-version=v0 --crate-name shop -o "$temp/rust_v0" "$sources/calls.rs" <<-'END'
	- {user: {object: "OBJECT", functions: ["<shop::Cart>::add"]}, labels: [{nam: name}, {id: item->id}, {price: price}]}
	- {user: {object: "OBJECT", functions: ["shop::count::<u8>", "shop::count::<&str>"]}, labels: [{times: times}]}
	END
	sed -i 's/^shop::Cart::/<shop::Cart>::/' "$temp/rust_v0.want"
else
	skip 4 rust "there is no Rust compiler"
fi

# Prints lines like the programs, sorted, from the metrics; clones by the name of their function.
counts() { # counts PROGRAM
	python3 -c '
import re, sys
for line in open(sys.argv[2]):
    m = re.match(r"retprobe_(duration_seconds_count|missed_total)\{object=\"([^\"]*)\",function=\"((?:[^\"\\]|\\.)*)\",?(.*)\} (\S+)$", line)
    if not m or m.group(2) != sys.argv[1] or m.group(5) == "0":
        continue
    name = re.sub(r"(\.(constprop|isra)\.\d+)+$", "", m.group(3))
    print(f"missed {name} " * (m.group(1) == "missed_total") + f"{name}{{{m.group(4)}}} {m.group(5)}")
' "$temp/$1" "$temp/metrics" | sort
}

all_right() {
	local program right=0
	get /metrics "$temp/metrics" || return 1
	for program in "${programs[@]}"; do
		counts "$program" >"$temp/$program.got"
		sort "$temp/$program.want" | cmp -s - "$temp/$program.got" || right=1
	done
	return $right
}

launch "$temp/exporter.log" --config.file="$temp/config.yaml" ||
	give_up "the exporter" "it ends: $(tail -n 1 "$temp/exporter.log")"
wait_ready 60 || give_up "the exporter" "it does not become ready"
for program in "${programs[@]}"; do
	"$temp/$program" >"$temp/out"
done
wait_for 20 all_right
for program in "${programs[@]}"; do
	wrong=$(sort "$temp/$program.want" | diff - "$temp/$program.got" 2>&1)
	[ -z "$wrong" ] && ok "$program: each call is counted with its values" ||
		not_ok "$program: each call is counted with its values" "$wrong; $(grep -o 'level=[we].*' "$temp/exporter.log" | head -n 3)"
done
observed=$(sed -n "s|^retprobe_observed_sum{object=\"$temp/c2\",function=\"hidden\".*} ||p" "$temp/metrics" |
	awk '{ sum += $1 } END { print sum + 0 }')
[ "$observed" = 30 ] && ok "observed values" || not_ok "observed values" "their sum is $observed, not 30"
if command -v go >/dev/null; then
	outcomes=$(sed -n "s|^retprobe_returns_total{object=\"$temp/go\",function=\"main.Check\",outcome=\"\([a-z]*\)\".*} \([1-9].*\)|\1 \2|p" "$temp/metrics" | paste -sd,)
	[ "$outcomes" = "error 240,null 240" ] || [ "$outcomes" = "null 240,error 240" ] && ok "an error of Go" || not_ok "an error of Go" "$outcomes"
fi
stop_exporter

# ---- signatures ---------------------------------------------------------------------------------------------
listed() { # listed PROGRAM FUNCTION SIGNATURE
	"$exporter" --probe.list="$temp/$1:$2" >"$temp/out" 2>&1
	grep -qF -- "$3" "$temp/out" && ok "the signature of $2" || not_ok "the signature of $2" "$(cat "$temp/out")"
}
listed c2 'cloned*' '(int mode, int size)'
if command -v go >/dev/null; then
	listed go 'main.(\*Server).Serve' 'int main.(*Server).Serve(main.Server *s, string method, main.Request *r, bool ok)'
fi
if command -v rustc >/dev/null; then
	listed rust_v0 '<shop::Cart>::add*' 'u64 <shop::Cart>::add(Cart *self, &str name, Item *item, u64 price)'
fi

# ---- what cannot be had -------------------------------------------------------------------------------------
# The probe is not attached, and the others are.
refused() { # refused PROGRAM FUNCTION EXPRESSION TEXT
	printf 'probes:\n- {user: {object: "%s", functions: ["%s"]}, labels: [{x: "%s"}]}\n- {user: {object: "%s", functions: [take]}}\n' \
		"$temp/$1" "$2" "$3" "$temp/c0" >"$temp/refused.yaml"
	"$exporter" --config.check --config.file="$temp/refused.yaml" >"$temp/out" 2>&1
	if grep -q "cannot be attached (refused): .*$4" "$temp/out" && grep -q '1 to attach .*; 1 cannot be attached' "$temp/out"; then
		ok "$2: $3 is refused"
	else
		not_ok "$2: $3 is refused" "no \"$4\" in: $(head -n 3 "$temp/out")"
	fi
}
refused c0 send d '"d" of int send(.* is passed in a floating-point register'
refused c2 cloned mode '"mode" of int cloned.* is optimised away'
refused c0 send 'm->txt' 'no member "txt"; did you mean text?'
refused c0 send pth 'no parameter "pth"; did you mean path? The function is int send(int fd, const char \*path, const struct msg \*m,'
strip -o "$temp/bare" -g "$temp/c0"
refused bare send path 'unknown name "path": .* build it with -g, or install its debug symbols'
if command -v go >/dev/null; then
	refused go 'main.(*Server).Serve' 'r->Methd' 'no member "Methd"; did you mean Method?'
fi
exit $failed

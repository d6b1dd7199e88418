#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes an unpacked x86-64 kernel one without CONFIG_DEBUG_INFO_BTF: no_btf.py VMLINUX.

Two functions use __stop_BTF: the parser, btf_parse_vmlinux(), and the initialisation of /sys/kernel/btf. The first then
returns NULL, as bpf_get_btf_vmlinux() does without the option. The second finds the BTF empty, and creates nothing.
"""
import pathlib
import struct
import sys

ENDBR64, NOP5, CALL = b"\xf3\x0f\x1e\xfa", b"\x0f\x1f\x44\0\0", 0xe8
XOR_EAX_RET = b"\x31\xc0\xc3"
SECTION_HEADERS, HEADER_SIZE = 0x28, 0x3a  # e_shoff; e_shentsize, e_shnum and e_shstrndx (struct Elf64_Ehdr)


def section(data, name):
    """The address and size of a section."""
    offset, = struct.unpack_from("<Q", data, SECTION_HEADERS)
    size, number, names = struct.unpack_from("<HHH", data, HEADER_SIZE)
    headers = [struct.unpack_from("<IIQQQQ", data, offset + i * size) for i in range(number)]
    for place, _, _, address, _, length in headers:
        start = headers[names][4] + place
        if data[start:data.index(b"\0", start)] == name:
            return address, length
    raise SystemExit(f"no_btf: no section {name.decode()}")


def return_null(data, inside):
    """Makes the function that has this position return NULL. Its first instructions, for branch tracking and ftrace,
    stay."""
    start = data.rindex(ENDBR64, inside - 4096, inside) + len(ENDBR64)
    if data[start:start + 5] != NOP5 and data[start] != CALL:
        raise SystemExit("no_btf: the parser does not begin with a place for ftrace")
    data[start + 5:start + 8] = XOR_EAX_RET


def main():
    path = pathlib.Path(sys.argv[1])
    data = bytearray(path.read_bytes())
    start, length = section(data, b".BTF")
    stop = struct.pack("<I", (start + length) & 0xffffffff)
    if data.count(stop) != 2:
        raise SystemExit(f"no_btf: {data.count(stop)} uses of __stop_BTF, not 2")
    parser = data.index(stop)
    init = data.index(stop, parser + 1)
    return_null(data, parser)
    data[init:init + 4] = struct.pack("<I", start & 0xffffffff)
    path.write_bytes(data)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Attacks by the owner of a probed file, while hostile.sh runs the exporter:

    hostile.py swap LINK OWN VICTIM       point LINK to VICTIM as soon as OWN is opened
    hostile.py touch FILE                 once FILE is opened, write to it all the time, for a second
    hostile.py chroot DIRECTORY           a process with that root
    hostile.py dead DIRECTORY             mount a file system that does not answer
    hostile.py truncate FILE              truncate FILE whenever it is opened, and restore it soon after
    hostile.py elf FILE OFFSET            make an ELF file with the function f at that offset
    hostile.py bomb KIND FILE             make a file that is large when parsed
    hostile.py measure COMMAND...         run it: exit code, seconds, maximum memory (kB) of it or its children, and
                                          its second line
"""
import ctypes
import os
import resource
import signal
import struct
import subprocess
import sys
import time

IN_CLOSE_NOWRITE, IN_OPEN = 0x10, 0x20
SYMBOL = struct.Struct("<IBBHQQ")
SECTION = struct.Struct("<IIQQQQIIQQ")
FUNCTION = 0x12  # global


def events(path):
    """Yields once per open of the file, or per close after a read."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(0)
    if libc.inotify_add_watch(fd, path.encode(), IN_CLOSE_NOWRITE | IN_OPEN) < 0:
        raise OSError(ctypes.get_errno(), path)
    print("watching", flush=True)
    while os.read(fd, 4096):
        yield


def swap(link, own, victim):
    for _ in events(own):
        os.symlink(victim, link + ".new")
        os.rename(link + ".new", link)
        return


def truncate(path):
    whole = open(path, "rb").read()
    fd = os.open(path, os.O_WRONLY)
    for n, _ in enumerate(events(path)):
        time.sleep(n % 8 * 0.01)
        os.ftruncate(fd, 4096)
        time.sleep(0.1)
        os.pwrite(fd, whole, 0)


def touch(path):
    for _ in events(path):
        end = time.monotonic() + 1
        while time.monotonic() < end:
            os.utime(path)
        return


def chroot(directory):
    os.chroot(directory)
    os.chdir("/")
    print("watching", flush=True)
    signal.pause()


def dead(directory):
    """A FUSE server that accepts requests and never answers. Its clients cannot even be killed."""
    fd = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"dead", directory.encode(), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")
    unique = struct.unpack_from("<IIQ", os.read(fd, 1 << 17))[2]
    os.write(fd, struct.pack("<IiQ", 16 + 64, 0, unique) + struct.pack("<IIII", 7, 31, 4096, 0) + bytes(4) +
             struct.pack("<I", 4096) + bytes(40))
    print("watching", flush=True)
    while os.read(fd, 1 << 17):
        pass


def header(machine, phoff, phnum, shoff, shnum, shstrndx=0):
    return (b"\x7fELF\x02\x01\x01" + bytes(9) +
            struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, phoff, shoff, 0, 64, 56, phnum, 64, shnum, shstrndx))


def our_machine():
    with open("/proc/self/exe", "rb") as f:
        return struct.unpack_from("<H", f.read(20), 18)[0]


def write_elf(path, symbols, names, size, symtab_size=None, code_size=None):
    """Symbols and names after a code segment that is a hole of `size` bytes."""
    at = (size + 7) // 8 * 8
    table = b"".join(symbols)
    sections = [SECTION.pack(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
                SECTION.pack(0, 2, 0, 0, at, symtab_size or len(table), 2, 0, 8, 24),
                SECTION.pack(0, 3, 0, 0, at + len(table), len(names), 0, 0, 1, 0)]
    shoff = (at + len(table) + len(names) + 7) // 8 * 8
    with open(path, "wb") as f:
        f.write(header(our_machine(), 64, 1, shoff, len(sections)))
        f.write(struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096))
        f.seek(at)
        f.write(table + names)
        f.seek(shoff)
        f.write(b"".join(sections))
        if symtab_size:
            f.truncate(at + symtab_size + 4096)


def symbol(name, value):
    return SYMBOL.pack(name, FUNCTION, 0, 1, value, 2)


def write_function(path, offset):
    write_elf(path, [symbol(0, 0), symbol(1, offset)], b"\0f\0", offset + 4096)
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(b"\x90\xc3")


def large(path):
    """300,000 functions f1, f2, ...: takes time to read."""
    names = [b"f%d\0" % i for i in range(1, 300001)]
    at, symbols = 1, [symbol(0, 0)]
    for i, name in enumerate(names):
        symbols.append(symbol(at, 4096 + i))
        at += len(name)
    write_elf(path, symbols, b"\0" + b"".join(names), 1 << 20)


def suffixes(path):
    """60,000 names that are suffixes of one versioned name, each of which was copied."""
    n = 60000
    symbols = [symbol(0, 0)] + [symbol(1 + i // 2, 4096 + i) for i in range(n)]
    write_elf(path, symbols, b"\0" + b"a" * (n // 2) + b"@V\0", 1 << 20)


def sparse(path):
    """A sparse table of 12 GiB."""
    write_elf(path, [symbol(0, 0), symbol(1, 4096)], b"\0f\0", 8192, symtab_size=24 << 29)


def sparse_small(path):
    """The same in a smaller file: a table of 1.5 GiB."""
    write_elf(path, [symbol(0, 0), symbol(1, 4096)], b"\0f\0", 8192, symtab_size=24 << 26)


def many(path):
    """400,000 symbols with overlapping names, in total far longer than the file."""
    n = 400000
    symbols = [symbol(0, 0)] + [symbol(1 + i % 4000, 4096 + i % 65536) for i in range(n)]
    write_elf(path, symbols, b"\0" + b"ab" * 2000 + b"\0", 1 << 20)


def measure(command):
    start = time.monotonic()
    lines = []
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120)
        code, lines = done.returncode, done.stdout.splitlines()
    except subprocess.TimeoutExpired:
        code = "timeout"
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(code, round(time.monotonic() - start), used.ru_maxrss, *lines[1:2])


def main():
    what, *args = sys.argv[1:]
    if what == "swap":
        swap(*args)
    elif what == "touch":
        touch(*args)
    elif what == "chroot":
        chroot(*args)
    elif what == "dead":
        dead(*args)
    elif what == "truncate":
        truncate(*args)
    elif what == "elf":
        write_function(args[0], int(args[1]))
    elif what == "bomb":
        {"large": large, "suffixes": suffixes, "sparse": sparse, "sparse_small": sparse_small, "many": many}[args[0]](args[1])
    elif what == "measure":
        measure(args)


main()

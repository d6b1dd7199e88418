#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Exports one directory of a guest to itself: nfs_exports.py DIRECTORY. The kernel's NFS server asks who may have what
(fs/nfsd/export.c, net/sunrpc/svcauth_unix.c). Prints `ready`, and answers until it is killed."""
import os
import select
import sys

NEVER = 2**31 - 1
ROOT_OF_V4 = 0x2000 | 0x0002 | 0x0400  # NFSEXP_FSID, NFSEXP_INSECURE_PORT, NFSEXP_NOSUBTREECHECK


def client(words):
    return f"{words[0]} {words[1]} {NEVER} guest"


def handle(directory):
    def answer(words):
        known = words[1] == "1" and words[2] == r"\x00000000"  # the number 0, as exported
        return f"{words[0]} {words[1]} {words[2]} {NEVER}" + (f" {directory}" if known else "")
    return answer


def export(directory):
    def answer(words):
        known = words[1] == directory
        return f"{words[0]} {words[1]} {NEVER}" + (f" {ROOT_OF_V4} 65534 65534 0" if known else "")
    return answer


def main():
    directory = sys.argv[1]
    answers = {}
    poll = select.poll()
    for name, answer in (("auth.unix.ip", client), ("nfsd.fh", handle(directory)), ("nfsd.export", export(directory))):
        fd = os.open(f"/proc/net/rpc/{name}/channel", os.O_RDWR)
        answers[fd] = answer
        poll.register(fd, select.POLLIN)
    print("ready", flush=True)
    while True:
        for fd, _ in poll.poll():
            for line in os.read(fd, 32768).decode().splitlines():
                os.write(fd, (answers[fd](line.split()) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())

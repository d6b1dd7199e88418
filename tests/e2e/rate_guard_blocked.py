#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""rate_guard_blocked.py NAME: waits in msgrcv(2) under that name, and again after each SIGUSR1. Prints a line each
time.
"""
import ctypes
import os
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)
IPC_PRIVATE, IPC_RMID = 0, 0


def main():
    with open("/proc/self/comm", "w") as f:
        f.write(sys.argv[1])
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.siginterrupt(signal.SIGUSR1, True)
    queue = libc.msgget(IPC_PRIVATE, 0o600)
    signal.signal(signal.SIGTERM, lambda *_: (libc.msgctl(queue, IPC_RMID, None), os._exit(0)))
    message = ctypes.create_string_buffer(64)
    while True:
        print("entering", flush=True)
        libc.msgrcv(queue, message, 8, ctypes.c_long(0), 0)


if __name__ == "__main__":
    main()

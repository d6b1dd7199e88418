# SPDX-License-Identifier: GPL-2.0-only
"""Length-delimited protobuf, as exporters send it (io.prometheus.client.MetricFamily)."""


def read_varint(data, at):
    """Returns the number at data[at], and its end."""
    value = shift_by = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift_by
        shift_by += 7
        if byte < 0x80:
            return value, at


def messages(body):
    at = 0
    while at < len(body):
        size, at = read_varint(body, at)
        if at + size > len(body):
            raise ValueError("the last message is cut")
        yield body[at:at + size]
        at += size

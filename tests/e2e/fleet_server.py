# SPDX-License-Identifier: GPL-2.0-only
"""A simulated fleet of exporters, from the pages of a real one.

    fleet_server.py NODES DIRECTORY

Prints its address. DIRECTORY has the pages `openmetrics`, `text` and `protobuf` of one reading.
/node-NNN/metrics is that page with every counter and histogram multiplied by a whole number. The number
differs per node, and grows with time. Three nodes differ from the others: FAULTS has the faults, and /faults
the nodes. /served has the number of requests and bytes.
"""
import asyncio
import functools
import gzip
import json
import pathlib
import re
import struct
import sys
import time

from delimited import messages, read_varint

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "dashboards"))
import calls  # pylint: disable=wrong-import-position

TICK = 0.25  # seconds; the time that the calls of a page took
WEIGHTS = 7
COMPRESS_LEVEL = 1  # as in exporter/http/response.c
DECADES = 3  # the slow node is slower by this, in powers of ten
STEPS = 3 * DECADES  # classic bounds are 1, 2.5 and 5 of each decade
DOUBLINGS = 10  # about three decades

# ---- faults: applied to the samples of a page once, before they are multiplied ---------------------


def shift(counts, steps):
    """Cumulative bucket counts, with the counts of shorter durations moved up by that many buckets."""
    moved = [0] * steps + counts[:-1]
    return moved[:len(counts) - 1] + counts[-1:]


EXPECTED, UNEXPECTED = (re.compile(calls.errors(rows)) for rows in (calls.EXPECTED, calls.UNEXPECTED))


def outcome_of(labels):
    """Its outcome, or `expected` for an error that is no failure."""
    call = f"{labels['function']}:{labels['value']}"
    normal = EXPECTED.fullmatch(call) and not UNEXPECTED.fullmatch(call)
    return "expected" if labels["outcome"] == "error" and normal else labels["outcome"]


def swap_largest(values, outcomes):
    """Swaps the most frequent success and the most frequent failure. The sum stays the same."""
    def of(outcome):
        return max((i for i, o in enumerate(outcomes) if o == outcome),
                   key=values.__getitem__, default=None)
    ok, error = of("ok"), of("error")
    if ok is not None and error is not None:
        values[ok], values[error] = values[error], values[ok]


# ---- text and OpenMetrics ------------------------------------------------------------------------


def number(value):
    return f"{value:.0f}" if value == int(value) else repr(value)


class TextPage:
    """Lines as a text and the number after it; None: not to be multiplied."""

    def __init__(self, body, fault):
        kind = {}
        self.lines = []
        for line in body.decode().splitlines():
            found = re.fullmatch(r"# TYPE (\S+) (\S+)", line)
            if found:
                kind[found[1]] = found[2]
            name = re.match(r"\w*", line)[0]
            family = re.sub(r"_(total|bucket|count|sum)$", "", name)
            if kind.get(name, kind.get(family)) in ("counter", "histogram"):
                series, value = line.rsplit(" ", 1)
                self.lines.append((series, float(value)))
            else:
                self.lines.append((line, None))
        if fault == "slow":
            self.slow_down()
        elif fault == "failing":
            self.fail()

    def groups(self, name):
        """Numbers of the lines with that name, by all labels but the last."""
        groups = {}
        for i, (series, _) in enumerate(self.lines):
            if series.startswith(name + "{"):
                key = re.sub(r',(le="[^"]*"|outcome=.*)}$', "", series)
                groups.setdefault(key, []).append(i)
        return groups.values()

    def put(self, numbers, values):
        for i, value in zip(numbers, values):
            self.lines[i] = (self.lines[i][0], value)

    def slow_down(self):
        for group in self.groups("retprobe_duration_seconds_bucket"):
            self.put(group, shift([self.lines[i][1] for i in group], STEPS))
        for group in self.groups("retprobe_duration_seconds_sum"):
            self.put(group, [self.lines[i][1] * 10 ** DECADES for i in group])

    def fail(self):
        for group in self.groups("retprobe_returns_total"):
            values = [self.lines[i][1] for i in group]
            swap_largest(values, [outcome_of(dict(re.findall(r'(\w+)="([^"]*)"', self.lines[i][0])))
                                  for i in group])
            self.put(group, values)

    def render(self, factor):
        return "".join(text + "\n" if value is None else f"{text} {number(value * factor)}\n"
                       for text, value in self.lines).encode()


# ---- protobuf, as far as needed ------------------------------------------------------------------

# Messages of metrics.proto: field numbers of nested messages, and of fields to multiply.
LABEL = {}
COUNTER = {1: "double"}
BUCKET = {1: "varint"}
SPAN = {}
HISTOGRAM = {1: "varint", 2: "double", 3: BUCKET, 7: "varint", 12: SPAN, 13: "deltas"}
METRIC = {1: LABEL, 3: COUNTER, 7: HISTOGRAM}
FAMILY = {4: METRIC}


def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def unzigzag(value):
    return value >> 1 ^ -(value & 1)


def parse(data, message):
    """[number, wire type, value] of each field. Nested messages are lists of the same."""
    fields, at = [], 0
    while at < len(data):
        key, at = read_varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = read_varint(data, at)
        elif wire == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif wire == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
            if isinstance(message.get(number), dict):
                value = parse(value, message[number])
            elif message.get(number) == "deltas":
                value = parse_deltas(value)
        else:
            raise ValueError(f"wire type {wire}")
        fields.append([number, wire, value])
    return fields


def parse_deltas(data):
    deltas, at = [], 0
    while at < len(data):
        value, at = read_varint(data, at)
        deltas.append(unzigzag(value))
    return deltas


def serialize(fields, message, factor):
    out = bytearray()
    for number, wire, value in fields:
        what = message.get(number)
        out += varint(number << 3 | wire)
        if wire == 0:
            if what == "deltas":
                out += zigzag(unzigzag(value) * factor)
            else:
                out += varint(value * factor if what == "varint" else value)
        elif wire == 1:
            out += struct.pack("<d", value * factor if what == "double" else value)
        else:
            if isinstance(what, dict):
                value = serialize(value, what, factor)
            elif what == "deltas":
                value = b"".join(zigzag(delta * factor) for delta in value)
            out += varint(len(value)) + value
    return out


def fields_of(fields, number):
    return [field[2] for field in fields if field[0] == number]


class ProtobufPage:
    def __init__(self, body, fault):
        self.families = [parse(message, FAMILY) for message in messages(body)]
        for family in self.families:
            name = fields_of(family, 1)[0]
            if fault == "slow" and name == b"retprobe_duration_seconds":
                self.slow_down(family)
            elif fault == "failing" and name == b"retprobe_returns_total":
                self.fail(family)

    @staticmethod
    def slow_down(family):
        for metric in fields_of(family, 4):
            histogram = fields_of(metric, 7)[0]
            buckets = [field for bucket in fields_of(histogram, 3) for field in bucket
                       if field[0] == 1]
            # The +Inf bucket can be missing: it equals the count.
            whole = [field[2] for field in buckets] + fields_of(histogram, 1)
            for field, count in zip(buckets, shift(whole, STEPS)):
                field[2] = count
            schema = unzigzag((fields_of(histogram, 5) or [0])[0])
            first = next(iter(fields_of(histogram, 12)), None)
            for field in histogram:
                if field[0] == 2:
                    field[2] *= 10 ** DECADES
            for field in first or []:
                if field[0] == 1:
                    offset = unzigzag(field[2]) + (DOUBLINGS << schema)
                    field[2] = read_varint(zigzag(offset), 0)[0]

    @staticmethod
    def fail(family):
        groups = {}
        for metric in fields_of(family, 4):
            labels = {fields_of(label, 1)[0].decode(): fields_of(label, 2)[0].decode()
                      for label in fields_of(metric, 1)}
            groups.setdefault((labels["object"], labels["function"]), []).append(
                (outcome_of(labels), fields_of(metric, 3)[0]))
        for group in groups.values():
            fields = [next((f for f in counter if f[0] == 1), None) for _, counter in group]
            values = [field[2] if field else 0 for field in fields]
            swap_largest(values, [outcome for outcome, _ in group])
            for field, value in zip(fields, values):
                if field:
                    field[2] = value

    def render(self, factor):
        out = bytearray()
        for family in self.families:
            message = serialize(family, FAMILY, factor)
            out += varint(len(message)) + message
        return bytes(out)


# ---- the nodes -----------------------------------------------------------------------------------

FORMATS = {
    "application/vnd.google.protobuf": ("protobuf", ProtobufPage, "application/vnd.google.protobuf; "
                                        "proto=io.prometheus.client.MetricFamily; "
                                        "encoding=delimited"),
    "application/openmetrics-text": ("openmetrics", TextPage, "application/openmetrics-text; "
                                     "version=1.0.0; charset=utf-8"),
    "text/plain": ("text", TextPage, "text/plain; version=0.0.4; charset=utf-8"),
}


class Fleet:
    def __init__(self, nodes, directory):
        self.nodes = nodes
        self.start = time.monotonic()
        self.served = {"scrapes": 0, "bytes": 0, "bytes_plain": 0}
        # Node 0 has no fault.
        self.faults = {nodes // 4: "slow", nodes // 2: "failing", 3 * nodes // 4: "busy"}
        self.pages = {(name, fault): page((directory / name).read_bytes(), fault)
                      for name, page, _ in FORMATS.values()
                      for fault in (None, "slow", "failing")}

    @functools.lru_cache(maxsize=4096)
    def body(self, name, fault, factor):
        """Bytes sent, and their size before compression."""
        plain = self.pages[name, fault].render(factor)
        return gzip.compress(plain, COMPRESS_LEVEL), len(plain)

    def scrape(self, node, accept):
        kinds = [item.split(";")[0].strip() for item in accept.split(",")]
        name, _, content_type = FORMATS[next((k for k in kinds if k in FORMATS), "text/plain")]
        fault = self.faults.get(node)
        weight = 10 * WEIGHTS if fault == "busy" else 1 + node % WEIGHTS
        factor = weight * (1 + int((time.monotonic() - self.start) / TICK))
        body, plain = self.body(name, None if fault == "busy" else fault, factor)
        self.served["scrapes"] += 1
        self.served["bytes"] += len(body)
        self.served["bytes_plain"] += plain
        return content_type, body

    def answer(self, path, headers):
        """Returns status, type, body, and whether it is compressed."""
        found = re.fullmatch(r"/node-(\d+)/metrics", path)
        if found and int(found[1]) < self.nodes:
            return "200 OK", *self.scrape(int(found[1]), headers.get("accept", "")), True
        if path == "/faults":
            faults = {fault: f"node-{node}" for node, fault in self.faults.items()}
            return "200 OK", "application/json", json.dumps(faults).encode(), False
        if path == "/served":
            return "200 OK", "application/json", json.dumps(self.served).encode(), False
        return "404 Not Found", "text/plain", b"no such node\n", False

    async def connection(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in
                           (line.partition(":") for line in head[1:])}
                status, content_type, body, compressed = self.answer(head[0].split()[1], headers)
                encoding = "Content-Encoding: gzip\r\n" if compressed else ""
                writer.write(f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{encoding}"
                             f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main(nodes, directory):
    fleet = Fleet(int(nodes), pathlib.Path(directory))
    server = await asyncio.start_server(fleet.connection, "127.0.0.1", 0, backlog=1024)
    print("listening on {}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

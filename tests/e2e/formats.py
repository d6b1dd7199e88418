# SPDX-License-Identifier: GPL-2.0-only
"""Checks for formats.sh: all formats have the same contents, and each Prometheus reads the same from them.

    formats.py pages URL PROTO         the exporter's pages, by the reference parsers
    formats.py servers URL NAME=URL... Prometheus servers that scrape it: NAME is a job, and /only or
                                       /both for native histograms, without and with classic ones
    formats.py created URL SERVER JOB... a server that makes samples of created timestamps

The probed functions must be at rest. Prints a line per test.
"""
import gzip
import json
import math
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from delimited import messages

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
PROTOBUF = ("application/vnd.google.protobuf;"
            "proto=io.prometheus.client.MetricFamily;encoding=delimited")
# Metrics of the probes. The exporter's own metrics change from scrape to scrape.
STEADY = re.compile(r"retprobe_(?!exporter_)")
SCHEMA = 2  # of the exporter's default configuration
# Ranks between two calls. For a rank on a call, versions disagree about the bucket.
QUANTILES = (0.01037, 0.10039, 0.25033, 0.50123, 0.75041, 0.90107, 0.99013)
PATIENCE = 120  # seconds for all servers

PATIENCE_END = time.monotonic() + PATIENCE

failed = False


def report(name, wrong):
    global failed
    failed = failed or bool(wrong)
    print(f"not ok formats {name}: {wrong}" if wrong else f"ok formats {name}", flush=True)


def get(url, **headers):
    request = urllib.request.Request(url, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def differences(want, got):
    """The first few differences of two dictionaries, in words."""
    keys = [k for k in want.keys() | got.keys() if want.get(k) != got.get(k)]
    return "; ".join(f"{k}: {want.get(k)} and {got.get(k)}" for k in sorted(keys, key=str)[:3])


def key(name, labels):
    """Identifies a series in any format: Prometheus adds labels and drops empty ones."""
    return name, tuple(sorted((k, v) for k, v in labels.items()
                              if v and k not in ("job", "instance")))


def series(families):
    return {key(s.name, s.labels): s.value for f in families for s in f.samples
            if STEADY.match(s.name)}


# ---- protobuf ------------------------------------------------------------------------------------


def unquote(text):
    """A scalar in protobuf's text form. Strings are bytes with C escapes."""
    if not text.startswith('"'):
        return text
    raw = text[1:-1].encode("latin-1").decode("unicode_escape")
    return raw.encode("latin-1").decode("utf-8")


def parse_message(lines):
    """Parses protoc's output up to the closing brace: name -> list of values or messages."""
    message = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith(" {"):
            message.setdefault(line[:-2], []).append(parse_message(lines))
        else:
            name, value = line.split(": ", 1)
            message.setdefault(name, []).append(unquote(value))
    return message


def decode(body, proto):
    directory, _, name = proto.rpartition("/")
    families = []
    for message in messages(body):
        text = subprocess.run(
            ["protoc", f"--proto_path={directory}",
             "--decode=io.prometheus.client.MetricFamily", name],
            input=message, capture_output=True, check=True).stdout.decode("latin-1")
        # A field that is not in the definitions would be a number.
        unknown = re.search(r"^\s*\d+[:{ ].*", text, re.M)
        if unknown:
            raise ValueError("a field without a name: " + unknown[0])
        families.append(parse_message(iter(text.splitlines())))
    return families


def labels_of(metric):
    return {pair["name"][0]: pair["value"][0] for pair in metric.get("label", [])}


def bound(value):
    """A bound in the notation of the text formats."""
    text = repr(float(value))
    return "+Inf" if text == "inf" else text


def expand_histogram(name, labels, histogram):
    count = float(histogram["sample_count"][0])
    result = {key(name + "_count", labels): count,
              key(name + "_sum", labels): float(histogram["sample_sum"][0]),
              key(name + "_bucket", {**labels, "le": "+Inf"}): count}
    for bucket in histogram.get("bucket", []):
        le = bound(bucket["upper_bound"][0])
        result[key(name + "_bucket", {**labels, "le": le})] = float(bucket["cumulative_count"][0])
    return result


def expand(families):
    """The series that the text format would have."""
    result = {}
    for family in families:
        name = family["name"][0]
        if not STEADY.match(name):
            continue
        for metric in family["metric"]:
            labels = labels_of(metric)
            if "histogram" in metric:
                result.update(expand_histogram(name, labels, metric["histogram"][0]))
            else:
                value = (metric.get("counter") or metric["gauge"])[0]["value"][0]
                result[key(name, labels)] = float(value)
    return result


def timestamp(message):
    stamp = message["created_timestamp"][0]
    return int(stamp["seconds"][0]) + int(stamp.get("nanos", ["0"])[0]) / 1e9


def native_faults(histogram):
    """The faults of a native histogram by itself."""
    deltas = [int(d) for d in histogram.get("positive_delta", [])]
    counts = [sum(deltas[:i + 1]) for i in range(len(deltas))]
    lengths = [int(span["length"][0]) for span in histogram.get("positive_span", [])]
    zeros = int(histogram["zero_count"][0])
    if sum(counts) + zeros != int(histogram["sample_count"][0]):
        return "the buckets are not the count"
    if sum(lengths) != len(deltas) or len(deltas) > 160:
        return f"{len(deltas)} buckets in spans of {lengths}"
    if float(histogram["zero_threshold"][0]) != 2.0 ** -128:
        return "zero_threshold is " + histogram["zero_threshold"][0]
    return ""


def check_native(families):
    checked = 0
    for family in families:
        if family["name"][0] != "retprobe_duration_seconds":
            continue
        for metric in family["metric"]:
            fault = native_faults(metric["histogram"][0])
            if fault:
                return f"{labels_of(metric)}: {fault}"
            checked += 1
    return "" if checked else "there is none"


def check_created(families, openmetrics):
    """Each series with a created timestamp in protobuf has the same one in OpenMetrics."""
    want, got = {}, {}
    for family in families:
        name = family["name"][0]
        for metric in family["metric"]:
            value = (metric.get("histogram") or metric.get("counter") or [{}])[0]
            if "created_timestamp" in value and STEADY.match(name):
                want[key(re.sub("_total$", "", name) + "_created", labels_of(metric))] = \
                    round(timestamp(value), 3)
    for (name, labels), value in openmetrics.items():
        if name.endswith("_created"):
            got[name, labels] = round(value, 3)
            if not time.time() - 3600 < value <= time.time():
                return f"{name} is {value}"
    return differences(want, got) if got else "there is none"


# ---- the pages -----------------------------------------------------------------------------------


def check_metadata(body):
    """Names end with the unit, and counter families have no _total."""
    for line in body.decode().splitlines():
        words = line.split(" ")
        if line.startswith("# UNIT") and not words[2].endswith("_" + words[3]):
            return line
        if line.startswith("# TYPE") and words[3] == "counter" and words[2].endswith("_total"):
            return line
    return ""


def check_filter(url, proto):
    url += "?" + urllib.parse.urlencode({"function[]": "getpgid"})
    text = series(text_parser.text_string_to_metric_families(get(url)[2].decode()))
    names = {dict(labels).get("function") for _, labels in text}
    if names != {"getpgid"}:
        return f"text has {names}"
    binary = get(url, Accept=PROTOBUF)[2]
    return differences(text, expand(decode(binary, proto)))


def check_gzip(url):
    for accept in ("*/*", OPENMETRICS, PROTOBUF):
        _, headers, plain = get(url, Accept=accept, Accept_Encoding="identity")
        if headers["Content-Encoding"]:
            return f"{accept}: {headers['Content-Encoding']} without having been asked for"
        _, headers, packed = get(url, Accept=accept, Accept_Encoding="gzip")
        if headers["Content-Encoding"] != "gzip":
            return f"{accept}: Content-Encoding is {headers['Content-Encoding']}"
        # The last lines differ: they describe the previous scrape.
        if gzip.decompress(packed)[:2000] != plain[:2000]:
            return f"{accept}: another page"
    return ""


def check_timeout(url):
    timeout = "X_Prometheus_Scrape_Timeout_Seconds"
    code, _, body = get(url, **{timeout: "1e-9"})
    if code != 503 or b"scraper's timeout" not in body:
        return f"no time at all: {code} {body[:200]}"
    code, _, _ = get(url, **{timeout: "60"})
    return "" if code == 200 else f"a minute: {code}"


def pages(url, proto):
    _, headers, body = get(url, Accept="*/*")
    text = series(text_parser.text_string_to_metric_families(body.decode()))
    print("1..9", flush=True)
    report("text", "" if headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8" and
           len(text) > 50 else f"{headers['Content-Type']}, {len(text)} series")

    _, headers, body = get(url, Accept=OPENMETRICS)
    try:
        openmetrics = series(openmetrics_parser.text_string_to_metric_families(body.decode()))
        wrong = check_metadata(body)
    except ValueError as error:
        openmetrics, wrong = {}, str(error)
    if not headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0"):
        wrong = headers["Content-Type"]
    report("the OpenMetrics parser", wrong)
    report("OpenMetrics says what text says", differences(
        text, {k: v for k, v in openmetrics.items() if not k[0].endswith("_created")}))

    _, headers, body = get(url, Accept=PROTOBUF)
    families = decode(body, proto)
    report("protobuf says what text says", differences(text, expand(families)))
    report("native histograms add up", check_native(families))
    report("created timestamps", check_created(families, openmetrics))
    report("function[] in each format", check_filter(url, proto))
    report("gzip", check_gzip(url))
    report("the scraper's timeout", check_timeout(url))


# ---- Prometheus ----------------------------------------------------------------------------------


def query(server, expression):
    try:
        code, _, body = get(server + "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    except OSError:  # still starting
        return {}
    if code != 200:
        raise ValueError(f"{expression}: {body[:300]}")
    result = {}
    for entry in json.loads(body)["data"]["result"]:
        labels = dict(entry["metric"])
        # A histogram has no "value". It is compared by its count.
        if "value" in entry:
            result[key(labels.pop("__name__", ""), labels)] = float(entry["value"][1])
    return result


def settled(find_fault, *arguments):
    """Waits until the server has had time to scrape everything, and returns the remaining faults."""
    while True:
        wrong = find_fault(*arguments)
        if not wrong or time.monotonic() > PATIENCE_END:
            return wrong
        time.sleep(0.5)


def query_fault(server, expression, want):
    return differences(want, query(server, expression))


def check_server(server, job, native, text):
    """The same totals as on the page."""
    selector = '{job="%s"}' % job
    names = {name for name, _ in text}
    if native == "only":
        names = {n for n in names if not n.startswith("retprobe_duration_seconds_")}
    for name in sorted(names):
        want = {k: v for k, v in text.items() if k[0] == name}
        wrong = settled(query_fault, server, name + selector, want)
        if wrong:
            return wrong
    return ""


def check_native_counts(server, job, text):
    for function, part in (("histogram_count", "_count"), ("histogram_sum", "_sum")):
        name = "retprobe_duration_seconds"
        want = {("", labels): v for (n, labels), v in text.items() if n == name + part}
        wrong = settled(query_fault, server, '%s(%s{job="%s"})' % (function, name, job), want)
        if wrong:
            return wrong
    return ""


def bucket_around(value, bounds):
    upper = min(b for b in bounds if b >= value)
    return max((b for b in bounds if b < value), default=0.0), upper


def check_quantiles(native, classic, text):
    """Both estimates of a quantile are in the bucket that contains the call, each in its own kind of bucket.
    So these buckets overlap."""
    bounds = sorted({float(dict(labels)["le"]) for (name, labels) in text
                     if name == "retprobe_duration_seconds_bucket"})
    compared = 0
    for q in QUANTILES:
        by_native = query(native[0], 'histogram_quantile(%g, retprobe_duration_seconds{job="%s"})' %
                          (q, native[1]))
        by_classic = query(
            classic[0], 'histogram_quantile(%g, retprobe_duration_seconds_bucket{job="%s"})' %
            (q, classic[1]))
        if by_native.keys() != by_classic.keys():
            return f"not of the same series: {differences(by_native, by_classic)}"
        for labels, estimate in by_native.items():
            other = by_classic[labels]
            if math.isnan(estimate) and math.isnan(other):  # never called
                continue
            low, high = bucket_around(other, bounds)
            index = math.log2(estimate) * 2 ** SCHEMA
            # An estimate on a bound can be rounded to either side.
            from_ = 2 ** (math.floor(index - 1e-9) / 2 ** SCHEMA)
            to = 2 ** (math.ceil(index + 1e-9) / 2 ** SCHEMA)
            if to < low or from_ > high:
                return f"{q} of {labels}: {estimate} and {other}"
            compared += 1
    return "" if compared == 3 * len(QUANTILES) else f"only {compared} could be compared"


def target_fault(server):
    """All are up, and there is no error."""
    body = json.loads(get(server + "/api/v1/targets")[2])
    wrong = [f"{t['labels']['job']} is {t['health']}: {t['lastError']}"
             for t in body["data"]["activeTargets"] if t["health"] != "up" or t["lastError"]]
    return "; ".join(wrong)


def servers(url, specs):
    text = series(text_parser.text_string_to_metric_families(get(url)[2].decode()))
    natives, classics, jobs_of, jobs = [], [], {}, []
    for spec in specs:
        name, server = spec.split("=", 1)
        job, _, native = name.partition("/")
        jobs_of[server] = (jobs_of.get(server, "") + " " + job).strip()
        jobs.append((server, job, native))
    print(f"1..{len(jobs) + len(jobs_of) + 2 * sum(bool(native) for _, _, native in jobs)}", flush=True)
    for server, job, native in jobs:
        report(f"{job} has the totals", check_server(server, job, native, text))
        if native:
            report(f"{job} native counts are the classic ones",
                   check_native_counts(server, job, text))
            natives.append((server, job))
        if native != "only":
            classics.append((server, job))
    for server, jobs in jobs_of.items():
        report(f"no complaint about {jobs}", settled(target_fault, server))
    for native in natives:
        report(f"{native[1]} native and classic quantiles agree",
               settled(check_quantiles, native, classics[-1], text))


def first_sample_fault(server, job, attached):
    """The first sample of a function's counter is 0, at the time of attachment."""
    selector = 'retprobe_duration_seconds_count{job="%s"}[1h]' % job
    _, _, body = get(server + "/api/v1/query?" + urllib.parse.urlencode({"query": selector}))
    first = {entry["metric"]["function"]: entry["values"][0]
             for entry in json.loads(body)["data"]["result"]}
    for function, when in attached.items():
        at, value = first.get(function, (0, "nothing"))
        if abs(at - when) > 0.002 or value != "0":  # Prometheus keeps milliseconds
            return f"{function}: {value} at {at}, attached at {when}"
    return ""


def created(url, server, jobs):
    probes = json.loads(get(url.replace("/metrics", "/api/v1/probes"))[2])["probes"]
    attached = {p["function"]: p["created"] for p in probes}
    print(f"1..{len(jobs)}", flush=True)
    for job in jobs:
        report(f"{job} begins with the attachment",
               settled(first_sample_fault, server, job, attached))


if sys.argv[1] == "pages":
    pages(*sys.argv[2:])
elif sys.argv[1] == "servers":
    servers(sys.argv[2], sys.argv[3:])
else:
    created(sys.argv[2], sys.argv[3], sys.argv[4:])
sys.exit(failed)

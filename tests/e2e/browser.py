"""A headless Chromium, controlled through WebDriver."""
import base64
import json
import subprocess
import time
import urllib.error
import urllib.request

PATIENCE = 180  # seconds to wait for anything on the page: machines are slow


class Browser:
    """The part of WebDriver that the tests need."""

    def __init__(self, directory):
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.driver.stdout.readline()
        while "started successfully on port" not in line:
            if not line:
                raise RuntimeError("chromedriver did not start")
            line = self.driver.stdout.readline()
        self.base = "http://127.0.0.1:" + line.strip().rstrip(".").rsplit(" ", 1)[1]
        self.session = None
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     f"--user-data-dir={directory}"]
        answer = self.call("/session", {"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"binary": "/usr/bin/chromium", "args": arguments}}}})
        self.session = answer["sessionId"]

    def call(self, path, body=None, method="POST"):
        prefix = f"/session/{self.session}" if self.session else ""
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + prefix + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from error

    def close(self):
        try:
            if self.session:
                self.call("", method="DELETE")
        finally:
            self.driver.terminate()
            self.driver.wait()

    def run(self, script, *args):
        return self.call("/execute/sync", {"script": script, "args": list(args)})

    def devtools(self, cmd, **params):
        return self.call("/goog/cdp/execute", {"cmd": cmd, "params": params})

    def log(self, kind):
        """What was logged since the last call."""
        return self.call("/se/log", {"type": kind})

    def forget(self):
        self.log("browser")
        self.log("performance")

    def size(self, width, height, mobile=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=mobile)

    def scheme(self, name):
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def wait(self, script, *args):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            got = self.run(script, *args)
            if got:
                return got
            time.sleep(0.2)
        return None

    def open(self, url):
        self.call("/url", {"url": url})
        return self.wait("return document.body.dataset.polls > 0")

    def next_poll(self):
        """Waits until the page has the result of a poll that begins after this call."""
        now = self.run("return Number(document.body.dataset.polls)")
        return self.wait("return document.body.dataset.polls >= arguments[0]", now + 2)

    def choose(self, element_id, value):
        self.run("const e = document.getElementById(arguments[0]); e.value = arguments[1];"
                 "e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change'))", element_id, value)

    def click(self, selector):
        self.run("document.querySelector(arguments[0]).click()", selector)

    def screenshot(self, path):
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.call("/screenshot", method="GET")))

"""The lab's shop with sentry-python: one page, one address that always fails."""

import json
import os
import signal
import sys
import threading
import time
from http.cookies import SimpleCookie
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import sentry_sdk
from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware

sentry_sdk.init(
    dsn=os.environ["SENTRY_DSN"],
    release="lab-python@1.0.0",
    environment="lab",
    traces_sample_rate=1.0 if os.environ.get("LAB_TRACING") == "on" else None,
)

with open(os.environ["LAB_HTML"], encoding="utf-8") as f:
    PAGE = f.read()
SAYING = threading.Lock()


def fail(cookies, step, words):
    if "lab_user" in cookies:
        sentry_sdk.set_user({"id": cookies["lab_user"].value})
    at = int(time.time() * 1000)
    try:
        raise RuntimeError(words)
    except RuntimeError as err:
        event_id = sentry_sdk.capture_exception(err)
    with SAYING:
        print(json.dumps({"visit": cookies["lab_visit"].value, "step": step, "event_id": event_id, "at": at}), flush=True)


def shop(environ, start_response):
    cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    path = environ["PATH_INFO"]
    if path == "/shop":
        tags = ""
        if cookies["lab_setup"].value.startswith("ssr"):
            fail(cookies, "page", "no recommendations for " + cookies["lab_visit"].value)
            tags = '<meta name="sentry-trace" content="%s"><meta name="baggage" content="%s">' % (
                sentry_sdk.get_traceparent(),
                sentry_sdk.get_baggage(),
            )
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [PAGE.replace("<!--trace-->", tags, 1).encode()]
    if path == "/api/checkout":
        order = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        fail(cookies, order["step"], "the bank declined the %s payment of %s" % (order["step"], cookies["lab_visit"].value))
        start_response("500 Internal Server Error", [("Content-Type", "application/json")])
        return [b'{"error":"payment failed"}']
    start_response("404 Not Found", [("Content-Length", "0")])
    return [b""]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def stop(*_):
    sentry_sdk.flush(timeout=10)
    os._exit(0)


signal.signal(signal.SIGTERM, stop)
try:
    make_server("127.0.0.1", int(os.environ["PORT"]), SentryWsgiMiddleware(shop), Server, Quiet).serve_forever()
except OSError as err:
    sys.exit(f"serve the shop: {err}")

"""All the telemetry of sentry-python 1.x or 2.x.

    SENTRY_DSN=... python program.py

The SDK's debug log goes to stderr; a line `SENT {...}` on stdout has the ids of what was sent.
It ends with an error nobody catches, hence with status 1.
"""
import json
import logging
import os
import time

import sentry_sdk
from sentry_sdk.crons import capture_checkin, monitor

two = sentry_sdk.VERSION.startswith("2.")
sent = {"sdk": sentry_sdk.VERSION}

sentry_sdk.init(
    dsn=os.environ["SENTRY_DSN"],
    debug=True,
    release="shop@1.2.3",
    dist="77",
    environment="staging",
    server_name="shop-1",
    traces_sample_rate=1.0,
    profiles_sample_rate=1.0,
    send_default_pii=True,
    attach_stacktrace=True,
    before_send=lambda event, hint: None if event.get("logentry", {}).get("message") == "drop me" or event.get("message") == "drop me" else event,
    **({"enable_logs": True} if two else {}),
)


class PaymentError(Exception):
    pass


def charge_card(order):
    attempts = [1, 2, 3]
    try:
        raise TypeError("no answer after %d attempts" % len(attempts))
    except TypeError as e:
        raise PaymentError("order %s failed" % order) from e


def attach(add):
    add(bytes=b"line one\nline two\n\n", filename="app.log", content_type="text/plain")
    add(bytes=bytes([0, 10, 13, 255, 254, 10, 10, 0]), filename="blob.bin")
    add(bytes=b"", filename="empty.txt", content_type="text/plain")


def errors():
    sentry_sdk.set_user({"id": "42", "email": "jane@example.com", "username": "jane"})
    sentry_sdk.set_tag("shop.region", "eu-west")
    sentry_sdk.set_tag("shop.note", "çødé ☃")
    sentry_sdk.set_context("cart", {"items": 3, "list": [1, "two", None], "wide": 12345678901234})
    sentry_sdk.set_extra("raw", {"list": [1, "two", None, True]})
    sentry_sdk.add_breadcrumb(category="auth", message="logged in", level="info", data={"method": "password"})
    sent["handled"] = []
    for _ in range(2):
        try:
            charge_card("o-1")
        except PaymentError as e:
            sent["handled"].append(sentry_sdk.capture_exception(e))
    sent["message"] = sentry_sdk.capture_message("the shop is slow", level="warning")
    logging.getLogger("shop.stock").error("item %s is gone", "tea", extra={"shelf": 7})
    sent["fingerprint"] = sentry_sdk.capture_event({
        "logentry": {"message": "order %s failed for %s", "params": ["o-1", "jane"]},
        "level": "fatal", "logger": "shop.orders", "fingerprint": ["orders", "o-1"],
    })
    with sentry_sdk.push_scope() if not two else sentry_sdk.new_scope() as scope:
        attach(scope.add_attachment)
        sent["attachment"] = sentry_sdk.capture_exception(ValueError("with attachments"))
    with sentry_sdk.push_scope() if not two else sentry_sdk.new_scope() as scope:
        scope.set_context("big", {"text": "lorem ipsum dolor " * 3000})
        sent["large"] = sentry_sdk.capture_exception(ValueError("a large error"))
    sentry_sdk.capture_message("drop me")


def spans():
    with sentry_sdk.start_transaction(op="queue.process", name="process order") as tx:
        sent["trace"] = tx.trace_id
        with sentry_sdk.start_span(op="db.query", **{"name" if two else "description": "SELECT * FROM orders"}) as s:
            s.set_data("db.system", "postgresql")
            until = time.monotonic() + 0.3  # long enough for a profile
            while time.monotonic() < until:
                sum(i * i for i in range(1000))
        with sentry_sdk.start_span(op="task", **{"name" if two else "description": "charge"}):
            sent["inTrace"] = sentry_sdk.capture_exception(RuntimeError("charge failed"))
            if two:
                sentry_sdk.logger.info("inside a span")
        sentry_sdk.set_measurement("memory.used", 123.5, "megabyte")


def telemetry():
    config = {"schedule": {"type": "crontab", "value": "0 3 * * *"}, "checkin_margin": 5, "max_runtime": 30,
              "timezone": "Europe/Vienna", "failure_issue_threshold": 2, "recovery_threshold": 1}
    check_in = capture_checkin(monitor_slug="nightly-report", status="in_progress", monitor_config=config)
    capture_checkin(monitor_slug="nightly-report", check_in_id=check_in, status="ok", duration=0.1, monitor_config=config)
    try:
        with monitor(monitor_slug="hourly-sync", **({"monitor_config": {"schedule": {"type": "interval", "value": 1, "unit": "hour"}}})):
            raise RuntimeError("sync failed")
    except RuntimeError:
        pass
    if two:
        sentry_sdk.logger.debug("debug log", attributes={"key": "value"})
        sentry_sdk.logger.warning("cart {cart} has {items} items", cart="c-1", items=3, attributes={"ratio": 0.25, "ok": True})
        sentry_sdk.logger.fatal("fatal log")
        sentry_sdk.metrics.count("orders.created", 3, attributes={"region": "eu", "vip": True})
        sentry_sdk.metrics.gauge("queue.depth", 17.5)
        sentry_sdk.metrics.distribution("request.latency", 123.4, unit="millisecond")


errors()
spans()
telemetry()
sentry_sdk.flush(timeout=5)
print("SENT " + json.dumps(sent), flush=True)
raise TypeError("nobody catches me")

//! All the telemetry of sentry-rust.
//!
//! `SENTRY_DSN=… cargo run`
//!
//! The SDK's debug log goes to stderr; a line `SENT {…}` on stdout has the ids of what was sent. It
//! ends with a panic nobody catches, hence with status 101.

use std::{error::Error, fmt, time::Duration};

use sentry::protocol::{
    Attachment, Breadcrumb, Context, Envelope, EnvelopeItem, Event, Level, LogEntry, Map, MonitorCheckIn,
    MonitorCheckInStatus, MonitorConfig, MonitorSchedule, SpanStatus, Unit, User, Value,
};
use serde_json::json;

#[derive(Debug)]
struct GatewayError;

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("no answer after 3 attempts")
    }
}

impl Error for GatewayError {}

#[derive(Debug)]
struct PaymentError {
    order: &'static str,
    source: GatewayError,
}

impl fmt::Display for PaymentError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "order {} failed", self.order)
    }
}

impl Error for PaymentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

fn context(value: Value) -> Context {
    let Value::Object(map) = value else { panic!("a context is an object") };
    Context::Other(map.into_iter().collect::<Map<_, _>>())
}

fn capture(message: &'static str) -> String {
    sentry::capture_error(&std::io::Error::other(message)).simple().to_string()
}

fn main() {
    let guard = sentry::init((
        std::env::var("SENTRY_DSN").expect("SENTRY_DSN"),
        sentry::ClientOptions::new()
            .debug(true)
            .release("shop@1.2.3")
            .environment("staging")
            .server_name("shop-1")
            .traces_sample_rate(1.0)
            .send_default_pii(true)
            .attach_stacktrace(true)
            .auto_session_tracking(true)
            .session_mode(sentry::SessionMode::Application)
            .in_app_include(vec!["sdks"])
            .before_send(|event| (event.message.as_deref() != Some("drop me")).then_some(event)),
    ));
    let mut sent = json!({ "sdk": sentry_version() });
    errors(&mut sent);
    spans(&mut sent);
    telemetry();
    sentry::Hub::current().client().expect("client").flush(Some(Duration::from_secs(5)));
    println!("SENT {sent}");
    let _last = guard;
    panic!("nobody catches me");
}

/// The SDK does not tell its version: it is what Cargo.lock says.
fn sentry_version() -> String {
    let lock = include_str!("../Cargo.lock");
    let (_, rest) = lock.split_once("name = \"sentry\"\nversion = \"").expect("sentry is in Cargo.lock");
    rest.split('"').next().expect("a version").to_owned()
}

fn errors(sent: &mut Value) {
    sentry::configure_scope(|scope| {
        scope.set_user(Some(User {
            id: Some("42".into()),
            email: Some("jane@example.com".into()),
            username: Some("jane".into()),
            ..Default::default()
        }));
        scope.set_tag("shop.region", "eu-west");
        scope.set_tag("shop.note", "çødé ☃");
        scope.set_context("cart", context(json!({ "items": 3, "list": [1, "two", null], "wide": 12345678901234_i64 })));
        scope.set_extra("raw", json!({ "list": [1, "two", null, true] }));
    });
    sentry::add_breadcrumb(Breadcrumb {
        category: Some("auth".into()),
        message: Some("logged in".into()),
        data: [("method".to_owned(), json!("password"))].into_iter().collect(),
        ..Default::default()
    });
    let handled: Vec<_> = (0..2)
        .map(|_| sentry::capture_error(&PaymentError { order: "o-1", source: GatewayError }).simple().to_string())
        .collect();
    sent["handled"] = json!(handled);
    sent["message"] = json!(sentry::capture_message("the shop is slow", Level::Warning).simple().to_string());
    sent["fingerprint"] = json!(
        sentry::capture_event(Event {
            logentry: Some(LogEntry { message: "order %s failed for %s".into(), params: vec!["o-1".into(), "jane".into()] }),
            level: Level::Fatal,
            logger: Some("shop.orders".into()),
            fingerprint: vec!["orders".into(), "o-1".into()].into(),
            ..Default::default()
        })
        .simple()
        .to_string()
    );
    sent["attachment"] = json!(sentry::with_scope(
        |scope| {
            for (name, kind, bytes) in [
                ("app.log", Some("text/plain"), &b"line one\nline two\n\n"[..]),
                ("blob.bin", None, &[0, 10, 13, 255, 254, 10, 10, 0]),
                ("empty.txt", Some("text/plain"), &[]),
            ] {
                scope.add_attachment(Attachment {
                    buffer: bytes.to_vec(),
                    filename: name.into(),
                    content_type: kind.map(Into::into),
                    ty: None,
                });
            }
        },
        || capture("with attachments"),
    ));
    sent["large"] = json!(sentry::with_scope(
        |scope| scope.set_context("big", context(json!({ "text": "lorem ipsum dolor ".repeat(3000) }))),
        || capture("a large error"),
    ));
    sentry::capture_message("drop me", Level::Info);
}

fn spans(sent: &mut Value) {
    let tx = sentry::start_transaction(sentry::TransactionContext::new("process order", "queue.process"));
    sent["trace"] = json!(tx.get_trace_context().trace_id.to_string());
    sentry::configure_scope(|scope| scope.set_span(Some(tx.clone().into())));
    let db = tx.start_child("db.query", "SELECT * FROM orders");
    db.set_data("db.system", "postgresql".into());
    db.finish();
    let task = tx.start_child("task", "charge");
    sent["inTrace"] = json!(capture("charge failed"));
    sentry::logger_info!("inside a span");
    task.set_status(SpanStatus::InternalError);
    task.finish();
    tx.set_status(SpanStatus::InternalError);
    tx.finish();
    sentry::configure_scope(|scope| scope.set_span(None));
}

fn telemetry() {
    let id = sentry::types::random_uuid();
    for status in [MonitorCheckInStatus::InProgress, MonitorCheckInStatus::Ok] {
        let mut envelope = Envelope::new();
        envelope.add_item(EnvelopeItem::MonitorCheckIn(MonitorCheckIn {
            check_in_id: id,
            monitor_slug: "nightly-report".into(),
            status,
            environment: Some("staging".into()),
            duration: Some(0.1),
            monitor_config: Some(MonitorConfig {
                schedule: MonitorSchedule::Crontab { value: "0 3 * * *".into() },
                checkin_margin: Some(5),
                max_runtime: Some(30),
                timezone: Some("Europe/Vienna".into()),
                failure_issue_threshold: Some(2),
                recovery_threshold: Some(1),
            }),
        }));
        sentry::Hub::current().client().expect("client").send_envelope(envelope);
    }
    sentry::logger_debug!("debug log");
    sentry::logger_warn!(ratio = 0.25, ok = true, "cart {} has {} items", "c-1", 3);
    sentry::logger_fatal!("fatal log");

    sentry::metrics::counter("orders.created", 3).attribute("region", "eu").attribute("vip", true).capture();
    sentry::metrics::gauge("queue.depth", 17.5).capture();
    sentry::metrics::distribution("request.latency", 123.4).unit(Unit::Millisecond).capture();
}

import io.sentry.*;
import io.sentry.metrics.SentryMetricsParameters;
import io.sentry.protocol.Feedback;
import io.sentry.protocol.SentryId;
import io.sentry.protocol.User;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * All the telemetry of sentry-java.
 *
 * <p>SENTRY_DSN=… java -cp lib/*:classes Program
 *
 * <p>The SDK's debug log goes to stdout and stderr; a line {@code SENT {…}} has the ids of what was
 * sent. It ends with an error nobody catches, hence with status 1.
 */
public final class Program {
  private static final List<String> sent = new ArrayList<>();

  static final class PaymentException extends RuntimeException {
    PaymentException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  public static void main(String[] args) {
    Sentry.init(o -> {
      o.setDsn(System.getenv("SENTRY_DSN"));
      o.setDebug(true);
      o.setRelease("shop@1.2.3");
      o.setDist("77");
      o.setEnvironment("staging");
      o.setServerName("shop-1");
      o.setTracesSampleRate(1.0);
      o.setSendDefaultPii(true);
      o.setAttachStacktrace(true);
      o.setAttachThreads(true);
      o.addInAppInclude("Program");
      o.setEnableUncaughtExceptionHandler(true);
      o.getLogs().setEnabled(true);
      o.getMetrics().setEnabled(true);
      o.setBeforeSend((e, hint) -> e.getMessage() != null && "drop me".equals(e.getMessage().getFormatted()) ? null : e);
      note("sdk", BuildConfig.VERSION_NAME);
    });
    errors();
    spans();
    telemetry();
    Sentry.flush(5000);
    System.out.println("SENT {" + String.join(",", sent) + "}");
    throw new IllegalStateException("nobody catches me");
  }

  private static void note(String name, Object value) {
    sent.add("\"" + name + "\":" + (value instanceof String s && s.startsWith("[") ? s : "\"" + value + "\""));
  }

  private static void chargeCard(String order) {
    try {
      throw new IllegalArgumentException("no answer after 3 attempts");
    } catch (IllegalArgumentException e) {
      throw new PaymentException("order " + order + " failed", e);
    }
  }

  private static void errors() {
    User user = new User();
    user.setId("42");
    user.setEmail("jane@example.com");
    user.setUsername("jane");
    Sentry.setUser(user);
    Sentry.setTag("shop.region", "eu-west");
    Sentry.setTag("shop.note", "çødé ☃");
    Sentry.setExtra("raw", "one");
    Sentry.configureScope(s -> s.setContexts("cart", Map.of("items", 3, "list", Arrays.asList(1, "two", null), "wide", 12345678901234L)));
    Breadcrumb crumb = new Breadcrumb("logged in");
    crumb.setCategory("auth");
    crumb.setLevel(SentryLevel.INFO);
    crumb.setData("method", "password");
    Sentry.addBreadcrumb(crumb);

    List<String> handled = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      try {
        chargeCard("o-1");
      } catch (PaymentException e) {
        handled.add("\"" + Sentry.captureException(e) + "\"");
      }
    }
    note("handled", handled.toString());
    note("message", Sentry.captureMessage("the shop is slow", SentryLevel.WARNING));
    SentryEvent event = new SentryEvent();
    io.sentry.protocol.Message message = new io.sentry.protocol.Message();
    message.setMessage("order %s failed for %s");
    message.setFormatted("order o-1 failed for jane");
    message.setParams(List.of("o-1", "jane"));
    event.setMessage(message);
    event.setLevel(SentryLevel.FATAL);
    event.setLogger("shop.orders");
    event.setFingerprints(List.of("orders", "o-1"));
    note("fingerprint", Sentry.captureEvent(event));
    note("attachment", Sentry.captureException(new IllegalStateException("with attachments"), s -> {
      s.addAttachment(new Attachment("line one\nline two\n\n".getBytes(StandardCharsets.UTF_8), "app.log", "text/plain"));
      s.addAttachment(new Attachment(new byte[] {0, 10, 13, (byte) 255, (byte) 254, 10, 10, 0}, "blob.bin"));
      s.addAttachment(new Attachment(new byte[0], "empty.txt", "text/plain"));
    }));
    large();
    Sentry.captureMessage("drop me");
  }

  private static void large() {
    Map<String, String> big = Map.of("text", "lorem ipsum dolor ".repeat(3000));
    note("large", Sentry.captureException(new IllegalStateException("a large error"), s -> s.setContexts("big", big)));
  }

  private static void spans() {
    TransactionOptions options = new TransactionOptions();
    options.setBindToScope(true);
    ITransaction tx = Sentry.startTransaction("process order", "queue.process", options);
    note("trace", tx.getSpanContext().getTraceId());
    ISpan db = tx.startChild("db.query", "SELECT * FROM orders");
    db.setData("db.system", "postgresql");
    db.finish(SpanStatus.OK);
    ISpan task = tx.startChild("task", "charge");
    note("inTrace", Sentry.captureException(new IllegalStateException("charge failed")));
    Sentry.logger().info("inside a span");
    task.finish(SpanStatus.INTERNAL_ERROR);
    tx.setMeasurement("memory.used", 123.5, MeasurementUnit.Information.MEGABYTE);
    tx.finish(SpanStatus.INTERNAL_ERROR);
  }

  private static void telemetry() {
    MonitorConfig config = new MonitorConfig(MonitorSchedule.crontab("0 3 * * *"));
    config.setCheckinMargin(5L);
    config.setMaxRuntime(30L);
    config.setTimezone("Europe/Vienna");
    config.setFailureIssueThreshold(2L);
    config.setRecoveryThreshold(1L);
    CheckIn start = new CheckIn("nightly-report", CheckInStatus.IN_PROGRESS);
    start.setMonitorConfig(config);
    SentryId id = Sentry.captureCheckIn(start);
    CheckIn end = new CheckIn(id, "nightly-report", CheckInStatus.OK);
    end.setDuration(0.1);
    Sentry.captureCheckIn(end);

    Feedback feedback = new Feedback("The checkout is broken “please fix”");
    feedback.setName("Jane");
    feedback.setContactEmail("jane@example.com");
    feedback.setAssociatedEventId(Sentry.getLastEventId());
    Sentry.captureFeedback(feedback);
    UserFeedback old = new UserFeedback(Sentry.getLastEventId());
    old.setName("Jane");
    old.setEmail("jane@example.com");
    old.setComments("old style");
    Sentry.captureUserFeedback(old);

    Sentry.logger().debug("debug log");
    Sentry.logger().warn("cart %s has %d items", "c-1", 3);
    Sentry.logger().fatal("fatal log");

    Sentry.metrics().count("orders.created", 3.0, "order", SentryMetricsParameters.create(Map.of("region", "eu", "vip", true)));
    Sentry.metrics().gauge("queue.depth", 17.5);
    Sentry.metrics().distribution("request.latency", 123.4, "millisecond");

    Sentry.startSession();
    Sentry.endSession();
  }
}

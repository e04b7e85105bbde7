import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Json;
import io.debezium.engine.format.KeyValueChangeEventFormat;
import io.nats.client.Connection;
import io.nats.client.JetStream;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.PublishAck;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * Runs connectors of Debezium in its embedded engine, one for each file of settings, and sends the events on, as Debezium
 * Server does: to JetStream
 * ({@code sink.nats}, under {@code sink.subject} and the table), or to an address ({@code sink.http}) as an array of events
 * with their keys. A batch is tried until it is taken; then its offsets are stored.
 */
public final class DebeziumRunner {
  private static final int EVENTS_OF_A_REQUEST = 1000;

  public static void main(String[] args) throws Exception {
    for (String path : args) {
      Properties settings = new Properties();
      try (InputStream file = new FileInputStream(path)) {
        settings.load(file);
      }
      new Thread(engine(settings), path).start();
    }
  }

  private static Runnable engine(Properties settings) throws Exception {
    String nats = settings.getProperty("sink.nats");
    Sink sink = nats != null
        ? new NatsSink(nats, settings.getProperty("sink.subject"))
        : new HttpSink(settings.getProperty("sink.http"));
    return DebeziumEngine
        .create(KeyValueChangeEventFormat.of(Json.class, Json.class))
        .using(settings)
        .using((boolean success, String message, Throwable error) -> {
          if (!success) System.err.println("engine stopped: " + message);
          System.exit(success ? 0 : 1);
        })
        .notifying((List<ChangeEvent<String, String>> events,
            DebeziumEngine.RecordCommitter<ChangeEvent<String, String>> committer) -> {
          sendUntilTaken(sink, events);
          for (ChangeEvent<String, String> event : events) committer.markProcessed(event);
          committer.markBatchFinished();
        })
        .build();
  }

  private interface Sink {
    void send(List<ChangeEvent<String, String>> events) throws Exception;
  }

  private static void sendUntilTaken(Sink sink, List<ChangeEvent<String, String>> events) throws InterruptedException {
    for (;;) {
      try {
        sink.send(events);
        return;
      } catch (InterruptedException stopped) {
        throw stopped;
      } catch (Exception failed) {
        System.err.println("not taken: " + failed);
        Thread.sleep(200);
      }
    }
  }

  private static final class NatsSink implements Sink {
    private final JetStream stream;
    private final String subject;

    NatsSink(String url, String subject) throws Exception {
      Connection connection = Nats.connect(new Options.Builder().server(url).maxReconnects(-1)
          .reconnectWait(Duration.ofMillis(200)).build());
      this.stream = connection.jetStream();
      this.subject = subject;
    }

    @Override
    public void send(List<ChangeEvent<String, String>> events) {
      List<CompletableFuture<PublishAck>> sent = new ArrayList<>();
      for (ChangeEvent<String, String> event : events) {
        // A deletion has its event; the tombstone behind it is for brokers that compact by key.
        if (event.value() == null) continue;
        byte[] value = event.value().getBytes(StandardCharsets.UTF_8);
        sent.add(stream.publishAsync(subject + "." + event.destination(), value));
      }
      CompletableFuture.allOf(sent.toArray(new CompletableFuture[0])).orTimeout(10, java.util.concurrent.TimeUnit.SECONDS)
          .join();
    }
  }

  private static final class HttpSink implements Sink {
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI address;
    private final String authorization;

    HttpSink(String url) {
      URI whole = URI.create(url);
      this.authorization = "Basic "
          + java.util.Base64.getEncoder().encodeToString(whole.getUserInfo().getBytes(StandardCharsets.UTF_8));
      this.address = URI.create(url.replace(whole.getRawUserInfo() + "@", ""));
    }

    @Override
    public void send(List<ChangeEvent<String, String>> events) throws Exception {
      for (int at = 0; at < events.size(); at += EVENTS_OF_A_REQUEST)
        post(events.subList(at, Math.min(at + EVENTS_OF_A_REQUEST, events.size())));
    }

    private void post(List<ChangeEvent<String, String>> events) throws Exception {
      String body = events.stream()
          .map(event -> "{\"key\":" + event.key() + ",\"value\":" + event.value() + ",\"topic\":\"" + event.destination()
              + "\"}")
          .collect(Collectors.joining(",", "[", "]"));
      HttpRequest request = HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(30))
          .header("Content-Type", "application/json").header("Authorization", authorization)
          .POST(HttpRequest.BodyPublishers.ofString(body)).build();
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() / 100 != 2) throw new IllegalStateException(response.statusCode() + " " + response.body());
    }
  }
}

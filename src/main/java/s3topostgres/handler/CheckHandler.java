package s3topostgres.handler;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import s3topostgres.check.Check;
import s3topostgres.check.CheckFailedException;
import s3topostgres.check.Checks;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;

/**
 * The second entry of the package, for people: says what is missing for a load, and changes
 * nothing. It runs with the time and the memory of the function that loads, which it judges.
 */
public final class CheckHandler implements RequestStreamHandler {

  /**
   * @param event anything
   * @param answer {@code {"checks": [{"check": "TLS", "result": "ok", "what": "...", "whatToDo":
   *     "..."}, ...]}}
   * @throws CheckFailedException if anything is missing, with the same as a table
   */
  @Override
  public void handleRequest(InputStream event, OutputStream answer, Context context)
      throws IOException {
    Duration time = Duration.ofMillis(context.getRemainingTimeInMillis());
    List<Check> checks = Checks.run(System.getenv(), time, context.getMemoryLimitInMB());
    CheckFailedException.throwIfAnyFailed(checks);
    answer.write(json(checks));
  }

  private static byte[] json(List<Check> checks) {
    try (JsonWriter json = JsonWriter.create()) {
      json.writeStartObject().writeFieldName("checks").writeStartArray();
      for (Check check : checks) {
        json.writeStartObject();
        json.writeFieldName("check").writeValue(check.item().label());
        json.writeFieldName("result").writeValue(check.result().label());
        json.writeFieldName("what").writeValue(check.what());
        json.writeFieldName("whatToDo").writeValue(check.whatToDo());
        json.writeEndObject();
      }
      json.writeEndArray().writeEndObject();
      return json.getBytes();
    }
  }
}

package s3topostgres.handler;

import java.util.List;
import s3topostgres.load.LoadResult;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;

/**
 * The function's answer.
 *
 * @param loads one for each record of the event, in its order
 */
record LoadReport(List<LoadResult> loads) {

  /** As JSON in UTF-8: {@code {"loads": [{"object": ..., "table": ..., ...}]}}. */
  byte[] json() {
    try (JsonWriter json = JsonWriter.create()) {
      json.writeStartObject().writeFieldName("loads").writeStartArray();
      for (LoadResult load : loads) {
        json.writeStartObject();
        json.writeFieldName("object").writeValue(load.object());
        json.writeFieldName("table").writeValue(load.table());
        json.writeFieldName("status").writeValue(load.status().name());
        json.writeFieldName("rows").writeValue(load.rows());
        json.writeFieldName("bytes").writeValue(load.bytes());
        json.writeFieldName("millis").writeValue(load.millis());
        json.writeEndObject();
      }
      json.writeEndArray().writeEndObject();
      return json.getBytes();
    }
  }
}

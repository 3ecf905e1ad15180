package s3topostgres.sandbox;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;

/**
 * Lets a client of S3 see objects as uploaded at chosen times, in whole seconds as S3 tells them.
 * An object without one keeps the server's.
 */
public final class ListedTimes implements ExecutionInterceptor {
  private final Map<String, Instant> times = new ConcurrentHashMap<>();

  /** Chooses when an object was uploaded, until it is chosen again. */
  public void set(String key, Instant uploaded) {
    times.put(key, uploaded.truncatedTo(ChronoUnit.SECONDS));
  }

  @Override
  public SdkResponse modifyResponse(
      Context.ModifyResponse context, ExecutionAttributes attributes) {
    if (context.response() instanceof ListObjectsV2Response list) {
      return list.toBuilder()
          .contents(
              list.contents().stream()
                  .map(
                      object ->
                          object.toBuilder()
                              .lastModified(time(object.key(), object.lastModified()))
                              .build())
                  .toList())
          .build();
    }
    if (context.response() instanceof GetObjectResponse object
        && context.request() instanceof GetObjectRequest request) {
      return object.toBuilder().lastModified(time(request.key(), object.lastModified())).build();
    }
    return context.response();
  }

  private Instant time(String key, Instant served) {
    return times.getOrDefault(key, served);
  }
}

package s3topostgres.s3;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps small objects in memory, those that were used last: of many late files, each reads the same
 * newer ones.
 */
final class SmallObjects {
  /** A sixteenth of the function's memory. */
  private static final long MOST_BYTES = 32L * 1024 * 1024;

  private record Version(ObjectLocation location, String etag) {}

  private final Map<Version, StoredObject> objects = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  synchronized Optional<StoredObject> get(ObjectLocation location, String etag) {
    return Optional.ofNullable(objects.get(new Version(location, etag)));
  }

  /** Keeps an object whose head is all of it. */
  synchronized void keep(ObjectLocation location, StoredObject object) {
    if (object.head().length == object.size()
        && objects.put(new Version(location, object.etag()), object) == null) {
      bytes += object.size();
      while (bytes > MOST_BYTES) {
        bytes -= objects.remove(objects.keySet().iterator().next()).size();
      }
    }
  }
}

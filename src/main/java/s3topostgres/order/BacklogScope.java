package s3topostgres.order;

import java.time.Instant;
import s3topostgres.s3.ListedObject;

/**
 * Which uploads of a bucket may be part of the backlog.
 *
 * @param from uploads before that are known
 * @param end uploads from then on are left to their events
 * @param region of the bucket
 */
public record BacklogScope(Instant from, Instant end, String region) {

  boolean includes(ListedObject file) {
    return !file.modified().isBefore(from) && file.modified().isBefore(end);
  }
}

package s3topostgres.order;

import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import s3topostgres.history.Backlog;
import s3topostgres.history.Backlog.Missing;
import s3topostgres.history.History;
import s3topostgres.order.FileTask.Origin;
import s3topostgres.postgres.Session;
import s3topostgres.s3.ListedObject;

/**
 * Finds uploads that were never loaded. Asks the history once a page, and keeps no more than the
 * {@link #MOST} that come first: newest first where a file is the whole table, otherwise oldest
 * first.
 */
final class MissingUploads implements BacklogSearch {
  /** More than can be loaded before the next search. */
  private static final int MOST = 10_000;

  private final BucketListing listing;
  private final Session session;
  private final History history;
  private final boolean wholeTable;
  private final BacklogScope scope;
  private final Map<Map<String, String>, Optional<String>> tables = new HashMap<>();
  private final TreeSet<Missing> missing;
  private Instant known = Instant.MAX;

  MissingUploads(
      BucketListing listing,
      Session session,
      History history,
      boolean wholeTable,
      BacklogScope scope) {
    this.listing = listing;
    this.session = session;
    this.history = history;
    this.wholeTable = wholeTable;
    this.scope = scope;
    Comparator<Missing> byTime =
        Comparator.comparing(upload -> upload.upload().eventTime().orElseThrow());
    missing =
        new TreeSet<>(
            (wholeTable ? byTime.reversed() : byTime)
                .thenComparing(upload -> upload.upload().object().key()));
  }

  @Override
  public void take(List<ListedObject> files) throws SQLException {
    List<ListedObject> compared = files.stream().filter(scope::includes).toList();
    if (tables.size() > MOST) {
      tables.clear();
    }
    for (Missing upload :
        Backlog.find(
            session,
            history,
            wholeTable,
            listing.settings().table().setting(),
            scope.region(),
            listing.settings().functionTimeout(),
            listing.byTable(session, compared, tables))) {
      known = upload.listed().isBefore(known) ? upload.listed() : known;
      missing.add(upload);
      if (missing.size() > MOST) {
        missing.pollLast();
      }
    }
  }

  @Override
  public Optional<Instant> known() {
    return Optional.of(known);
  }

  @Override
  public List<List<LoadTask>> tasks() {
    return List.copyOf(byTable().values());
  }

  /** The loads by the names of their target tables. */
  Map<String, List<LoadTask>> byTable() {
    Map<String, List<LoadTask>> byTable = new TreeMap<>();
    for (Missing upload : missing) {
      byTable
          .computeIfAbsent(upload.targetTable(), name -> new ArrayList<>())
          .add(listing.task(upload.upload(), Origin.BACKLOG));
    }
    return byTable;
  }
}

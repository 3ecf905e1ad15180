package s3topostgres.load;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.history.History;
import s3topostgres.order.BacklogScope;
import s3topostgres.order.BacklogSearch;
import s3topostgres.order.BucketListing;
import s3topostgres.order.LoadOrder;
import s3topostgres.order.LoadTask;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;

/**
 * Loads the backlog: uploads that are in the bucket and not in the history, because their events
 * were lost or an outage outlasted their retries. Called by a schedule; may run beside loads and
 * beside itself.
 *
 * @param region of the bucket
 * @param function that the bucket is to notify; empty if that is not known
 */
public record CatchUp(
    BucketListing listing,
    LoadOrder order,
    Database database,
    Loader loader,
    String region,
    Optional<String> function) {
  private static final Duration LONGEST_CHECK = Duration.ofSeconds(5);

  /** How long the delivery of an event may take. */
  private static final Duration DELIVERY = Duration.ofMinutes(5);

  /** How often the whole bucket is compared with the history. */
  private static final Duration BETWEEN_COMPARISONS = Duration.ofDays(1);

  /**
   * How long after its time in the bucket's list an object may appear there: a multipart upload has
   * the time of its beginning, a replica that of its source.
   */
  private static final Duration LATEST_ARRIVAL = Duration.ofDays(8);

  private static final Logger log = LoggerFactory.getLogger(CatchUp.class);

  /**
   * Loads what was never loaded, and warns if the bucket does not notify the function: then all
   * uploads are loaded so, and late. {@code replace} and {@code sync} load each table's newest
   * loadable file; the other modes load all, oldest first.
   *
   * @param now which makes uploads old enough
   * @param functionEnd when the function is killed
   * @throws LoadException the first failure with the others attached, whether or not another upload
   *     could be loaded
   */
  public List<LoadResult> run(Instant now, Deadline functionEnd, String requestId) {
    checkNotifications(functionEnd);
    List<LoadResult> loads = new ArrayList<>();
    List<LoadException> failures = new ArrayList<>();
    TimeBudget budget = new TimeBudget(functionEnd.before(Loader.MARGIN));
    for (List<LoadTask> ofOneTable : backlog(now, budget, requestId)) {
      load(ofOneTable, functionEnd, budget, requestId, loads, failures);
    }
    LoadException.throwFirst(failures);
    return loads;
  }

  private void checkNotifications(Deadline functionEnd) {
    Optional<String> bucket = listing.settings().bucket();
    if (bucket.isEmpty() || function.isEmpty()) {
      return;
    }
    try {
      listing.checkNotifications(
          bucket.get(), function.get(), functionEnd.within(LONGEST_CHECK).left());
      LoadMetrics.notifications(false);
    } catch (LoadException e) {
      log.warn("{}. {}", e.why(), e.whatToDo());
      if (e.code() == ErrorCode.CONFIG_INVALID) {
        LoadMetrics.notifications(true);
      }
    }
  }

  private void load(
      List<LoadTask> ofOneTable,
      Deadline functionEnd,
      TimeBudget budget,
      String requestId,
      List<LoadResult> loads,
      List<LoadException> failures) {
    List<LoadTask> left = new ArrayList<>(ofOneTable);
    while (!left.isEmpty() && !budget.latestStart().passed()) {
      try {
        loads.addAll(loader.run(left, functionEnd, requestId));
        if (order.isWholeTable()) {
          return;
        }
      } catch (LoadException e) {
        failures.add(e);
        if (order.stopsAfter(e)) {
          return;
        }
      }
    }
  }

  /** Finds what is to be loaded, for each table in the order in which it is tried. */
  private List<List<LoadTask>> backlog(Instant now, TimeBudget budget, String requestId) {
    LoadSettings settings = listing.settings();
    if (settings.historyTable().isEmpty()) {
      throw ErrorCode.CONFIG_INVALID.failure(
          "with HISTORY_TABLE=off, it is not known what was loaded, so missed uploads are not picked up",
          "Name a table in HISTORY_TABLE, or deploy with CATCH_UP_EVERY=never.");
    }
    if (settings.bucket().isEmpty()) {
      throw ErrorCode.CONFIG_INVALID.failure(
          "S3_BUCKET_NAME is not set", "Name the bucket to look into.");
    }
    // An upload is left to its event as long as that may still load it.
    Instant end = now.minus(settings.functionTimeout()).minus(DELIVERY);
    try (Session session = database.connect(budget.deadline(), budget.latestStart())) {
      History history = History.openExisting(session, settings.historyTable());
      return backlog(session, history, settings.bucket().get(), now, end, budget, requestId);
    } catch (SQLException e) {
      throw SqlErrors.translate(e, budget.deadline());
    }
  }

  /** Compares the bucket with the history: once a day all of it, otherwise what is not known. */
  private List<List<LoadTask>> backlog(
      Session session,
      History history,
      String bucket,
      Instant now,
      Instant end,
      TimeBudget budget,
      String requestId)
      throws SQLException {
    String choice = listing.settings().choice();
    Optional<Instant> known =
        history.known(session, bucket, choice, now.minus(BETWEEN_COMPARISONS));
    BacklogSearch search =
        order.backlog(session, history, new BacklogScope(known.orElse(Instant.MIN), end, region));
    AtomicLong listed = new AtomicLong();
    listing.pages(
        bucket,
        budget.deadline(),
        page -> {
          listed.addAndGet(page.stream().filter(file -> file.modified().isBefore(end)).count());
          search.take(page);
        });
    List<List<LoadTask>> backlog = search.tasks();
    log.info(
        "catching up: {} of {} files in s3://{}/{} were never loaded",
        backlog.stream().flatMap(List::stream).mapToInt(task -> task.uploads().size()).sum(),
        listed,
        bucket,
        listing.settings().objectKeys().prefix());
    if (known.isEmpty() && search.known().isPresent() && history.tableName().isPresent()) {
      Instant latest = now.minus(LATEST_ARRIVAL);
      Instant found = search.known().get();
      history.recordKnown(
          session, bucket, choice, found.isBefore(latest) ? found : latest, now, requestId);
    }
    return backlog;
  }
}

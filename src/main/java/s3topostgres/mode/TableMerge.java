package s3topostgres.mode;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Warning;
import s3topostgres.config.RowLimit;
import s3topostgres.csv.RejectedRows;
import s3topostgres.history.RowCounts;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Merges the {@link Stage} into the target table, and writes only the differences. Other writers
 * wait; readers see the old rows until the commit.
 */
public final class TableMerge {
  private final Session session;
  private final TargetTable table;
  private final Stage stage;
  private final Optional<RowKey> key;
  private final boolean whole;
  private final Optional<RowLimit> maxDeleted;
  private final Optional<UnderNewer> under;
  private final RowDiff differences;

  /** About rows that are not in the file, and stay. */
  private List<Warning> kept = List.of();

  /**
   * @param key by which rows of file and table are paired; empty where equal rows are paired, as
   *     often as both have them
   * @param whole whether rows that are not in the file are deleted
   * @param maxDeleted how many rows may be deleted; empty for all
   */
  public TableMerge(
      Session session,
      TargetTable table,
      Stage stage,
      Optional<RowKey> key,
      boolean whole,
      Optional<RowLimit> maxDeleted)
      throws SQLException {
    this(session, table, stage, key, whole, maxDeleted, Optional.empty());
  }

  /** Merges a late file's rows, as far as newer ones have not replaced them. */
  TableMerge(Session session, TargetTable table, UnderNewer under) throws SQLException {
    this(
        session,
        table,
        under.stage(),
        Optional.of(under.key()),
        false,
        Optional.empty(),
        Optional.of(under));
  }

  private TableMerge(
      Session session,
      TargetTable table,
      Stage stage,
      Optional<RowKey> key,
      boolean whole,
      Optional<RowLimit> maxDeleted,
      Optional<UnderNewer> under)
      throws SQLException {
    this.session = session;
    this.table = table;
    this.stage = stage;
    this.key = key;
    this.whole = whole;
    this.maxDeleted = maxDeleted;
    this.under = under;
    this.differences = new RowDiff(session, table, stage, key, whole, under);
  }

  /**
   * Merges.
   *
   * @throws LoadException {@code ROW_REJECTED} when a row does not fit the table; {@code
   *     TOO_FEW_ROWS} when more rows would be deleted than may be
   */
  public LoadOutcome run(Duration lockTimeout, Consumer<String> progress) throws SQLException {
    stage.prepare(key);
    progress.accept("waiting-for-writers");
    return new TableLock(session, table, lockTimeout)
        .withoutWriters(
            () -> {
              progress.accept("comparing");
              RowCounts all = differences.find();
              long kept = keepRejected(all);
              RowCounts found = new RowCounts(all.inserted(), all.updated(), all.deleted() - kept);
              refuseManyDeletions(found, kept);
              progress.accept("changing");
              LoadOutcome loaded = change(found);
              requireAll(found, loaded.counts().orElseThrow());
              return loaded;
            });
  }

  /**
   * Keeps the rows of the table whose records in the file are left out; all rows, where it is not
   * known which these are.
   *
   * @return how many rows that would be deleted otherwise
   */
  private long keepRejected(RowCounts found) throws SQLException {
    kept = List.of();
    Optional<RejectedRows> rejected = stage.file().rejected();
    if (!whole || rejected.isEmpty() || found.deleted() == 0) {
      return 0;
    }
    Optional<String> keys =
        key.isEmpty() ? Optional.empty() : rejected.get().values(key.get().columns());
    boolean acts = references().stream().anyMatch(Reference::acts);
    long rows = keys.isPresent() && !acts ? differences.keep(keys.get()) : differences.keepAll();
    if (rows > 0) {
      kept = List.of(new Warning(null, null, rows, whyKept(keys.isPresent(), acts)));
    }
    return rows;
  }

  private String whyKept(boolean keysAreKnown, boolean acts) {
    if (keysAreKnown && !acts) {
      return "These rows of the table stay as they were, because their records in the file are left out.";
    }
    return "No row was deleted, though these rows of the table are in no record that was loaded: %s."
        .formatted(
            key.isEmpty()
                ? "without a row key, nobody knows which of them a record stands for that is left out"
                : keysAreKnown
                    ? "a foreign key of the table to itself would delete or change others with them"
                    : "the row key of a record that is left out cannot be read");
  }

  /** Counts the table's rows by the differences: each is in the file, too, or to be deleted. */
  private void refuseManyDeletions(RowCounts found, long kept) {
    long rows = stage.rows() - found.inserted() + found.deleted() + kept;
    if (maxDeleted.isPresent() && found.deleted() > maxDeleted.get().most(rows)) {
      throw ErrorCode.TOO_FEW_ROWS.failure(
          "it would delete %d of the %d rows of %s, and at most %d may be deleted (the operator sets MAX_DELETED_ROWS)"
              .formatted(found.deleted(), rows, table.name(), maxDeleted.get().most(rows)),
          "Check that the export was complete, and its row keys are those of earlier files, and upload it"
              + " again; the old rows are still there.");
    }
  }

  /** How many rows the files have. */
  public long rows() {
    return stage.rows();
  }

  /** Rolls back what {@link #run} did before it failed, and releases the lock. */
  public void rollback() throws SQLException {
    session.rollbackTo(TableLock.SAVEPOINT);
  }

  /**
   * Deletes before it updates and inserts, so that a unique value can move from one row to another.
   */
  private LoadOutcome change(RowCounts found) throws SQLException {
    try {
      if (key.isEmpty()) {
        long deleted = change(found.deleted() + found.updated(), differences.delete("true"));
        long inserted = insert(found.inserted() + found.updated(), "true");
        return loaded("by-row", new RowCounts(inserted, 0, deleted));
      }
      UpdateStrategy update = new UpdateStrategy(session, table, stage, key.get(), differences);
      List<Reference> references = references();
      if (!references.isEmpty()) {
        RowCounts changes = found.areNone() ? found : update.runWithOthers(found);
        if (whole && changes.deleted() > 0 && references.stream().anyMatch(Reference::acts)) {
          requireWritten(key.get(), references);
        }
        return loaded(update.way(), changes);
      }
      long deleted = change(found.deleted(), differences.delete(differences.removed()));
      long updated = found.updated() == 0 ? 0 : update.run();
      long inserted = insert(found.inserted(), differences.added());
      return loaded(update.way(), new RowCounts(inserted, updated, deleted));
    } catch (SQLException e) {
      if (ImportErrors.isRowRejected(e)) {
        session.rollbackTo(TableLock.SAVEPOINT);
        throw new StagedFault(session, table, stage).explain(e);
      }
      throw e;
    }
  }

  /** Refuses policies that show rows, but silently exclude them from changes. */
  private void requireAll(RowCounts found, RowCounts changed) throws SQLException {
    boolean fewer = changed.updated() + changed.deleted() < found.updated() + found.deleted();
    if (fewer && table.hasRowSecurity(session)) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          "row-level security shows the database user rows of %s that it does not let it change"
              .formatted(table.name()),
          "Let the policies for UPDATE and DELETE cover all rows that those for SELECT show.");
    }
  }

  /**
   * A column of a foreign key of the table to itself, such as a parent.
   *
   * @param acts whether a deletion deletes the referring rows, or sets their columns
   */
  private record Reference(String column, boolean acts) {}

  private List<Reference> references() throws SQLException {
    return session.query(
        """
        SELECT a.attname, c.confdeltype IN ('c', 'n', 'd') AS acts
        FROM pg_constraint c
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
        WHERE c.contype = 'f' AND c.conrelid = ?::oid AND c.confrelid = ?::oid AND %s"""
            .formatted(TargetTable.ENFORCED),
        row -> new Reference(row.getString("attname"), row.getBoolean("acts")),
        table.oid(),
        table.oid());
  }

  /** Fails if a cascading delete removed a row that is in the file, or cleared its reference. */
  private void requireWritten(RowKey key, List<Reference> references) throws SQLException {
    List<String> names = references.stream().map(Reference::column).toList();
    List<Column> columns =
        stage.columns().stream().filter(column -> names.contains(column.name())).toList();
    OptionalLong row = differences.notWritten(key, columns);
    if (row.isPresent()) {
      session.rollbackTo(TableLock.SAVEPOINT);
      throw ErrorCode.ROW_REJECTED
          .failure(
              "refers to a row of the table that is not in the file", ImportErrors.CORRECT_THE_FILE)
          .at(stage.line(row.getAsLong()), Optional.empty());
    }
  }

  private LoadOutcome loaded(String way, RowCounts changes) {
    return new LoadOutcome(
        stage.rows(),
        Optional.of(under.isPresent() ? "under-newer" : way),
        Optional.of(changes),
        Optional.of(stage.source()),
        List.of(),
        kept);
  }

  private long change(long expected, String statement) throws SQLException {
    return expected == 0 ? 0 : session.update(statement);
  }

  private long insert(long expected, String condition) throws SQLException {
    return expected == 0 ? 0 : differences.write("", differences.insert(condition));
  }
}

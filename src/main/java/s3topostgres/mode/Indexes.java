package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;

/**
 * Fills an empty table. Where that is faster, drops its indexes before the rows are imported and
 * builds them afterwards, in the caller's transaction. Only plain indexes are rebuilt: a table with
 * an index that has more than its definition, such as a comment, keeps all of its indexes.
 */
public record Indexes(Session session, TargetTable table) {
  /**
   * From so many bytes on it pays whatever the table. Measured on two cores: with a key in random
   * order both ways are even at 1 to 2 MB, with one in ascending order at 6.
   */
  private static final long LARGE = 8_000_000;

  private static final Logger log = LoggerFactory.getLogger(Indexes.class);

  /**
   * Imports rows into the empty target table, and says so.
   *
   * @param bytes of the rows, unpacked
   * @param importing may be called twice; what the first call did is undone then
   * @param rebuild whether indexes may be built after the rows, if there are enough
   */
  static long fill(
      Session session,
      TargetTable table,
      long bytes,
      Session.Work<Long> importing,
      boolean rebuild,
      Consumer<String> progress)
      throws SQLException {
    Session.Work<Long> filling =
        () -> {
          progress.accept("importing");
          return importing.run();
        };
    long imported =
        rebuild && areWorthBuildingAfterwards(bytes)
            ? new Indexes(session, table).fill(filling, progress)
            : filling.run();
    VirtualColumns.of(session, table).compute(session, table);
    return imported;
  }

  /** Whether a file of so many bytes, unpacked, makes up for the work on the catalogue. */
  static boolean areWorthBuildingAfterwards(long bytes) {
    return bytes >= LARGE;
  }

  /**
   * Says why the table's indexes cannot be built after the rows: a clause for a message, empty when
   * they can. Without its indexes, a statement that queries the table during the import would be
   * slow or fail. Replication tools react to every table that is altered.
   */
  public Optional<String> obstacle() throws SQLException {
    Optional<String> ofTheTable =
        session
            .query(
                """
            SELECT CASE
              WHEN NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid) THEN NULL
              WHEN c.relkind <> 'r' THEN 'it is partitioned'
              WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN 'the database user does not own it'
              WHEN NOT has_schema_privilege(c.relnamespace, 'CREATE') THEN 'the database user lacks CREATE on its schema'
              WHEN EXISTS (
                SELECT FROM pg_trigger t LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
                WHERE t.tgrelid = c.oid AND t.tgenabled <> 'D'
                  AND t.tgtype & 4 <> 0 -- on INSERT
                  -- A table cannot be altered while deferred triggers wait for the commit.
                  AND (NOT t.tgisinternal OR (k.contype = 'f' AND t.tginitdeferred)))
                THEN 'it has a trigger for INSERT or a deferred foreign key'
              WHEN EXISTS (
                SELECT FROM pg_depend d
                  JOIN pg_proc f ON d.refclassid = 'pg_proc'::regclass AND f.oid = d.refobjid
                  JOIN pg_language l ON l.oid = f.prolang
                WHERE l.lanname NOT IN ('c', 'internal')
                  AND ((d.classid = 'pg_attrdef'::regclass
                        AND d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = c.oid))
                    OR (d.classid = 'pg_constraint'::regclass
                        AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c'))))
                THEN 'a default or check of it calls a function, which may query the table'
              WHEN EXISTS (
                SELECT FROM pg_event_trigger e
                WHERE e.evtenabled <> 'D' AND e.evtevent IN ('ddl_command_start', 'ddl_command_end', 'sql_drop')
                  AND NOT EXISTS ( -- such as pgaudit
                    SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e'))
                THEN 'an event trigger watches over the tables of the database'
              -- A definition would be read with fewer digits, and built in another place.
              WHEN current_setting('extra_float_digits')::integer < 1 THEN 'extra_float_digits is less than 1'
              WHEN current_setting('default_tablespace') <> '' THEN 'default_tablespace is set' END
            FROM pg_class c WHERE c.oid = ?::oid""",
                row -> Optional.ofNullable(row.getString(1)),
                table.oid())
            .stream()
            .flatMap(Optional::stream)
            .findFirst();
    return ofTheTable.isPresent() ? ofTheTable : TableIndex.firstNotPlain(session, table);
  }

  /**
   * Imports the rows, and builds the indexes after them where they are plain. The caller has
   * emptied the table, and locks it against everybody else ({@code ACCESS EXCLUSIVE}) until the
   * transaction ends. If an index cannot be built, because of a duplicate key for instance, the
   * rows are imported once more with all indexes in place: only {@code COPY} names the line.
   *
   * @param filling may be called twice; what the first call did is undone then
   * @param progress receives the name of the next step: {@code preparing-indexes}, {@code indexing}
   *     and a name
   * @throws LoadException what the filling throws
   */
  long fill(Session.Work<Long> filling, Consumer<String> progress) throws SQLException {
    if (obstacle().isPresent()) {
      return filling.run();
    }
    progress.accept("preparing-indexes");
    session.execute("SAVEPOINT indexes");
    List<TableIndex> indexes = TableIndex.of(session, table);
    boolean rebuildable = tryRebuilding(indexes);
    session.rollbackTo("indexes");
    if (!rebuildable) {
      return filling.run();
    }
    drop(indexes);
    long rows = filling.run();
    try {
      build(indexes, progress);
      return rows;
    } catch (SQLException e) {
      if (!isOfTheIndex(e)) {
        throw e;
      }
      session.rollbackTo("indexes");
      return fillWithIndexes(filling, e);
    }
  }

  /**
   * Rebuilds the indexes of the empty table. This fails where the database user may not use what a
   * definition names, or this version of Postgres has a property that the definition lacks.
   */
  private boolean tryRebuilding(List<TableIndex> indexes) throws SQLException {
    try {
      drop(indexes);
      build(indexes, step -> {});
      return true;
    } catch (SQLException e) {
      if (!isOfTheIndex(e)) {
        throw e;
      }
      return false;
    }
  }

  private void drop(List<TableIndex> indexes) throws SQLException {
    for (TableIndex index : indexes) {
      session.execute(index.drop());
    }
  }

  private void build(List<TableIndex> indexes, Consumer<String> progress) throws SQLException {
    for (TableIndex index : indexes) {
      progress.accept("indexing " + index.name());
      session.execute(index.build());
    }
    if (!TableIndex.of(session, table).equals(indexes)) {
      throw new SQLException("an index is not as it was", SqlState.INTERNAL_ERROR);
    }
  }

  /** Whether the index may be at fault; then the load may do without dropping it. */
  private static boolean isOfTheIndex(SQLException e) {
    return !SqlErrors.isConnectionLost(e) && !SqlState.QUERY_CANCELED.equals(e.getSQLState());
  }

  private long fillWithIndexes(Session.Work<Long> filling, SQLException failure)
      throws SQLException {
    try {
      long rows = filling.run();
      log.warn(
          "{} has an index that cannot be built after the rows (SQLSTATE {}), so they were imported"
              + " twice. REBUILD_INDEXES=off avoids that",
          table.name(),
          failure.getSQLState());
      return rows;
    } catch (LoadException e) {
      if (e.code() == ErrorCode.OUT_OF_TIME && ImportErrors.isRowRejected(failure)) {
        throw ImportErrors.row(failure, table);
      }
      throw e;
    }
  }
}

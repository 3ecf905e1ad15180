package s3topostgres.mode;

import java.sql.SQLException;
import java.util.ArrayList;
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
 * Fills an empty table, and where that is faster, drops its indexes before the rows come and builds
 * them again after them, in the caller's transaction. Every index is as it was afterwards, or the
 * rows came into the indexes as they were: what cannot be given back in full is not dropped.
 */
public final class Indexes {
  /**
   * From so many bytes on it pays whatever the table. Measured on two cores: with a key in random
   * order both ways are even at 1 to 2 MB, with one in ascending order at 6.
   */
  private static final long LARGE = 8_000_000;

  private static final Logger log = LoggerFactory.getLogger(Indexes.class);

  private final Session session;
  private final TargetTable table;

  public Indexes(Session session, TargetTable table) {
    this.session = session;
    this.table = table;
  }

  /** Brings the rows into the table. */
  @FunctionalInterface
  public interface Filling<T> {
    T run() throws SQLException;
  }

  /**
   * Imports rows into the empty target table, and says so.
   *
   * @param rebuild whether indexes may be built after the rows, if there are enough
   */
  static long fill(
      Session session,
      TargetTable table,
      LoadMode.Rows rows,
      boolean rebuild,
      Consumer<String> step)
      throws SQLException {
    Filling<Long> filling =
        () -> {
          step.accept("importing");
          return rows.into(table.name());
        };
    return rebuild && areWorthBuildingAfterwards(rows.bytes())
        ? new Indexes(session, table).fill(filling, step)
        : filling.run();
  }

  /** Whether a file of so many bytes, unpacked, makes up for the work on the catalogue. */
  static boolean areWorthBuildingAfterwards(long bytes) {
    return bytes >= LARGE;
  }

  /**
   * Why no index of the table can be built after the rows, if it has any: a clause for a message.
   * Besides the privileges, it may be that something looks at the table while the rows come, and
   * would be slow or fail without the indexes; or that a replication such as AWS DMS learns of
   * every table that is altered.
   */
  public Optional<String> obstacle() throws SQLException {
    return session
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
                THEN 'an event trigger watches over the tables of the database' END
            FROM pg_class c WHERE c.oid = ?::oid""",
            row -> Optional.ofNullable(row.getString(1)),
            table.oid())
        .stream()
        .flatMap(Optional::stream)
        .findFirst();
  }

  /**
   * Brings the rows in, and builds the indexes after them that can be. The caller has emptied the
   * table, and keeps everybody else away from it ({@code ACCESS EXCLUSIVE}) until the transaction
   * ends. If an index cannot be built, because of a duplicate key for instance, the rows come once
   * more with all indexes in place: so it is {@code COPY} that names the line.
   *
   * @param filling may be called twice; what the first call did is undone then
   * @param step receives the name of the next step: {@code preparing-indexes}, {@code indexing} and
   *     a name
   * @throws LoadException what the filling throws
   */
  public <T> T fill(Filling<T> filling, Consumer<String> step) throws SQLException {
    if (obstacle().isPresent()) {
      return filling.run();
    }
    step.accept("preparing-indexes");
    session.execute("SAVEPOINT indexes");
    Rebuildable rebuildable = tryRebuilding();
    session.rollbackTo("indexes");
    for (TableIndex index : rebuildable.indexes) {
      session.execute(index.drop());
    }
    T result = filling.run();
    try {
      build(rebuildable, step);
      return result;
    } catch (SQLException e) {
      if (!isOfTheIndex(e)) {
        throw e;
      }
      session.rollbackTo("indexes");
      return fillWithIndexes(filling, e);
    }
  }

  /** What can be dropped and built again, and the catalogue before that. */
  private record Rebuildable(List<TableIndex> indexes, List<String> catalogue) {}

  /**
   * Drops each index of the empty table, builds it and undoes that, to see whether it comes back as
   * it was: something may depend on it, a privilege may be missing, or this version of Postgres
   * have a property that we do not know.
   */
  private Rebuildable tryRebuilding() throws SQLException {
    session.execute(TableIndex.SETTINGS);
    List<TableIndex> all = TableIndex.of(session, table);
    if (all.isEmpty()) {
      return new Rebuildable(List.of(), List.of());
    }
    List<String> before = TableIndex.catalogue(session, table);
    List<TableIndex> whole = new ArrayList<>();
    for (TableIndex index : all) {
      session.rollbackTo("indexes");
      try {
        session.execute(TableIndex.SETTINGS + index.drop() + ";\n" + index.build());
        if (TableIndex.catalogue(session, table).equals(before)) {
          whole.add(index);
        }
      } catch (SQLException e) {
        if (!isOfTheIndex(e)) {
          throw e;
        }
      }
    }
    return new Rebuildable(whole, before);
  }

  /** The settings are as before then. */
  private void build(Rebuildable rebuildable, Consumer<String> step) throws SQLException {
    if (rebuildable.indexes.isEmpty()) {
      return;
    }
    Object[] settings =
        session
            .query(
                """
                SELECT current_setting('search_path'), current_setting('extra_float_digits'),
                       current_setting('default_tablespace')""",
                row -> new Object[] {row.getString(1), row.getString(2), row.getString(3)})
            .get(0);
    session.execute(TableIndex.SETTINGS);
    for (TableIndex index : rebuildable.indexes) {
      step.accept("indexing " + index.name());
      session.execute(index.build());
    }
    if (!TableIndex.catalogue(session, table).equals(rebuildable.catalogue)) {
      throw new SQLException("an index is not as it was", SqlState.INTERNAL_ERROR);
    }
    session.execute(
        """
        SELECT set_config('search_path', ?, true), set_config('extra_float_digits', ?, true),
               set_config('default_tablespace', ?, true)""",
        settings);
  }

  /** Whether the index may be at fault; then the load may do without dropping it. */
  private static boolean isOfTheIndex(SQLException e) {
    return !SqlErrors.isConnectionLost(e) && !SqlState.QUERY_CANCELED.equals(e.getSQLState());
  }

  private <T> T fillWithIndexes(Filling<T> filling, SQLException failure) throws SQLException {
    try {
      T result = filling.run();
      log.warn(
          "{} has an index that cannot be built after the rows (SQLSTATE {}), so they were imported"
              + " twice. REBUILD_INDEXES=off avoids that",
          table.name(),
          failure.getSQLState());
      return result;
    } catch (LoadException e) {
      if (e.code() == ErrorCode.OUT_OF_TIME && ImportErrors.isRowRejected(failure)) {
        throw ImportErrors.row(failure, table);
      }
      throw e;
    }
  }
}

package s3topostgres.faults;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import s3topostgres.mode.PeriodKey;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.postgres.UniqueIndex;

/** Compares the keys of a file's rows with each other, and keeps which come twice. */
record KeyTrial(Session session, TargetTable table, TypedRows rows, List<ColumnTrial> fields) {

  /** Compares the row key, and the unique keys of the table whose columns the file has. */
  void run(List<String> key) throws SQLException {
    Optional<List<ColumnTrial>> own =
        ColumnTrial.named(key, fields).filter(parts -> !parts.isEmpty());
    if (own.isPresent()) {
      compare(own.get(), "the key (%s) of", true);
    }
    for (UniqueIndex index : UniqueIndex.of(session, table)) {
      Optional<List<ColumnTrial>> parts = ColumnTrial.named(index.columns(), fields);
      if (parts.isPresent()
          && !index.withoutOverlaps()
          && !parts.map(Set::copyOf).equals(own.map(Set::copyOf))) {
        compare(
            parts.get(),
            "the same %%s (constraint %s) as".formatted(index.name().replace("%", "%%")),
            index.nullsDiffer());
      }
    }
    comparePeriods(key);
  }

  /**
   * @param words for a row that has the key of an earlier one, with a place for the columns
   */
  private void compare(List<ColumnTrial> key, String words, boolean nullsDiffer)
      throws SQLException {
    String names = ColumnTrial.joined(key, ", ", ColumnTrial::name);
    session.execute(
        """
        INSERT INTO %1$s (place, earlier, reason)
        SELECT %2$s, earlier, ?
        FROM (
          SELECT %2$s, min(%2$s) OVER (PARTITION BY %3$s) AS earlier
          FROM (%4$s) AS typed WHERE %5$s) AS keys
        WHERE %2$s > earlier"""
            .formatted(
                FaultTable.NAME,
                rows.stage().number(),
                names,
                rows.of(key),
                nullsDiffer
                    ? ColumnTrial.joined(key, " AND ", part -> part.name() + " IS NOT NULL")
                    : "true"),
        "a second row with " + words.formatted(names));
  }

  /** Compares the keys WITHOUT OVERLAPS whose columns the file has. */
  private void comparePeriods(List<String> key) throws SQLException {
    for (PeriodKey period : PeriodKey.of(session, table)) {
      List<String> names = period.columns().stream().map(Column::name).toList();
      Optional<List<ColumnTrial>> parts = ColumnTrial.named(names, fields);
      if (parts.isEmpty()) {
        continue;
      }
      ColumnTrial last = parts.get().get(names.size() - 1);
      session.execute(
          "INSERT INTO %s (place, field, reason) SELECT %s, ?, ? FROM (%s) AS typed WHERE isempty(%s)"
              .formatted(
                  FaultTable.NAME,
                  rows.stage().number(),
                  rows.of(List.of(last)),
                  period.period().quoted()),
          last.place(),
          ImportErrors.EMPTY_PERIOD);
      // Rows with the same key have been found as such.
      boolean equalToo = !Set.copyOf(names).equals(Set.copyOf(key));
      period.findOverlaps(session, rows.of(parts.get()), rows.stage().number(), equalToo);
      session.execute(
          "INSERT INTO %s (place, earlier, reason) SELECT later, earlier, ? FROM %s"
              .formatted(FaultTable.NAME, PeriodKey.OVERLAPS),
          period.reason() + ", that of");
    }
  }
}

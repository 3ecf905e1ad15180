package s3topostgres.mode;

import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.Warning;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * The sequence whose next value is a column's default: of {@code serial}, or of an identity. A file
 * that brings values for the column leaves it behind, and the application's next insert would fail.
 *
 * @param oid of the sequence
 * @param name with its schema, quoted as SQL needs it
 * @param column that takes its default from it
 * @param isIndexed whether the column's largest value is found without reading the table
 * @param isSelectable whether the database user may read the column
 */
public record ColumnSequence(
    TargetTable table,
    long oid,
    String name,
    Column column,
    boolean isIndexed,
    boolean isSelectable) {

  /** So many numbers are drawn one by one; no other session takes as many within a statement. */
  private static final int MOST_DRAWN = 1_000_000;

  /** Nine tenths: of the values that a sequence can have, the rest is for its own numbers. */
  private static final BigDecimal REACHABLE = new BigDecimal("0.9");

  /**
   * A sequence, with what a file brought.
   *
   * @param largest value of the file for the column; empty where it could not be looked up
   */
  public record Reached(ColumnSequence sequence, Optional<BigDecimal> largest) {}

  /**
   * Finds the sequences that are behind the file's values, and can be moved.
   *
   * @param warnings receives one for each sequence that may be behind, and cannot be moved
   */
  public static List<Reached> movable(
      Session session, List<Reached> reached, Consumer<Warning> warnings) throws SQLException {
    List<Reached> movable = new ArrayList<>();
    for (Reached sequence : reached) {
      if (sequence.sequence.isMovable(session, sequence.largest, warnings)) {
        movable.add(sequence);
      }
    }
    return movable;
  }

  /** Moves sequences to the file's largest value, and never back. A rollback does not undo it. */
  public static void move(Session session, List<Reached> movable) throws SQLException {
    for (Reached sequence : movable) {
      sequence.sequence.advance(session, sequence.largest.orElseThrow());
    }
  }

  /** Finds the sequences of a file's columns, with an increment of 1. */
  static List<ColumnSequence> of(Session session, TargetTable table, List<Column> columns)
      throws SQLException {
    return session.query(
        """
        SELECT a.attname AS name, s.oid::bigint AS oid,
          format('%I.%I', n.nspname, s.relname) AS sequence,
          EXISTS (
            SELECT FROM pg_index i JOIN pg_opclass o ON o.oid = i.indclass[0]
              JOIN pg_am m ON m.oid = o.opcmethod
            WHERE i.indrelid = a.attrelid AND i.indkey[0] = a.attnum AND i.indisvalid
              AND i.indpred IS NULL AND m.amname = 'btree') AS indexed,
          has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS selectable
        FROM pg_attribute a
          JOIN pg_type t ON t.oid = a.atttypid AND t.typcategory = 'N'
          JOIN LATERAL (
            SELECT objid AS oid FROM pg_depend
            WHERE a.attidentity <> '' AND deptype = 'i' AND classid = 'pg_class'::regclass
              AND refclassid = 'pg_class'::regclass AND refobjid = a.attrelid AND refobjsubid = a.attnum
            UNION ALL
            SELECT d.refobjid
            FROM pg_attrdef f JOIN pg_depend d
              ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
            WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum
              AND pg_get_expr(f.adbin, f.adrelid) = format('nextval(%L::regclass)', d.refobjid::regclass)
          ) AS own ON true
          JOIN pg_sequence q ON q.seqrelid = own.oid AND q.seqincrement = 1
          JOIN pg_class s ON s.oid = own.oid
          JOIN pg_namespace n ON n.oid = s.relnamespace
        WHERE a.attrelid = ?::oid AND a.attname = ANY (?::text[])
        ORDER BY a.attnum""",
        row ->
            new ColumnSequence(
                table,
                row.getLong("oid"),
                row.getString("sequence"),
                table.column(row.getString("name")).orElseThrow(),
                row.getBoolean("indexed"),
                row.getBoolean("selectable")),
        table.oid(),
        columns.stream().map(Column::name).toArray(String[]::new));
  }

  /**
   * Finds the sequences of a file's columns, and how far the file's values reach.
   *
   * @param columns of the file
   * @param source the table with the file's rows; empty if there are too many others beside them
   */
  public static List<Reached> reached(
      Session session, TargetTable table, List<Column> columns, Optional<String> source)
      throws SQLException {
    List<Reached> reached = new ArrayList<>();
    for (ColumnSequence sequence : of(session, table, columns)) {
      boolean readable =
          source.filter(from -> !from.equals(table.name()) || sequence.isSelectable).isPresent();
      if (!readable) {
        reached.add(new Reached(sequence, Optional.empty()));
        continue;
      }
      Optional<BigDecimal> largest =
          session.one(
              // NaN and infinity are no numbers of a sequence.
              "SELECT CASE WHEN most < 1e19 THEN trunc(most) END FROM (SELECT max(%s)::numeric AS most FROM %s) AS file"
                  .formatted(sequence.column.quoted(), source.get()),
              row -> Optional.ofNullable(row.getBigDecimal(1)));
      largest.ifPresent(value -> reached.add(new Reached(sequence, Optional.of(value))));
    }
    return reached;
  }

  /**
   * @param least that its last number can be
   */
  private record Position(boolean mayMove, BigDecimal most, BigDecimal least) {}

  private boolean isMovable(
      Session session, Optional<BigDecimal> largest, Consumer<Warning> warnings)
      throws SQLException {
    Optional<Position> position = position(session);
    if (position.isEmpty()
        || largest.filter(value -> value.compareTo(position.get().least) <= 0).isPresent()) {
      return false;
    }
    Optional<String> why = whyNot(session, largest, position.get());
    why.map(this::mayBeBehind).ifPresent(warnings);
    return why.isEmpty();
  }

  private Optional<String> whyNot(Session session, Optional<BigDecimal> largest, Position position)
      throws SQLException {
    if (largest.isEmpty()) {
      return Optional.of(
          isSelectable
              ? "its largest value is not looked for, because it has no index:"
              : "the database user may not read it: GRANT SELECT, or");
    }
    if (!position.mayMove) {
      return Optional.of(
          "the database user may not move it: GRANT USAGE, UPDATE ON SEQUENCE %s TO %s, or"
              .formatted(name, session.user()));
    }
    return largest.get().compareTo(position.most.multiply(REACHABLE)) > 0
        ? Optional.of("they are beyond nine tenths of what it can give: if they are right,")
        : Optional.empty();
  }

  /** The sequence's position; empty if a script has dropped it. */
  private Optional<Position> position(Session session) throws SQLException {
    return session
        .query(
            """
            SELECT has_sequence_privilege(seqrelid, 'UPDATE') AS movable, seqmax,
              greatest(
                seqmin::numeric - 1,
                CASE WHEN has_sequence_privilege(seqrelid, 'SELECT') OR has_sequence_privilege(seqrelid, 'USAGE')
                  THEN pg_sequence_last_value(seqrelid) END) AS least
            FROM pg_sequence WHERE seqrelid = ?::oid""",
            row ->
                new Position(
                    row.getBoolean("movable"),
                    row.getBigDecimal("seqmax"),
                    row.getBigDecimal("least")),
            oid)
        .stream()
        .findFirst();
  }

  /**
   * Draws the numbers up to a value, so that nobody else gets them, whoever draws at the same time.
   * To a value that is far ahead it jumps. That would go back only if others had drawn {@value
   * #MOST_DRAWN} numbers between two calls within the statement.
   */
  private void advance(Session session, BigDecimal largest) throws SQLException {
    session.execute(
        """
        SELECT CASE
          WHEN next >= largest THEN next
          WHEN next < largest - %d THEN setval(sequence, largest)
          ELSE (
            SELECT max(number)
            FROM (SELECT nextval(sequence) AS number FROM generate_series(next + 1, largest) OFFSET 0) AS numbers)
          END
        FROM (
          SELECT nextval(sequence) AS next, sequence, largest
          FROM (SELECT ?::oid::regclass AS sequence, ?::bigint AS largest) AS target OFFSET 0) AS drawn"""
            .formatted(MOST_DRAWN),
        oid,
        largest);
  }

  private Warning mayBeBehind(String why) {
    return new Warning(
        null,
        column.name(),
        1,
        "The sequence %s may be behind the file's values; %s run SELECT setval('%s', (SELECT max(%s) FROM %s))."
            .formatted(name, why, name.replace("'", "''"), column.quoted(), table.name()));
  }
}

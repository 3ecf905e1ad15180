package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.Warning;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;

/** The rows of a stage, for a mode that takes them as those of a file. */
record StagedRows(Session session, TargetTable table, Stage stage) implements RowSource {

  /** Imports a file into a stage first, because its fields are not all columns of the table. */
  static StagedRows of(Session session, TargetTable table, RowSource file) throws SQLException {
    Stage.requirePrivilege(session);
    return new StagedRows(session, table, Stage.fill(session, table, file));
  }

  @Override
  public List<Column> columns() {
    return stage.columns();
  }

  @Override
  public ObjectLocation location() {
    return stage.file().location();
  }

  @Override
  public long bytes() {
    return stage.file().bytes();
  }

  @Override
  public int headerLines() {
    return stage.file().headerLines();
  }

  @Override
  public List<Warning> warnings() {
    return stage.file().warnings();
  }

  @Override
  public long into(String name) throws SQLException {
    VirtualColumns virtualColumns = VirtualColumns.of(session, table);
    String insert =
        "INSERT INTO %s AS t (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s ORDER BY %4$s"
            .formatted(name, Stage.list("", columns()), stage.source(), stage.number());
    try {
      return session.inSavepoint(() -> virtualColumns.write(session, "", insert));
    } catch (SQLException e) {
      if (ImportErrors.isRowRejected(e)) {
        throw new StagedFault(session, table, stage).explain(e);
      }
      throw e;
    }
  }
}

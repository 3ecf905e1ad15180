package s3topostgres.faults;

import java.util.List;
import s3topostgres.mode.Stage;

/** The rows of a stage of texts, with each value as its column's type has it. */
record TypedRows(Stage stage) {

  /** The query of the rows in which these fields have no fault, each value of its column's type. */
  String of(List<ColumnTrial> fields) {
    return """
        SELECT %1$s, %2$s
        FROM (
          SELECT * FROM %3$s
          WHERE NOT EXISTS (
            SELECT FROM %4$s AS f WHERE f.place = %1$s AND f.field IN (%5$s))
          OFFSET 0 -- So that no value is cast before this condition is looked at.
        ) AS good"""
        .formatted(
            stage.number(),
            ColumnTrial.joined(fields, ", ", ColumnTrial::cast),
            Stage.TABLE,
            FaultTable.NAME,
            ColumnTrial.joined(fields, ", ", field -> Integer.toString(field.place())));
  }
}

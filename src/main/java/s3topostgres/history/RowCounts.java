package s3topostgres.history;

/** The numbers of rows of the target table that a load changed. */
public record RowCounts(long inserted, long updated, long deleted) {

  public boolean areNone() {
    return inserted + updated + deleted == 0;
  }

  /**
   * Whether so few rows changed that the statistics of the planner stay good.
   *
   * @param rows of the table
   * @see <a
   *     href="https://www.postgresql.org/docs/current/runtime-config-vacuum.html#GUC-AUTOVACUUM-ANALYZE-SCALE-FACTOR">autovacuum_analyze_scale_factor</a>
   */
  public boolean areFewOf(long rows) {
    return (inserted + updated + deleted) * 10 < rows;
  }
}

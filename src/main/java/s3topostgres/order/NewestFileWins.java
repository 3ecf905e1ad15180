package s3topostgres.order;

/** Each file is the whole table: older uploads are stale, and of a backlog the newest is enough. */
public record NewestFileWins(BucketListing listing) implements LoadOrder {

  @Override
  public boolean isWholeTable() {
    return true;
  }
}

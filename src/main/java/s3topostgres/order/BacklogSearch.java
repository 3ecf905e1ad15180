package s3topostgres.order;

import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import s3topostgres.s3.ListedObject;

/** Finds the loads that were never done, from a bucket's list that comes page by page. */
public interface BacklogSearch extends BucketListing.Page {

  /**
   * Takes the next page.
   *
   * @param files younger ones included
   */
  @Override
  void take(List<ListedObject> files) throws SQLException;

  /**
   * The time before which no file of the pages is to be loaded; empty where that saves nothing
   * because files are told by their names.
   */
  default Optional<Instant> known() {
    return Optional.empty();
  }

  /** The loads, after the last page: for each table in the order in which they are tried. */
  List<List<LoadTask>> tasks() throws SQLException;
}

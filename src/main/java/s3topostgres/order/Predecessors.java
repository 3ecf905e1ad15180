package s3topostgres.order;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.history.History;
import s3topostgres.postgres.Session;

/** Finds the loads that must come before one announced upload. */
public interface Predecessors {
  /** For an upload that nothing must come before. */
  Predecessors NONE = context -> Optional.of(List.of());

  /**
   * Lists what may come before the upload. Called outside of any transaction, because a list may
   * take long, and before each attempt to load; only the first call lists.
   */
  default void list(Session session, History history) throws SQLException {}

  /**
   * Finds the loads among what was listed, in order. Called while other loads of the table are
   * locked out, for an upload that is {@code NEW}.
   *
   * @return empty if the bucket's list shows that the upload is stale
   */
  Optional<List<LoadTask>> find(LoadContext context) throws SQLException;
}

package s3topostgres.dms;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import s3topostgres.dms.DmsHistory.Position;
import s3topostgres.history.History;
import s3topostgres.order.BacklogScope;
import s3topostgres.order.BacklogSearch;
import s3topostgres.order.LoadTask;
import s3topostgres.postgres.Session;
import s3topostgres.s3.ListedObject;

/**
 * Finds what is missing of each table that the history knows. Keeps the pending changes and the
 * files of full loads: changes that were applied are told by their names.
 */
final class DmsBacklog implements BacklogSearch {
  private final DmsOrder order;
  private final Session session;
  private final History history;
  private final BacklogScope scope;
  private final Map<Map<String, String>, Optional<String>> tables = new HashMap<>();
  private final Map<String, Position> positions = new HashMap<>();
  private final Map<String, List<ListedObject>> files = new TreeMap<>();

  DmsBacklog(DmsOrder order, Session session, History history, BacklogScope scope) {
    this.order = order;
    this.session = session;
    this.history = history;
    this.scope = scope;
  }

  @Override
  public void take(List<ListedObject> page) throws SQLException {
    if (history.tableName().isEmpty()) {
      return;
    }
    for (Map.Entry<String, List<ListedObject>> table :
        order.listing().byTable(session, page, tables).entrySet()) {
      if (!positions.containsKey(table.getKey())) {
        positions.put(table.getKey(), of(table.getKey()).position());
      }
      Position position = positions.get(table.getKey());
      if (!position.none()) {
        table.getValue().stream()
            .filter(file -> isPending(file, position))
            .forEach(files.computeIfAbsent(table.getKey(), name -> new ArrayList<>())::add);
      }
    }
  }

  private static boolean isPending(ListedObject file, Position position) {
    return DmsFile.find(file.location())
        .filter(it -> it.time().filter(position::isBehind).isEmpty())
        .isPresent();
  }

  /**
   * Leaves a table alone where a file failed for a reason that a retry does not change. The end of
   * a full load waits until its last file is old enough.
   */
  @Override
  public List<List<LoadTask>> tasks() throws SQLException {
    List<List<LoadTask>> backlog = new ArrayList<>();
    for (Map.Entry<String, List<ListedObject>> table : files.entrySet()) {
      DmsHistory ofTable = of(table.getKey());
      DmsListing all = DmsListing.among(table.getValue());
      DmsListing old = all.until(scope.end());
      boolean complete = old.fullLoad().size() == all.fullLoad().size();
      List<LoadTask> tasks =
          order.tasks(ofTable, ofTable.position(), old, scope.region(), complete);
      if (!tasks.isEmpty()
          && !ofTable.hasFailedForGood(
              tasks.get(0).upload(), order.listing().settings().functionTimeout())) {
        backlog.add(tasks);
      }
    }
    return backlog;
  }

  private DmsHistory of(String table) {
    return DmsHistory.of(session, history, table);
  }
}

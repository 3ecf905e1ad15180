package s3topostgres.order;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.history.History;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.Upload;

/**
 * Each file is loaded once, and after the uploads for its table that were finished before it.
 * Uploads of the same second have no order.
 */
public record ByUpload(BucketListing listing, Database database) implements LoadOrder {

  @Override
  public List<LoadTask> predecessors(Upload upload, Deadline deadline, Deadline latestStart) {
    if (listing.settings().historyTable().isEmpty() || upload.sequencer().isEmpty()) {
      return List.of();
    }
    List<ListedObject> files = listing.files(upload.object().bucket(), deadline);
    Optional<ListedObject> own =
        files.stream().filter(file -> file.location().equals(upload.object())).findFirst();
    List<ListedObject> earlier =
        files.stream()
            .filter(file -> own.filter(it -> file.modified().isBefore(it.modified())).isPresent())
            .filter(file -> listing.mayBeOfOneTable(file.location(), upload.object()))
            .toList();
    if (earlier.isEmpty()) {
      return List.of();
    }
    try (Session session = database.connect(deadline, latestStart)) {
      History history = History.openExisting(session, listing.settings().historyTable());
      return listing.backlogOfTable(session, history, own.get(), earlier, upload.region());
    } catch (SQLException e) {
      throw SqlErrors.translate(e, deadline);
    }
  }
}

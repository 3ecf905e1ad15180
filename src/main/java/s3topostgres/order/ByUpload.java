package s3topostgres.order;

import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import s3topostgres.LoadException;
import s3topostgres.history.History;
import s3topostgres.postgres.Session;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.Upload;

/**
 * Each file is loaded once, and after the uploads for its table that were finished before it.
 * Uploads of the same second have no order.
 */
public record ByUpload(BucketListing listing) implements LoadOrder {

  @Override
  public boolean stopsAfter(LoadException failure) {
    return isBlockedBy(failure);
  }

  @Override
  public Predecessors predecessors(Upload upload) {
    return listing.settings().historyTable().isEmpty() || upload.sequencer().isEmpty()
        ? Predecessors.NONE
        : new Earlier(upload);
  }

  /** Finds the uploads that were finished before one, and were never loaded. */
  private final class Earlier implements Predecessors {
    private final Upload upload;
    private Optional<List<ListedObject>> listed = Optional.empty();

    private Earlier(Upload upload) {
      this.upload = upload;
    }

    @Override
    public void list(Session session, History history) {
      if (listed.isEmpty()) {
        String prefix = listing.settings().objectKeys().prefix();
        listed =
            Optional.of(listing.files(upload.object().bucket(), prefix, "", session.deadline()));
      }
    }

    @Override
    public Optional<List<LoadTask>> find(LoadContext context) throws SQLException {
      List<ListedObject> files = listed.orElseThrow();
      Optional<ListedObject> own =
          files.stream().filter(file -> file.location().equals(upload.object())).findFirst();
      if (own.isEmpty()) {
        return Optional.of(List.of());
      }
      MissingUploads earlier =
          new MissingUploads(
              listing,
              context.session(),
              context.history(),
              false,
              new BacklogScope(Instant.MIN, own.get().modified(), upload.region()));
      earlier.take(
          files.stream()
              .filter(file -> listing.mayBeOfOneTable(file.location(), upload.object()))
              .toList());
      return Optional.of(earlier.byTable().getOrDefault(context.table().name(), List.of()));
    }
  }
}

package s3topostgres.order;

import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import s3topostgres.LoadException;
import s3topostgres.csv.NewerFiles;
import s3topostgres.history.History;
import s3topostgres.mode.LoadMode;
import s3topostgres.postgres.Session;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.Upload;

/**
 * Each file is loaded once, as if after the uploads for its table that were finished before it:
 * where the bucket has few objects, those are loaded first. A file that is late nevertheless is put
 * under those that were uploaded later. Of uploads in one second the events tell the order, where
 * there are any.
 */
public record ByUpload(BucketListing listing) implements LoadOrder {

  @Override
  public boolean stopsAfter(LoadException failure) {
    return isBlockedBy(failure);
  }

  @Override
  public LoadMode mode(LoadContext context) throws SQLException {
    Upload upload = context.progress().upload();
    if (upload.eventTime().isEmpty()) {
      return context.mode();
    }
    List<ListedObject> newer =
        context
            .history()
            .newer(
                context.session(),
                context.table().name(),
                upload.object(),
                uploadedAt(upload, context.progress().object()).orElseThrow());
    return newer.isEmpty()
        ? context.mode()
        : context
            .mode()
            .under(
                new NewerFiles(
                    context.files(), context.session(), context.table(), upload.region(), newer));
  }

  @Override
  public Predecessors predecessors(Upload upload) {
    return listing.settings().historyTable().isEmpty() || upload.sequencer().isEmpty()
        ? Predecessors.NONE
        : new Earlier(upload);
  }

  /**
   * Finds the uploads that were finished before one, and were never loaded; none where the bucket
   * has too many objects for one request to list them.
   */
  private final class Earlier implements Predecessors {
    private final Upload upload;
    private Optional<List<ListedObject>> files = Optional.empty();
    private boolean listed;

    private Earlier(Upload upload) {
      this.upload = upload;
    }

    @Override
    public void list(Session session, History history) {
      if (!listed) {
        listed = true;
        files = listing.few(upload.object().bucket(), session.deadline());
      }
    }

    @Override
    public Optional<List<LoadTask>> find(LoadContext context) throws SQLException {
      List<ListedObject> few = files.orElse(List.of());
      Optional<ListedObject> own =
          few.stream().filter(file -> file.location().equals(upload.object())).findFirst();
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
          few.stream()
              .filter(file -> listing.mayBeOfOneTable(file.location(), upload.object()))
              .toList());
      return Optional.of(earlier.byTable().getOrDefault(context.table().name(), List.of()));
    }
  }
}

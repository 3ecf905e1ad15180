package s3topostgres.load;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.Mode;
import s3topostgres.history.MissedUploads;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.Objects;
import s3topostgres.s3.Upload;

/** What is in the bucket, and the history does not know. */
final class Missed {
  private final LoadSettings settings;
  private final Objects objects;
  private final Database database;

  Missed(LoadSettings settings, Objects objects, Database database) {
    this.settings = settings;
    this.objects = objects;
    this.database = database;
  }

  /** All CSV files of a bucket. */
  List<ListedObject> files(String bucket, Patience patience) {
    return objects.list(bucket, patience.deadline().left()).stream()
        .filter(object -> object.location().isCsv())
        .toList();
  }

  /**
   * Those that are to be loaded after all, the newest first.
   *
   * @param region of the bucket
   */
  List<Upload> among(List<ListedObject> files, String region, Patience patience) {
    if (files.isEmpty() || settings.historyTable().isEmpty()) {
      return List.of();
    }
    try (Session session = database.connect(patience.deadline(), patience.latestStart())) {
      TargetTable table = TargetTable.resolve(session, settings.table());
      return MissedUploads.find(session, settings, table.name(), region, files);
    } catch (SQLException e) {
      throw SqlErrors.translate(e, patience.deadline());
    }
  }

  /**
   * Where the order of uploads matters, those that were finished before one and are to be loaded
   * before it, the oldest first. Uploads of the same second have no order.
   */
  List<Upload> before(Upload upload, Patience patience) {
    if (settings.mode() != Mode.UPSERT
        || settings.historyTable().isEmpty()
        || upload.sequencer().isEmpty()
        || upload.found()) {
      return List.of();
    }
    List<ListedObject> files = files(upload.object().bucket(), patience);
    Optional<ListedObject> own =
        files.stream().filter(file -> file.location().equals(upload.object())).findFirst();
    List<ListedObject> earlier =
        files.stream()
            .filter(file -> own.filter(it -> file.modified().isBefore(it.modified())).isPresent())
            .toList();
    List<Upload> missed = new ArrayList<>(among(earlier, upload.region(), patience));
    Collections.reverse(missed);
    return missed;
  }
}

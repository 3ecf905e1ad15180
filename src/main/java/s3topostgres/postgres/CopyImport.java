package s3topostgres.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.sql.SQLException;
import java.util.List;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * Imports by streaming the object to {@code COPY ... FROM STDIN}. The database needs no extension
 * and no access to S3.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY</a>
 */
public record CopyImport(CsvFormat format, S3Objects objects, boolean freeze)
    implements ObjectImport {
  public CopyImport(CsvFormat format, S3Objects objects) {
    this(format, objects, false);
  }

  @Override
  public void install(Session session) {
    // Every Postgres has COPY.
  }

  @Override
  public boolean unpacks(StoredObject object) {
    return object.isGzip();
  }

  @Override
  public boolean pinsObject() {
    return true;
  }

  @Override
  public ObjectImport frozen() {
    return new CopyImport(format, objects, true);
  }

  @Override
  public boolean isWorthRepeating(LoadException failure) {
    return false;
  }

  @Override
  public long run(
      Session session,
      String into,
      TargetTable target,
      List<TargetTable.Column> columns,
      Upload upload,
      StoredObject object,
      ImportWatch watch)
      throws SQLException {
    String copy =
        "COPY %s (%s) FROM STDIN WITH %s"
            .formatted(into, CopyOptions.columns(columns), CopyOptions.of(format, columns, freeze));
    Deadline deadline = session.deadline();
    try (InputStream content =
        watch.through(objects.read(upload.object(), object, deadline::left))) {
      return session.copyIn(copy, content);
    } catch (SQLException e) {
      throw ImportErrors.translate(e, target, format.encoding(), deadline);
    } catch (LoadException e) {
      throw deadline.passed() ? SqlErrors.outOfTime() : e;
    } catch (IOException e) {
      // A read does not throw it, so close() did.
      throw new IllegalStateException(e);
    }
  }
}

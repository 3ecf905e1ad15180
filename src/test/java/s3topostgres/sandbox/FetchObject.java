package s3topostgres.sandbox;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * The program whose output the {@code aws_s3} stand-in copies into the table: writes one object to
 * standard output and then, to a file, how many bytes it sent or why it could not.
 *
 * <p>Postgres reads the output with {@code fread}, which no cancel interrupts. But Postgres signals
 * a cancel, a timeout and a termination to its whole process group, so they end this program and
 * with it the read, even while S3 is silent. A client that just disappears is noticed only at the
 * next write to it, as with any {@code COPY} from a program.
 */
final class FetchObject {
  private FetchObject() {}

  /** Where this program is on this machine. */
  static String classPath() {
    String location =
        FetchObject.class.getProtectionDomain().getCodeSource().getLocation().toString();
    return Path.of(URI.create(location)).toString();
  }

  /** The shell command that runs this program; its arguments follow as in {@link #main}. */
  static String command(String java, String classPath) {
    return quoted(java)
        + " -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -XX:-UsePerfData -Xmx64m -cp "
        + quoted(classPath)
        + " "
        + FetchObject.class.getName();
  }

  /**
   * Arguments: the object's URL; the file for the result; bytes a second, 0 for as fast as it goes;
   * and, to break the object on its way, the SQLSTATE that COPY shall fail with.
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path result = Path.of(arguments[1]);
    try {
      String fault = arguments.length > 3 ? arguments[3] : "";
      long bytes = fetch(URI.create(arguments[0]), Long.parseLong(arguments[2]), fault);
      Files.writeString(result, Long.toString(bytes));
    } catch (IOException e) {
      Files.writeString(result, String.valueOf(e.getMessage()));
      System.exit(1);
    }
  }

  /** As the extension does: it validates its URL by asking for a first byte, then it reads. */
  private static long fetch(URI url, long bytesPerSecond, String fault)
      throws IOException, InterruptedException {
    HttpURLConnection validation = open(url, "Range", "bytes=0-0");
    int status = status(validation);
    if (status == HttpURLConnection.HTTP_FORBIDDEN) {
      throw new IOException(
          "HTTP 403. Permission denied."
              + " Check bucket or provided credentials as they may no longer be valid.");
    }
    if (status >= 300) {
      throw new IOException(
          "Unable to validate pre-signed URL. Error: HTTP %d. Check your arguments and try again."
              .formatted(status));
    }
    HttpURLConnection connection = open(url, "If-Match", validation.getHeaderField("ETag"));
    status = status(connection);
    if (status == HttpURLConnection.HTTP_PRECON_FAILED) {
      throw new IOException("HTTP 412. The file has been modified since the import call started.");
    }
    if (status != HttpURLConnection.HTTP_OK) {
      throw new IOException("HTTP %d. Check your arguments and try again.".formatted(status));
    }
    boolean packed = "gzip".equals(connection.getContentEncoding());
    InputStream object = connection.getInputStream();
    long bytes =
        copy(
            packed ? new GZIPInputStream(object) : object,
            new FileOutputStream(FileDescriptor.out),
            bytesPerSecond,
            fault);
    long size = connection.getContentLengthLong();
    if (!packed && bytes < size) {
      // HttpURLConnection takes a broken connection for the end of the object.
      throw new IOException("transfer closed with outstanding read data remaining");
    }
    return size;
  }

  private static HttpURLConnection open(URI url, String header, String value) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
    connection.setRequestProperty(header, value);
    return connection;
  }

  private static int status(HttpURLConnection connection) throws IOException {
    try {
      return connection.getResponseCode();
    } catch (IOException e) {
      throw new IOException("CURL error code: 7", e);
    }
  }

  private static long copy(InputStream from, OutputStream to, long bytesPerSecond, String fault)
      throws IOException, InterruptedException {
    boolean throttled = bytesPerSecond > 0;
    byte[] chunk = new byte[throttled ? (int) Math.min(65_536, 1 + bytesPerSecond / 10) : 65_536];
    long bytes = 0;
    int line = 1;
    for (int n = from.read(chunk); n >= 0; n = from.read(chunk)) {
      line = damage(chunk, n, line, fault);
      to.write(chunk, 0, n);
      bytes += n;
      if (throttled) {
        Thread.sleep(1000L * n / bytesPerSecond);
      }
    }
    return bytes;
  }

  /** Breaks the third line for that SQLSTATE; returns the line that the next bytes are of. */
  private static int damage(byte[] bytes, int length, int firstLine, String sqlState) {
    int line = firstLine;
    for (int i = 0; i < length; i++) {
      boolean ends = bytes[i] == '\n';
      if (line == 3 && sqlState.equals("22P02") && Character.isDigit(bytes[i])) {
        bytes[i] = '?';
      } else if (line == 3 && sqlState.equals("22P04") && ends) {
        bytes[i] = ','; // The next line's fields are too many for this one.
      }
      line += ends ? 1 : 0;
    }
    return line;
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }
}

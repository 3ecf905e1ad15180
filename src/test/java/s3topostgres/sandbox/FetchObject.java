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
  private static final String TRY_AGAIN = "HTTP %d. Check your arguments and try again.";

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
   * Arguments: the object's URL; the file for the result; bytes a second, 0 for as fast as it goes.
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path result = Path.of(arguments[1]);
    try {
      long bytes = fetch(URI.create(arguments[0]), Long.parseLong(arguments[2]));
      Files.writeString(result, Long.toString(bytes));
    } catch (IOException e) {
      Files.writeString(result, String.valueOf(e.getMessage()));
      System.exit(1);
    }
  }

  private static long fetch(URI url, long bytesPerSecond) throws IOException, InterruptedException {
    HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
    int status = status(connection);
    if (status != HttpURLConnection.HTTP_OK) {
      throw new IOException(TRY_AGAIN.formatted(status));
    }
    if (connection.getContentLengthLong() == 0) {
      // What asking for the first bytes of an empty object comes to.
      throw new IOException(TRY_AGAIN.formatted(416));
    }
    InputStream object = connection.getInputStream();
    OutputStream output = new FileOutputStream(FileDescriptor.out);
    if ("gzip".equals(connection.getContentEncoding())) {
      return copy(new GZIPInputStream(object), output, bytesPerSecond);
    }
    long bytes = copy(object, output, bytesPerSecond);
    if (bytes < connection.getContentLengthLong()) {
      // HttpURLConnection takes a broken connection for the end of the object.
      throw new IOException("transfer closed with outstanding read data remaining");
    }
    return bytes;
  }

  private static int status(HttpURLConnection connection) throws IOException {
    try {
      return connection.getResponseCode();
    } catch (IOException e) {
      throw new IOException(
          "CURL error code: 7 when attempting to validate pre-signed URL, 0 attempt(s) remaining",
          e);
    }
  }

  private static long copy(InputStream from, OutputStream to, long bytesPerSecond)
      throws IOException, InterruptedException {
    boolean throttled = bytesPerSecond > 0;
    byte[] chunk = new byte[throttled ? (int) Math.min(65_536, 1 + bytesPerSecond / 10) : 65_536];
    long bytes = 0;
    for (int n = from.read(chunk); n >= 0; n = from.read(chunk)) {
      to.write(chunk, 0, n);
      bytes += n;
      if (throttled) {
        Thread.sleep(1000L * n / bytesPerSecond);
      }
    }
    return bytes;
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }
}

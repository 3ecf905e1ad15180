package s3topostgres.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** Certificate authorities and the certificates that they sign, made by the JDK's keytool. */
public final class Certificates {
  private static final String PASSWORD = "changeit";

  private final Path folder;
  private final Path store;

  /**
   * @param folder where the files are written; the caller removes it
   */
  public Certificates(Path folder) {
    this.folder = folder;
    this.store = folder.resolve("store.p12");
  }

  /** Makes an authority and returns its certificate, in PEM. */
  public Path authority(String name) throws IOException {
    make(name, List.of("-ext", "bc:c"), "-1d", "3");
    return pem(name);
  }

  /**
   * Makes a certificate with its key.
   *
   * @param host the name that it is for
   * @param start in days from now, such as {@code -1d}; it is valid for two days from then on
   * @return the certificate in PEM; {@link #key} is its key
   */
  public Path server(String name, String authority, String host, String start) throws IOException {
    make(name, List.of("-signer", authority, "-ext", "san=dns:" + host), start, "2");
    Path file = folder.resolve(name + ".key");
    Files.writeString(file, block("PRIVATE KEY", load(name).getEncoded()));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return pem(name);
  }

  /** The private key that belongs to a certificate, in PEM. */
  public static Path key(Path certificate) {
    return Path.of(certificate.toString().replaceFirst("\\.pem$", ".key"));
  }

  /** What a server shows with one of the certificates. */
  public SSLContext context(String name) throws IOException {
    try {
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(null, null);
      Certificate[] chain = {load().getCertificate(name)};
      keys.setKeyEntry(name, load(name), PASSWORD.toCharArray(), chain);
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(keys, PASSWORD.toCharArray());
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(factory.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  /** The JVM's own authorities and one of these: a key store whose password is "changeit". */
  public Path trustStore(String authority) throws IOException {
    Path file = folder.resolve("trust-" + authority);
    Files.copy(Path.of(System.getProperty("java.home"), "lib", "security", "cacerts"), file);
    Path certificate = folder.resolve(authority + ".pem");
    keytool(
        file,
        List.of("-importcert", "-noprompt", "-alias", authority, "-file", certificate.toString()));
    return file;
  }

  private void make(String name, List<String> kind, String start, String days) throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("-genkeypair", "-alias", name, "-dname", "CN=" + name));
    arguments.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
    arguments.addAll(List.of("-startdate", start, "-validity", days));
    arguments.addAll(kind);
    keytool(arguments);
  }

  private Path pem(String name) throws IOException {
    Path file = folder.resolve(name + ".pem");
    keytool(List.of("-exportcert", "-rfc", "-alias", name, "-file", file.toString()));
    return file;
  }

  private Key load(String name) throws IOException {
    try {
      return load().getKey(name, PASSWORD.toCharArray());
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private KeyStore load() throws IOException, GeneralSecurityException {
    return KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
  }

  private static String block(String kind, byte[] content) {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(kind, text);
  }

  private void keytool(List<String> arguments) throws IOException {
    keytool(store, arguments);
  }

  private void keytool(Path store, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(arguments);
    command.addAll(List.of("-keystore", store.toString(), "-storepass", PASSWORD));
    Path log = folder.resolve("keytool.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
        throw new IOException("keytool failed: " + Files.readString(log));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}

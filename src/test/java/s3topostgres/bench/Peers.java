package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Other loaders. Each replaces a table's rows by those of a file that it reads from the disk, which
 * spares it S3.
 */
final class Peers {
  private static final Path SOURCE = Path.of("src/bench/peers").toAbsolutePath();
  private static final Path FOLDER = Path.of("target/peers").toAbsolutePath();

  private Peers() {}

  /** A loader at work. */
  interface Peer {
    /**
     * Replaces the rows of a table.
     *
     * @param address of the database, as in libpq
     * @throws IOException when the loader fails, with what it printed
     */
    void load(Path file, String table, String address) throws IOException;
  }

  /** The loaders that are installed on this machine, by name: pgloader, or none. */
  static Map<String, Peer> installed() {
    Map<String, Peer> peers = new LinkedHashMap<>();
    if (Programs.works("pgloader", "--version")) {
      peers.put("pgloader", Peers::pgloader);
    }
    return peers;
  }

  /** Those, and the ones of PyPI, in the versions of requirements.txt, in a folder of their own. */
  static Map<String, Peer> withThoseOfPyPi(Report report) {
    Map<String, Peer> peers = installed();
    if (!peers.containsKey("pgloader")) {
      report.line("pgloader is left out: it is not installed.");
    }
    try {
      Programs.run("python3", "-m", "venv", FOLDER.toString());
      Programs.run(program("pip"), "install", "-q", "-r", SOURCE.resolve("requirements.txt") + "");
      for (String name : List.of("sling", "dlt", "duckdb")) {
        peers.put(name, (file, table, address) -> python(name, file, table, address));
      }
    } catch (IOException e) {
      report.line("sling, dlt and DuckDB are left out: " + e.getMessage());
    }
    return peers;
  }

  private static String program(String name) {
    return FOLDER.resolve("bin").resolve(name).toString();
  }

  private static void pgloader(Path file, String table, String address) throws IOException {
    Programs.run(
        "pgloader",
        "--type",
        "csv",
        "--with",
        "truncate",
        "--with",
        "drop indexes", // And build them again, as ours does.
        "--with",
        "skip header = 1",
        "--with",
        "fields terminated by ','",
        file.toString(),
        address + "?tablename=" + table);
  }

  private static void python(String loader, Path file, String table, String address)
      throws IOException {
    Programs.run(
        program("python"),
        SOURCE.resolve("load.py").toString(),
        loader,
        file.toString(),
        table,
        address);
  }
}

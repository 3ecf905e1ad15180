package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import s3topostgres.sandbox.LambdaRuntime;

/**
 * From the start of the process to the answer of its first load: with all of the machine, and with
 * the invocation at the share of one processor that Lambda gives it with 512 MB. The start-up has
 * the whole machine on Lambda, too.
 */
final class StartUp {
  private static final int ROUNDS = 10;

  /** The memory with which Lambda gives a whole processor. */
  private static final double MB_OF_ONE_PROCESSOR = 1769;

  private static final double ALL = 1;
  private static final double SHARE_OF_512_MB = 512 / MB_OF_ONE_PROCESSOR;

  private static final Path NAIVE = Path.of("target/naive/naive.jar");
  private static final String PYTHON = "/usr/bin/python3";

  private final Site site;
  private final Report report;

  StartUp(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  private interface Subject {
    LambdaRuntime start() throws IOException;
  }

  /** What one subject took in all rounds. */
  private static final class Figures {
    private final Series init = new Series();
    private final Series invocation = new Series();
    private final Series total = new Series();
  }

  void run() throws IOException {
    Map<String, Subject> subjects = subjects();
    Map<String, Figures> whole = new HashMap<>();
    Map<String, Figures> throttled = new HashMap<>();
    for (int round = 0; round <= ROUNDS; round++) {
      for (Map.Entry<String, Subject> subject : subjects.entrySet()) {
        Figures first = new Figures(); // The first round only fills the page cache.
        boolean counts = round > 0;
        measure(subject.getValue(), ALL, counts ? figures(whole, subject.getKey()) : first);
        measure(
            subject.getValue(),
            SHARE_OF_512_MB,
            counts ? figures(throttled, subject.getKey()) : first);
      }
    }
    report.compare("Start-up, %d runs each, median (min-max)".formatted(ROUNDS));
    compare("all processors", whole);
    compare("invocation with 0.29 of one", throttled);
  }

  private static Figures figures(Map<String, Figures> all, String subject) {
    return all.computeIfAbsent(subject, name -> new Figures());
  }

  private void compare(String power, Map<String, Figures> all) {
    Figures ours = all.remove("ours");
    all.forEach(
        (name, its) -> {
          report.compared(power + ": init", ours.init, name, its.init);
          report.compared(power + ": first invocation", ours.invocation, name, its.invocation);
          report.compared(power + ": total", ours.total, name, its.total);
        });
  }

  private void measure(Subject subject, double share, Figures figures) throws IOException {
    String event = site.upload("people.csv", "id,name\n1,Ana\n");
    try (LambdaRuntime runtime = subject.start()) {
      Duration init = runtime.took();
      ProcessHandle process = runtime.process();
      Optional<Throttle> throttle =
          share < ALL ? Optional.of(new Throttle(process, share)) : Optional.empty();
      Duration invocation = Site.load(runtime, event);
      throttle.ifPresent(Throttle::end);
      figures.init.add(init);
      figures.invocation.add(invocation);
      figures.total.add(
          init.plus(invocation), process.info().totalCpuDuration().orElse(Duration.ZERO));
    }
  }

  private Map<String, Subject> subjects() throws IOException {
    Map<String, String> settings = site.settings("people");
    Map<String, String> others = site.settings("people");
    others.put("CA_FILE", site.authorities().toString());
    others.put("AWS_CA_BUNDLE", site.authority().toString());
    Map<String, Subject> subjects = new LinkedHashMap<>();
    subjects.put("ours", () -> LambdaRuntime.start(settings));
    subjects.put("naive Java", () -> LambdaRuntime.start(NAIVE, "NaiveHandler", others));
    Optional.ofNullable(System.getProperty("bench.other"))
        .map(Path::of)
        .ifPresent(
            file ->
                subjects.put(
                    "another build",
                    () ->
                        LambdaRuntime.start(
                            file, "s3topostgres.handler.CsvLoadHandler", settings)));
    if (Programs.works(PYTHON, "-c", "import boto3, psycopg2")) {
      List<String> command = List.of(PYTHON, "handler.py");
      subjects.put(
          "Python", () -> LambdaRuntime.start(command, Path.of("src/bench/python"), others));
    } else {
      report.line(
          "Without Python: it has no boto3 or no psycopg2 (Debian: python3-boto3, python3-psycopg2).");
    }
    return subjects;
  }
}

package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipFile;

/**
 * One execution environment of the function, as Lambda makes it: the package that is deployed,
 * unpacked, and AWS's own runtime client, which loads the handler and asks the <a
 * href="https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html">Runtime API</a> for events.
 * That API is answered here. Not for use by several threads at once.
 *
 * <p>The environment is gone when the function has failed to initialise, exited, run over its time
 * or been killed; Lambda then makes another, and so does the caller. The runtime client has native
 * code, which exists for Linux only.
 */
public final class LambdaRuntime implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final Path CLIENT = ScratchFolder.SANDBOX.resolve("lambda-runtime");
  private static final String CLIENT_PACKAGE = "com.amazonaws.services.lambda.runtime.api.client.";

  /** What Lambda sets by itself, the quick compiler and not the good one. */
  private static final String ONE_COMPILER = "-XX:TieredStopAtLevel=1";

  /** Of the runtime client, unpacked where nobody else's is overwritten. */
  private static Optional<Path> nativeCode = Optional.empty();

  /** What the runtime client asks or tells, one after the other. */
  private final BlockingQueue<HttpExchange> requests = new LinkedBlockingQueue<>();

  private final LocalHttpServer api = new LocalHttpServer(requests::add);
  private final ServerProcess process;

  /** The request that waits for the next event, while the environment is idle. */
  private Optional<HttpExchange> idle = Optional.empty();

  private Optional<String> initError = Optional.empty();
  private long startNanos;
  private Duration took = Duration.ZERO;

  /**
   * How an invocation ended.
   *
   * @param failed whether the function threw, exited or ran over its time
   * @param body the result, or {@code errorMessage} and {@code errorType}; JSON
   */
  public record Answer(boolean failed, String body) {}

  private LambdaRuntime(List<String> command, Path taskRoot, Map<String, String> settings)
      throws IOException {
    Map<String, String> environment = new HashMap<>(lambdaEnvironment(taskRoot));
    environment.put("_HANDLER", command.get(command.size() - 1));
    environment.putAll(settings);
    List<String> all = new ArrayList<>(command);
    if (settings.getOrDefault("JAVA_TOOL_OPTIONS", "").contains(ONE_COMPILER.split("=")[0])) {
      // The JVM prefers its command line, and Lambda what the function asks for.
      all.remove(ONE_COMPILER);
    }
    ScratchFolder folder = ScratchFolder.create("lambda");
    try {
      startNanos = System.nanoTime();
      process = ServerProcess.start(folder, taskRoot, all, environment);
    } catch (IOException e) {
      api.close();
      throw e;
    }
  }

  /** {@link #start(String, Map)} for the function that loads. */
  public static LambdaRuntime start(Map<String, String> environment) throws IOException {
    return start("load", environment);
  }

  /**
   * Makes an environment and waits until it is idle or has failed. The caller closes it.
   *
   * @param function as {@code serverless.yml} names it
   * @param environment the function's settings; only what Lambda itself sets is added
   */
  public static LambdaRuntime start(String function, Map<String, String> environment)
      throws IOException {
    return start(DeploymentPackage.file(), DeploymentPackage.handler(function), environment);
  }

  /**
   * The same with any package.
   *
   * @param handler its class
   */
  public static LambdaRuntime start(Path file, String handler, Map<String, String> environment)
      throws IOException {
    return start(command(handler), DeploymentPackage.taskRoot(file), environment);
  }

  /**
   * The same with a program that speaks to the Runtime API itself.
   *
   * @param folder where it runs
   */
  public static LambdaRuntime start(
      List<String> command, Path folder, Map<String, String> environment) throws IOException {
    LambdaRuntime runtime = new LambdaRuntime(command, folder, environment);
    try {
      runtime.awaitIdle();
      runtime.measure();
      return runtime;
    } catch (IOException e) {
      runtime.close();
      throw e;
    }
  }

  /** {@link #invoke(String, Duration)} with more time than any load of a test takes. */
  public Answer invoke(String event) throws IOException {
    return invoke(event, LIMIT);
  }

  /** Invokes as Lambda does after a failure: each time with the same request's id. */
  public Answer retry(String event, String requestId) throws IOException {
    return invoke(event, LIMIT, requestId);
  }

  /**
   * Has the function handle an event, waits for its end, and kills it at the end of its time.
   *
   * @param event JSON
   */
  public Answer invoke(String event, Duration timeLimit) throws IOException {
    return invoke(event, timeLimit, UUID.randomUUID().toString());
  }

  private Answer invoke(String event, Duration timeLimit, String id) throws IOException {
    HttpExchange next =
        idle.orElseThrow(() -> new IllegalStateException("The environment is gone:\n" + log()));
    idle = Optional.empty();
    Instant deadline = Instant.now().plus(timeLimit);
    Headers headers = next.getResponseHeaders();
    headers.set("Content-Type", "application/json"); // The client crashes without.
    headers.set("Lambda-Runtime-Aws-Request-Id", id);
    headers.set("Lambda-Runtime-Deadline-Ms", Long.toString(deadline.toEpochMilli()));
    headers.set(
        "Lambda-Runtime-Invoked-Function-Arn",
        "arn:aws:lambda:" + S3Server.REGION + ":000000000000:function:sandbox");
    startNanos = System.nanoTime();
    LocalHttpServer.answer(next, 200, event);

    Optional<HttpExchange> end = request(deadline);
    measure();
    if (end.isEmpty()) {
      return new Answer(true, endOfProcess(id, timeLimit));
    }
    Answer answer =
        new Answer(end.get().getRequestURI().getPath().endsWith("/error"), accept(end.get()));
    awaitIdle();
    return answer;
  }

  /** How long the last step took: from the program's start until it is idle, or an invocation. */
  public Duration took() {
    return took;
  }

  /** The function as the operating system has it. */
  public ProcessHandle process() {
    return process.handle();
  }

  /** Why the function could not be initialised, as JSON, if it could not. */
  public Optional<String> initError() {
    return initError;
  }

  /** The lines that the function has printed so far. */
  public List<String> log() {
    return process.log().lines().toList();
  }

  /** Kills the function without telling it, as when its machine is lost. */
  public void kill() {
    process.kill();
  }

  @Override
  public void close() {
    process.close();
    api.close();
  }

  /** As in the managed Java runtimes. */
  private static List<String> command(String handler) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ServerProcess.JAVA);
    if (Runtime.version().feature() >= 24) {
      // Without it the JVM warns in the function's log: https://openjdk.org/jeps/472
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    Collections.addAll(
        command,
        "-XX:+UseSerialGC",
        "-XX:+TieredCompilation",
        ONE_COMPILER,
        "-XX:-UsePerfData",
        "-D" + CLIENT_PACKAGE + "runtimeapi.NativeClient.JNI=" + nativeCode(),
        "-cp",
        CLIENT.resolve("*").toString(),
        CLIENT_PACKAGE + "AWSLambda",
        handler);
    return command;
  }

  private static synchronized Path nativeCode() throws IOException {
    if (nativeCode.isEmpty()) {
      Path file = ScratchFolder.create("lambda-runtime").path().resolve("libaws-lambda-jni.so");
      String processor = System.getProperty("os.arch").equals("aarch64") ? "aarch_64" : "x86_64";
      Path jar = CLIENT.resolve("aws-lambda-java-runtime-interface-client.jar");
      try (ZipFile client = new ZipFile(jar.toFile());
          InputStream content =
              client.getInputStream(
                  client.getEntry("jni/libaws-lambda-jni.linux-" + processor + ".so"))) {
        Files.copy(content, file);
      }
      nativeCode = Optional.of(file);
    }
    return nativeCode.get();
  }

  /**
   * What Lambda sets.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime">defined
   *     runtime environment variables</a>
   */
  private Map<String, String> lambdaEnvironment(Path taskRoot) {
    return Map.ofEntries(
        Map.entry("AWS_ACCESS_KEY_ID", "sandbox"),
        Map.entry("AWS_DEFAULT_REGION", S3Server.REGION),
        Map.entry("AWS_EXECUTION_ENV", "AWS_Lambda_java17"),
        Map.entry("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
        Map.entry("AWS_LAMBDA_FUNCTION_NAME", "sandbox"),
        Map.entry("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        Map.entry("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        Map.entry("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/sandbox"),
        Map.entry("AWS_LAMBDA_LOG_STREAM_NAME", "sandbox"),
        Map.entry("AWS_LAMBDA_RUNTIME_API", api.address()),
        Map.entry("AWS_REGION", S3Server.REGION),
        Map.entry("AWS_SECRET_ACCESS_KEY", "sandbox"),
        Map.entry("AWS_SESSION_TOKEN", "sandbox"),
        Map.entry("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        Map.entry("LAMBDA_TASK_ROOT", taskRoot.toString()),
        Map.entry("LANG", "en_US.UTF-8"),
        Map.entry("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        Map.entry("TZ", ":UTC"));
  }

  private void measure() {
    took = Duration.ofNanos(System.nanoTime() - startNanos);
  }

  private void awaitIdle() throws IOException {
    Optional<HttpExchange> request = request(Instant.now().plus(LIMIT));
    if (request.isPresent() && request.get().getRequestURI().getPath().endsWith("/error")) {
      initError = Optional.of(accept(request.get()));
    } else {
      idle = request;
    }
  }

  /** The client's next request; none when the process ends or the limit is reached before. */
  private Optional<HttpExchange> request(Instant limit) throws IOException {
    try {
      HttpExchange request = null;
      boolean alive = true;
      while (request == null && alive && Instant.now().isBefore(limit)) {
        alive = process.isAlive();
        request = requests.poll(10, TimeUnit.MILLISECONDS);
      }
      return Optional.ofNullable(request);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while the function was running", e);
    }
  }

  private static String accept(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
    LocalHttpServer.answer(exchange, 202, "");
    return body;
  }

  private String endOfProcess(String id, Duration timeLimit) {
    String type = process.isAlive() ? "Sandbox.Timedout" : "Runtime.ExitError";
    String message =
        process.isAlive()
            ? "Task timed out after " + timeLimit.toMillis() / 1000.0 + " seconds"
            : "Runtime exited without providing a reason";
    process.kill();
    return """
        {"errorType":"%s","errorMessage":"RequestId: %s Error: %s"}"""
        .formatted(type, id, message);
  }
}

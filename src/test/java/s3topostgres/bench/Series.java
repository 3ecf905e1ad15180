package s3topostgres.bench;

import static java.util.stream.Collectors.joining;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One thing measured several times: seconds of the clock and, where they are known, of the
 * processor.
 */
final class Series {
  private final List<Double> seconds = new ArrayList<>();
  private final List<Double> cpuSeconds = new ArrayList<>();

  void add(Duration clock) {
    seconds.add(seconds(clock));
  }

  void add(Duration clock, Duration cpu) {
    add(clock);
    cpuSeconds.add(seconds(cpu));
  }

  double median() {
    return median(seconds);
  }

  /** The median of the processor's seconds. */
  double medianCpu() {
    return median(cpuSeconds);
  }

  double least() {
    return seconds.stream().min(Double::compare).orElseThrow();
  }

  double most() {
    return seconds.stream().max(Double::compare).orElseThrow();
  }

  /** The median with the least and the most: {@code 0.64 (0.60-0.71)}. */
  String spread() {
    return "%s (%s-%s)".formatted(shown(median()), shown(least()), shown(most()));
  }

  /** Each value, in the order in which it was measured. */
  String each() {
    return seconds.stream().map(Series::shown).collect(joining(" "));
  }

  String cpu() {
    return cpuSeconds.isEmpty() ? "" : shown(median(cpuSeconds));
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  private static String shown(double seconds) {
    return (seconds < 0.1 ? "%.4f" : seconds < 10 ? "%.2f" : "%.1f").formatted(seconds);
  }
}

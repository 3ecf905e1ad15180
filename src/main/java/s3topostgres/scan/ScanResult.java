package s3topostgres.scan;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import s3topostgres.Fault;
import s3topostgres.Warning;

/**
 * What the scan of a whole file has found.
 *
 * @param records of the file, without its header, malformed ones included
 * @param headerLines how many physical lines are given to {@code COPY} before the first record
 * @param malformed how many of them {@code COPY} would refuse or read otherwise than meant
 * @param places where they are
 * @param refusedValues the other records of which a value is refused, by their numbers among them,
 *     from 1; of more than {@value MalformedRecords#MOST} not all
 * @param faults the first {@value FaultList#KEPT} of them, in the order of their lines
 * @param count how many faults there are
 * @param byColumn how many of them are about a column's values, by its name
 * @param whatToDo whole sentences for whoever sent the file; empty without faults
 * @param warnings about values that are loaded
 */
public record ScanResult(
    long records,
    int headerLines,
    long malformed,
    MalformedRecords places,
    List<Long> refusedValues,
    List<Fault> faults,
    long count,
    Map<String, Long> byColumn,
    String whatToDo,
    List<Warning> warnings) {

  /** Names the file in its faults and warnings, where several are loaded as one. */
  public ScanResult of(Optional<String> part) {
    return new ScanResult(
        records,
        headerLines,
        malformed,
        places,
        refusedValues,
        faults.stream().map(fault -> fault.of(part)).toList(),
        count,
        byColumn,
        whatToDo,
        warnings.stream().map(warning -> warning.of(part)).toList());
  }
}

package s3topostgres.load;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import s3topostgres.check.DryRunTest;
import s3topostgres.faults.EveryFaultTest;
import s3topostgres.faults.LoadFailureTest;
import s3topostgres.modes.AppendAndUpsertTest;
import s3topostgres.modes.IndexBuildTest;
import s3topostgres.ordering.ConcurrentLoadTest;
import s3topostgres.ordering.DuplicateTest;
import s3topostgres.outages.BrokenConnectionTest;
import s3topostgres.outages.DeadlineTest;
import s3topostgres.outages.FaultsInEveryModeTest;
import s3topostgres.outages.ServerRestartTest;
import s3topostgres.readers.ReaderTest;
import s3topostgres.readers.SideBySideTest;
import s3topostgres.simulation.GeneratedFilesTest;
import s3topostgres.simulation.RandomFilesInEveryModeTest;
import s3topostgres.simulation.RandomisedTest;

/** The tests of loads, when the function reads the object and passes it on. */
@ImportedByCopy
@Tag("thorough")
class CopyLoadTest {
  @Nested
  class BrokenConnections extends BrokenConnectionTest {}

  @Nested
  class ConcurrentLoads extends ConcurrentLoadTest {}

  @Nested
  class Deadlines extends DeadlineTest {}

  @Nested
  class Duplicates extends DuplicateTest {}

  @Nested
  class GeneratedFiles extends GeneratedFilesTest {}

  @Nested
  class LoadFailures extends LoadFailureTest {}

  @Nested
  class Loads extends LoaderTest {}

  @Nested
  class RandomDeliveries extends RandomisedTest {}

  @Nested
  class Readers extends ReaderTest {}

  @Nested
  class ServerRestarts extends ServerRestartTest {}

  @Nested
  class Sessions extends SessionTest {}

  @Nested
  class AppendsAndUpserts extends AppendAndUpsertTest {}

  @Nested
  class FaultsInEveryMode extends FaultsInEveryModeTest {}

  @Nested
  class RandomFilesInEveryMode extends RandomFilesInEveryModeTest {}

  @Nested
  class SideBySide extends SideBySideTest {}

  @Nested
  class EveryFaults extends EveryFaultTest {}

  @Nested
  class DryRuns extends DryRunTest {}

  @Nested
  class IndexBuilds extends IndexBuildTest {}
}

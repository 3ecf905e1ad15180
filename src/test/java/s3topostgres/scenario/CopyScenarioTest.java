package s3topostgres.scenario;

import org.junit.jupiter.api.Tag;
import s3topostgres.load.ImportedByCopy;

/** The same scenarios, with files that the function reads and passes on. */
@ImportedByCopy
@Tag("thorough")
class CopyScenarioTest extends ScenarioTest {}

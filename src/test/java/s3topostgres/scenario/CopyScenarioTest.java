package s3topostgres.scenario;

import s3topostgres.load.ImportedByCopy;

/** The same scenarios, with files that the function reads and passes on. */
@ImportedByCopy
class CopyScenarioTest extends ScenarioTest {}

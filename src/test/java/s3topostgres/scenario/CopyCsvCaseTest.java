package s3topostgres.scenario;

import s3topostgres.load.ImportedByCopy;

/** The same files, which the function reads and passes on. */
@ImportedByCopy
class CopyCsvCaseTest extends CsvCaseTest {}

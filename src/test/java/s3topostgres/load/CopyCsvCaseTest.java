package s3topostgres.load;

/** The same files, which the function reads and passes on. */
@ImportedByCopy
class CopyCsvCaseTest extends CsvCaseTest {}

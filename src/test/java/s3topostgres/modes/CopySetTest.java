package s3topostgres.modes;

import org.junit.jupiter.api.Tag;
import s3topostgres.load.ImportedByCopy;

/** The same sets, whose files the function reads and passes on. */
@ImportedByCopy
@Tag("thorough")
class CopySetTest extends SetTest {}

package s3topostgres.modes;

import s3topostgres.load.ImportedByCopy;

/** The same sets, whose files the function reads and passes on. */
@ImportedByCopy
class CopySetTest extends SetTest {}

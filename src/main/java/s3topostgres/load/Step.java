package s3topostgres.load;

import s3topostgres.s3.Upload;

/**
 * Something to do to the table before something else is done to it.
 *
 * @param upload to load
 * @param completes whether it was loaded, as were the other files of the full load that it belongs
 *     to, and the table is to be made equal to them
 */
record Step(Upload upload, boolean completes) {}

/**
 * Reads every byte of a file and finds what {@code COPY} would take in silence, or refuse one line
 * at a time. {@link s3topostgres.scan.FileScan} is the entry: it is fed with the file and tells its
 * faults; {@link s3topostgres.scan.RecordSplitter} splits exactly as {@code COPY} does.
 */
package s3topostgres.scan;

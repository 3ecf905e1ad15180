/**
 * The faults of a file, found without touching its table: the file is imported into a stage of
 * texts, and the database tries every value. {@link s3topostgres.faults.TrialImport} first.
 */
package s3topostgres.faults;

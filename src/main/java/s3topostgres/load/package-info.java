/**
 * One load, from an upload to rows that are committed and recorded: {@link
 * s3topostgres.load.LoadTransaction} is one load on one page, and {@link s3topostgres.load.Loader}
 * calls it and reports.
 */
package s3topostgres.load;

/**
 * One load, from an upload to rows that are committed and recorded: {@link
 * s3topostgres.load.Loader} first, which is the whole story.
 */
package s3topostgres.load;

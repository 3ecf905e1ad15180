/**
 * What a load does to the target table: {@link s3topostgres.mode.LoadMode} first, then a class for
 * each mode.
 */
package s3topostgres.mode;

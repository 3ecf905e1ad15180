/**
 * Everything that knows AWS DMS: the names of its files, their fields, their order, and what they
 * do to the target table. {@link s3topostgres.dms.DmsFile} first.
 */
package s3topostgres.dms;

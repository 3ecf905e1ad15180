/**
 * Whether all that a load needs is there, found out without changing anything: {@link
 * s3topostgres.check.Checks} first.
 */
package s3topostgres.check;

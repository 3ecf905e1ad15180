/**
 * Checks whether all that a load needs is there, and changes nothing: open {@link
 * s3topostgres.check.SetupCheck} first.
 */
package s3topostgres.check;

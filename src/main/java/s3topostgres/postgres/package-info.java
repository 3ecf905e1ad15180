/**
 * The database: {@link s3topostgres.postgres.Database} connects, {@link
 * s3topostgres.postgres.Session} runs statements within the time that is left, {@link
 * s3topostgres.postgres.TargetTable} and {@link s3topostgres.postgres.ObjectImport} are what a load
 * works with. Errors leave this package as {@link s3topostgres.LoadException}, in our words, or as
 * bare {@code SQLException} for {@link s3topostgres.postgres.SqlErrors} to translate.
 */
package s3topostgres.postgres;

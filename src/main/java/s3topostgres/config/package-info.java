/**
 * The settings, read once from environment variables with all problems reported together: {@link
 * s3topostgres.config.Settings} first.
 */
package s3topostgres.config;

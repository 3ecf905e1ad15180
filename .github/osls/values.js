'use strict';

// Which values the settings of a deployment may have. What the function decides, it decides in its package config; a test
// compares the two.

const IDENTIFIER = /"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*)/gu;
const COLUMNS = new RegExp(`^\\s*(${IDENTIFIER.source})\\s*(,\\s*(${IDENTIFIER.source})\\s*)*$`, 'u');
const TABLE_PART = new RegExp(`\\{([^{}]*)\\}|${IDENTIFIER.source}`, 'gu');
const TABLE = new RegExp(`^(${TABLE_PART.source})(\\.(${TABLE_PART.source}))?$`, 'u');
const ENCODING = new RegExp(
  '^(utf8|unicode|sqlascii|latin[1-579]|koi8[ru]?|win(866|874|932|936|949|950|125[0-8])|sjis|shiftjis(2004)?|mskanji' +
    '|euc(jp|cn|kr|tw)|uhc|johab|big5|gbk|gb18030|iso8859([1-9]|1[356]))$'
);

// Each a pair: whether it takes a value, and the words for what it takes.
const form = (regex, words) => [(value) => regex.test(value), words];
const choice = (...words) => [(value) => words.includes(value), words.join(', ')];
const number = (least, most) => [
  (value) => /^[+-]?\d+$/.test(value) && Number(value) >= least && Number(value) <= most,
  `a whole number from ${least} to ${most}`,
];
const rows = form(/^(\d{1,10}|([1-9]\d?|100)%)$/, 'a whole number, or one from 1% to 100%');
const character = form(
  /^([\x01-\x09\x0b\x0c\x0e-\x7f]|tab)$/,
  'one ASCII character other than a line break, or the word tab'
);
const columns = [
  (value) => COLUMNS.test(value) && !hasDuplicates(columnNames(value)),
  'names of columns with commas between them, written as in SQL, and none twice',
];
const nameInRds = form(/^[A-Za-z][A-Za-z0-9-]*$/, 'the name in RDS, not an address');
const list = (prefix) =>
  form(
    new RegExp(`^${prefix}[^,\\s]+(,${prefix}[^,\\s]+)*$`),
    `names that begin with ${prefix}, with commas and without spaces between them`
  );

/** What each setting takes, if not any text. */
const TAKES = {
  DB_PORT: number(1, 65535),
  DB_AUTH: choice('password', 'iam'),
  DB_SSL_MODE: choice('verify-full', 'verify-ca', 'require', 'disable'),
  S3_KEY_PREFIX: form(/^[A-Za-z0-9/!_.'()-]*$/, "A to Z, a to z, digits and / ! - _ . ' ( )"),
  S3_KEY_PATTERN: [(value) => namesInKey(value) !== null, 'a form of object keys, as settings.md describes it'],
  S3_SET_MARKER: form(
    /^(?!.*\.csv(\.gz)?$)[A-Za-z0-9!_.'()-]+$/i,
    "none, or the name of an object of A to Z, a to z, digits and ! - _ . ' ( ), without its folder, which does not" +
      ' end in .csv or .csv.gz'
  ),
  S3_RESULTS_PREFIX: form(
    /^([A-Za-z0-9!_.'()-]+\/)+$/,
    "a folder that ends in a slash, of A to Z, a to z, digits and ! - _ . ' ( )"
  ),
  LOAD_MODE: choice('replace', 'sync', 'append', 'upsert', 'changes'),
  LOAD_KEY: columns,
  IMPORT_WITH: choice('aws_s3', 'copy'),
  CSV_HEADER: choice('match', 'skip', 'none'),
  CSV_COLUMNS: columns,
  CSV_DELIMITER: character,
  CSV_QUOTE: form(
    /^([\x01-\x09\x0b\x0c\x0e-\x7f]|tab|none)$/,
    'one ASCII character other than a line break, or the word tab or none'
  ),
  CSV_ESCAPE: character,
  CSV_ENCODING: [
    (value) => ENCODING.test(value.toLowerCase().replace(/[^a-z0-9]/g, '').replace(/^windows/, 'win')),
    'an encoding of Postgres, such as UTF8, LATIN1 or WIN1252',
  ],
  CSV_DATE_ORDER: choice('ymd', 'dmy', 'mdy'),
  CSV_SCAN: choice('on', 'off'),
  CSV_UNKNOWN_COLUMNS: choice('refuse', 'ignore'),
  MIN_ROWS: rows,
  MAX_REJECTED_ROWS: [
    (value) => rows[0](value) && (value.endsWith('%') || Number(value) <= 100_000),
    'a whole number up to 100000, or one from 1% to 100%',
  ],
  MAX_DELETED_ROWS: rows,
  FUNCTION_TIMEOUT_SECONDS: number(60, 1800),
  LOCK_TIMEOUT_SECONDS: number(0, 1800),
  REBUILD_INDEXES: choice('auto', 'off'),
  LOG_LEVEL: choice('info', 'trace', 'debug', 'warn', 'error'),
  // Of the deployment only.
  AWS_REGION: form(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'a region, such as eu-west-2'),
  SUBNET_IDS: list('subnet-'),
  SECURITY_GROUP_IDS: list('sg-'),
  KMS_KEY_ARNS: list('arn:'),
  DB_INSTANCE_IDENTIFIER: nameInRds,
  DB_CLUSTER_IDENTIFIER: nameInRds,
  FAILURES_TO: form(/^(arn:\S+|[^@\s]+@[^@\s]+)$/, 'an e-mail address, or the ARN of an SNS topic'),
  EXPECT_LOAD_EVERY_HOURS: number(1, 168),
  MAX_CONCURRENT_LOADS: form(/^([1-9]\d*|none)$/, 'a whole number from 1, or none'),
  CATCH_UP_EVERY: form(
    /^(never|1 (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)$/,
    '15 minutes, 1 hour, 2 days or the like, singular for one and plural for more; or never'
  ),
};

const marker = (s) => s('S3_SET_MARKER', 'none') !== 'none';
const tab = (value) => (value === 'tab' ? '\t' : value);
const delimiter = (s) => tab(s('CSV_DELIMITER', ','));
// With none, a control character stands for it, and another one where that is the delimiter.
const standIn = (s) => (delimiter(s) === '\x06' ? '\x05' : '\x06');
const quote = (s) => (s('CSV_QUOTE') === 'none' ? standIn(s) : tab(s('CSV_QUOTE', '"')));

/** Contradictions between settings; s(name, standard) is a setting's value. */
const CONTRADICTIONS = [
  [
    (s) => s('DB_AUTH') === 'iam' && s('DB_PASSWORD_PARAMETER'),
    'DB_AUTH is iam, which takes the place of DB_PASSWORD_PARAMETER: leave one out',
  ],
  [
    (s) => s('DB_AUTH') === 'iam' && s('DB_SSL_MODE') === 'disable',
    'DB_AUTH is iam, which needs TLS, but DB_SSL_MODE is disable',
  ],
  [
    (s) => s('DB_CA_CERTIFICATE') && !s('DB_SSL_MODE', 'verify-full').startsWith('verify'),
    'DB_CA_CERTIFICATE is set, but DB_SSL_MODE is one in which no certificate is checked',
  ],
  [
    (s) => JSON.stringify(namesInTable(s('DB_TABLE_NAME'))) !== JSON.stringify((namesInKey(s('S3_KEY_PATTERN', '*')) ?? []).sort()),
    'DB_TABLE_NAME and S3_KEY_PATTERN must have the same names in braces, and each stands for a whole identifier of the' +
      ' table, as in {schema}.{table}',
  ],
  [
    (s) => isHidden(s('S3_KEY_PREFIX'), s('S3_KEY_PATTERN')),
    'S3_KEY_PATTERN has a folder or name that begins with _, . or beam-temp-, and such objects are ignored, unless that' +
      ' is in S3_KEY_PREFIX',
  ],
  [
    (s) => s('S3_RESULTS_PREFIX') && (s('S3_KEY_PREFIX') + s('S3_KEY_PATTERN')).startsWith(s('S3_RESULTS_PREFIX')),
    'S3_KEY_PREFIX or S3_KEY_PATTERN begins with S3_RESULTS_PREFIX, under which nothing is loaded',
  ],
  [
    (s) => marker(s) && s('LOAD_MODE') === 'changes',
    'S3_SET_MARKER names an object, but LOAD_MODE is changes, with which each file is loaded by itself',
  ],
  [
    (s) => marker(s) && (namesInKey(s('S3_KEY_PATTERN', '*').split('/').pop()) ?? []).length,
    'S3_SET_MARKER names an object, so that a folder is one table, but S3_KEY_PATTERN has a name in braces behind the' +
      ' last slash',
  ],
  [(s) => s('CSV_QUOTE') === 'none' && s('CSV_ESCAPE'), 'CSV_ESCAPE has no meaning with CSV_QUOTE=none'],
  [(s) => delimiter(s) === quote(s), 'CSV_DELIMITER and CSV_QUOTE are the same character'],
  [(s) => delimiter(s) === tab(s('CSV_ESCAPE', quote(s))), 'CSV_DELIMITER and CSV_ESCAPE are the same character'],
  [
    (s) => [delimiter(s), quote(s), '\n', '\r'].some((text) => s('CSV_NULL').includes(text)),
    'CSV_NULL holds the delimiter, the quote or a line break, which Postgres does not allow',
  ],
  [
    (s) => s('CSV_COLUMNS') && s('CSV_HEADER', 'match') === 'match',
    'CSV_COLUMNS is set, but with CSV_HEADER=match the first line names the fields',
  ],
  [
    (s) => s('LOAD_MODE') === 'changes' && s('HISTORY_TABLE') === 'off',
    'LOAD_MODE is changes, which needs the history, but HISTORY_TABLE is off',
  ],
  [
    (s) => s('MIN_ROWS').endsWith('%') && s('HISTORY_TABLE') === 'off',
    'MIN_ROWS is a percentage, which needs the history, but HISTORY_TABLE is off',
  ],
  [
    (s) => s('MIN_ROWS').endsWith('%') && s('LOAD_MODE') === 'changes',
    'MIN_ROWS is a percentage, but LOAD_MODE is changes, with which it takes a whole number',
  ],
  [
    (s) => /[1-9]/.test(s('MAX_REJECTED_ROWS')) && s('LOAD_MODE') === 'changes',
    'MAX_REJECTED_ROWS is set, but LOAD_MODE is changes, which leaves no row out',
  ],
  [
    (s) => s('MAX_DELETED_ROWS') && s('LOAD_MODE') !== 'sync',
    'MAX_DELETED_ROWS is set, but only LOAD_MODE=sync counts the rows that it deletes',
  ],
  [
    (s) => Number(s('LOCK_TIMEOUT_SECONDS', 60)) > Number(s('FUNCTION_TIMEOUT_SECONDS', 900)),
    'LOCK_TIMEOUT_SECONDS is more than FUNCTION_TIMEOUT_SECONDS, which is 900 if it is not set',
  ],
  [
    (s) => s('DB_INSTANCE_IDENTIFIER') && s('DB_CLUSTER_IDENTIFIER'),
    'DB_INSTANCE_IDENTIFIER and DB_CLUSTER_IDENTIFIER are both set: leave one out',
  ],
];

/** The names of columns, in lower case as Postgres does it: ASCII letters only. */
const columnNames = (value) =>
  [...value.matchAll(IDENTIFIER)].map(([, quoted, plain]) => quoted ?? plain.replace(/[A-Z]/g, (c) => c.toLowerCase()));

const hasDuplicates = (names) => new Set(names).size < names.length;

/** The names in braces in a form of object keys, which the table's must equal; null where it is not one. */
function namesInKey(pattern) {
  const names = [];
  let afterWildcard = false;
  if (!/(\.csv(\.gz)?|\*)$/i.test(pattern) || pattern.startsWith('/') || pattern.includes('//')) return null;
  for (const [token, name] of pattern.matchAll(/\{([^{}]*)\}|\*+|[^{}*]+|[{}]/g)) {
    const wildcard = name !== undefined || token.startsWith('*');
    if (wildcard ? afterWildcard || token.startsWith('***') : /[{}]/.test(token)) return null;
    if (name !== undefined && !/^[a-z][a-z0-9_]*$/.test(name)) return null;
    if (name !== undefined) names.push(name);
    afterWildcard = wildcard;
  }
  return names;
}

/** Whether a folder or name behind the prefix is one that jobs keep to themselves. */
function isHidden(prefix, pattern) {
  const hidden = /(?<![^/])(_(?![^/]*=)|\.|beam-temp-)/g;
  hidden.lastIndex = prefix.length;
  return hidden.test(prefix + pattern);
}

/** The names in braces in a table's name, sorted, each once; null where they are not whole identifiers. */
function namesInTable(table) {
  if (!table.includes('{')) return [];
  if (!TABLE.test(table)) return null;
  return [...new Set([...table.matchAll(TABLE_PART)].map(([, name]) => name).filter((name) => name !== undefined))].sort();
}

/** What is wrong with values by themselves: pairs of a setting, or null where it is several, and words for the problem. */
function refused(values) {
  const s = (name, standard = '') => values[name] || standard;
  const single = Object.entries(TAKES)
    .filter(([name, [takes]]) => s(name) && !takes(s(name)))
    .map(([name, [, words]]) => [name, words]);
  return [...single, ...CONTRADICTIONS.filter(([applies]) => applies(s)).map(([, words]) => [null, words])];
}

module.exports = { refused };

'use strict';

// serverless.yml has osls call this whenever it reads the settings, so before it packages, deploys or removes anything. It
// reports all problems together, and names where a setting comes from, never its value: a value may be a secret.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');

const ROOT = path.join(__dirname, '..', '..');

/** What switches off the search for misspelt names: --param="SIMILAR_NAMES=allow". */
const SWITCH = 'SIMILAR_NAMES';

/** Lambda takes names of 64 characters, and the longest is <service>-<stage>-database-role. */
const LONGEST_NAME = 64 - '--database-role'.length;

const IDENTIFIER = /"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*)/gu;
const COLUMNS = new RegExp(`^\\s*(${IDENTIFIER.source})\\s*(,\\s*(${IDENTIFIER.source})\\s*)*$`, 'u');
const TABLE_PART = new RegExp(`\\{([^{}]*)\\}|${IDENTIFIER.source}`, 'gu');
const TABLE = new RegExp(`^(${TABLE_PART.source})(\\.(${TABLE_PART.source}))?$`, 'u');
const ENCODING = new RegExp(
  '^(utf8|unicode|sqlascii|latin[1-579]|koi8[ru]?|win(866|874|932|936|949|950|125[0-8])|sjis|shiftjis|mskanji' +
    '|euc(jp|cn|kr|tw)|uhc|johab|big5|gbk|gb18030|iso8859([1-9]|1[356]))$'
);

const form = (regex, words) => [(value) => regex.test(value), words];
const choice = (...words) => [(value) => words.includes(value), words.join(', ')];
const number = (least, most) => [
  (value) => /^[+-]?\d+$/.test(value) && Number(value) >= least && Number(value) <= most,
  `a whole number from ${least} to ${most}`,
];
const character = form(/^([\x01-\x09\x0b\x0c\x0e-\x7f]|tab)$/, 'one ASCII character other than a line break, or the word tab');
const columns = [
  (value) => COLUMNS.test(value) && !hasDuplicates([...value.matchAll(IDENTIFIER)].map(([, quoted, plain]) => quoted ?? lowerCase(plain))),
  'names of columns with commas between them, written as in SQL, and none twice',
];

/** What each setting takes, if not any text; for those of the function, as the function decides it. */
const TAKES = {
  DB_PORT: number(1, 65535),
  DB_AUTH: choice('password', 'iam'),
  DB_SSL_MODE: choice('verify-full', 'verify-ca', 'require', 'disable'),
  S3_KEY_PREFIX: form(/^[A-Za-z0-9/!_.'()-]*$/, "A to Z, a to z, digits and / ! - _ . ' ( )"),
  S3_KEY_PATTERN: [(value) => namesInKey(value) !== null, 'a form of object keys, as settings.md describes it'],
  LOAD_MODE: choice('replace', 'sync', 'append', 'upsert', 'changes'),
  LOAD_KEY: columns,
  IMPORT_WITH: choice('aws_s3', 'copy'),
  CSV_HEADER: choice('match', 'skip', 'none'),
  CSV_COLUMNS: columns,
  CSV_DELIMITER: character,
  CSV_QUOTE: character,
  CSV_ESCAPE: character,
  CSV_ENCODING: [
    (value) => ENCODING.test(value.toLowerCase().replace(/[^a-z0-9]/g, '').replace(/^windows/, 'win')),
    'an encoding of Postgres, such as UTF8, LATIN1 or WIN1252',
  ],
  MIN_ROWS: form(/^(\d{1,10}|([1-9]\d?|100)%)$/, 'a whole number, or one from 1% to 100%'),
  LOCK_TIMEOUT_SECONDS: number(0, 900),
  REBUILD_INDEXES: choice('auto', 'off'),
  LOG_LEVEL: choice('info', 'trace', 'debug', 'warn', 'error'),
  // Of the deployment only.
  AWS_REGION: form(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'a region, such as eu-west-2'),
  SUBNET_IDS: form(/^subnet-\w+(,subnet-\w+)*$/, 'IDs that begin with subnet-, with commas and without spaces between them'),
  SECURITY_GROUP_IDS: form(/^sg-\w+(,sg-\w+)*$/, 'IDs that begin with sg-, with commas and without spaces between them'),
  KMS_KEY_ARNS: form(/^arn:[^,\s]+(,arn:[^,\s]+)*$/, 'ARNs, with commas and without spaces between them'),
  DB_INSTANCE_IDENTIFIER: form(/^[A-Za-z][A-Za-z0-9-]*$/, "the database's name in RDS, not its address"),
  DB_CLUSTER_IDENTIFIER: form(/^[A-Za-z][A-Za-z0-9-]*$/, "the cluster's name in RDS, not its address"),
  FAILURES_TO: form(/^(arn:\S+|[^@\s]+@[^@\s]+)$/, 'an e-mail address, or the ARN of an SNS topic'),
  EXPECT_LOAD_EVERY_HOURS: number(1, 168),
  MAX_CONCURRENT_LOADS: form(/^([1-9]\d*|none)$/, 'a whole number from 1, or none'),
  CATCH_UP_EVERY: form(
    /^(never|1 (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)$/,
    '15 minutes, 1 hour, 2 days or the like, singular for one and plural for more; or never'
  ),
};

const tab = (value) => (value === 'tab' ? '\t' : value);
const delimiter = (s) => tab(s('CSV_DELIMITER', ','));
const quote = (s) => tab(s('CSV_QUOTE', '"'));

/** Each a contradiction between settings; s(name, standard) is a setting's value. */
const CONTRADICTIONS = [
  [(s) => s('DB_AUTH') === 'iam' && s('DB_PASSWORD_PARAMETER'), 'DB_AUTH is iam, which takes the place of DB_PASSWORD_PARAMETER: leave one out'],
  [(s) => s('DB_AUTH') === 'iam' && s('DB_SSL_MODE') === 'disable', 'DB_AUTH is iam, which needs TLS, but DB_SSL_MODE is disable'],
  [
    (s) => s('DB_CA_CERTIFICATE') && !s('DB_SSL_MODE', 'verify-full').startsWith('verify'),
    'DB_CA_CERTIFICATE is set, but DB_SSL_MODE is one in which no certificate is checked',
  ],
  [
    (s) => {
      const names = namesInKey(s('S3_KEY_PATTERN', '*')) ?? [];
      const used = namesInTable(s('DB_TABLE_NAME'));
      return s('DB_TABLE_NAME') && (used === null || String([...new Set(used)].sort()) !== String(names.sort()));
    },
    'DB_TABLE_NAME and S3_KEY_PATTERN must have the same names in braces, and in DB_TABLE_NAME each stands for a whole identifier, as in {schema}.{table}',
  ],
  [(s) => delimiter(s) === quote(s), 'CSV_DELIMITER and CSV_QUOTE are the same character'],
  [(s) => delimiter(s) === tab(s('CSV_ESCAPE', quote(s))), 'CSV_DELIMITER and CSV_ESCAPE are the same character'],
  [
    (s) => [delimiter(s), quote(s), '\n', '\r'].some((character) => s('CSV_NULL').includes(character)),
    'CSV_NULL holds the delimiter, the quote or a line break, which Postgres does not allow',
  ],
  [(s) => s('CSV_COLUMNS') && s('CSV_HEADER', 'match') === 'match', 'CSV_COLUMNS is set, but with CSV_HEADER=match the first line names the fields'],
  [(s) => s('LOAD_MODE') === 'changes' && s('HISTORY_TABLE') === 'off', 'LOAD_MODE is changes, which needs the history, but HISTORY_TABLE is off'],
  [(s) => s('MIN_ROWS').endsWith('%') && s('HISTORY_TABLE') === 'off', 'MIN_ROWS is a percentage, which needs the history, but HISTORY_TABLE is off'],
  [(s) => s('MIN_ROWS').endsWith('%') && s('LOAD_MODE') === 'changes', 'MIN_ROWS is a percentage, but LOAD_MODE is changes, which takes only a whole number'],
  [(s) => s('DB_INSTANCE_IDENTIFIER') && s('DB_CLUSTER_IDENTIFIER'), 'DB_INSTANCE_IDENTIFIER and DB_CLUSTER_IDENTIFIER are both set: leave one out'],
];

/** The names in braces in a form of object keys; null where it is not one. */
function namesInKey(pattern) {
  const names = [];
  let afterWildcard = false;
  if (!/(\.csv(\.gz)?|\*)$/i.test(pattern) || pattern.startsWith('/') || pattern.includes('//')) return null;
  for (const [token, name] of pattern.matchAll(/\{([^{}]*)\}|\*+|[^{}*]+|[{}]/g)) {
    const wildcard = name !== undefined || token.startsWith('*');
    if (wildcard ? afterWildcard || token.startsWith('***') : /[{}]/.test(token)) return null;
    if (name !== undefined && (!/^[a-z][a-z0-9_]*$/.test(name) || names.includes(name))) return null;
    if (name !== undefined) names.push(name);
    afterWildcard = wildcard;
  }
  return names;
}

/** The names in braces in a table's name; null where they are not whole identifiers. */
function namesInTable(table) {
  if (!table.includes('{')) return [];
  return TABLE.test(table) ? [...table.matchAll(TABLE_PART)].map(([, name]) => name).filter((name) => name !== undefined) : null;
}

/** In lower case as Postgres does it: ASCII letters only. */
const lowerCase = (name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const hasDuplicates = (names) => new Set(names).size < names.length;

/** What is wrong with these values by themselves: a pair each, of the setting or none, and the problem. */
function refused(values) {
  const s = (name, standard = '') => values[name] || standard;
  const single = Object.entries(TAKES)
    .filter(([name, [takes]]) => s(name) && !takes(s(name)))
    .map(([name, [, words]]) => [name, words]);
  return [...single, ...CONTRADICTIONS.filter(([applies]) => applies(s)).map(([, words]) => [null, words])];
}

/** Counts the letters to change, add, leave out or swap with their neighbour, as the function's class Spelling does. */
function distance(one, other) {
  const [from, to] = [one.toLowerCase(), other.toLowerCase()];
  const rows = [];
  for (let i = 0; i <= from.length; i++) {
    rows.push([]);
    for (let j = 0; j <= to.length; j++) {
      if (i === 0 || j === 0) {
        rows[i].push(i + j);
        continue;
      }
      const changed = rows[i - 1][j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      rows[i].push(Math.min(changed, rows[i - 1][j] + 1, rows[i][j - 1] + 1, swapped ? rows[i - 2][j - 2] + 1 : Infinity));
    }
  }
  return rows[from.length][to.length];
}

/** The setting that a name resembles; the function's class Environment has the same limits. */
function resembled(name, settings) {
  const most = name.length < 8 ? 1 : 2;
  return settings
    .map((setting) => ({ setting, letters: distance(name, setting) }))
    .filter(({ letters }) => letters <= most)
    .sort((one, other) => one.letters - other.letters)[0]?.setting;
}

/** The settings that a deployment takes: all that serverless.yml reads from the environment. */
function settingsOfTemplate() {
  const template = fs.readFileSync(path.join(ROOT, 'serverless.yml'), 'utf8');
  return [...new Set([...template.matchAll(/env:([A-Z0-9_]+)/g)].map(([, name]) => name))].sort();
}

/** A file's settings as osls reads it, with its own libraries, but as if nothing else had set them. */
function read(file) {
  const osls = createRequire(require.main.filename);
  const parsed = osls('dotenv').parse(fs.readFileSync(file));
  const processEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !(name in parsed)));
  return osls('dotenv-expand').expand({ parsed, processEnv }).parsed;
}

/** Names that look like a setting's and are none, where the setting itself is not set. */
function misspelt({ settings, values, file, params }) {
  const known = [...settings, 'DB_PASSWORD', SWITCH, 'failuresTo'];
  const words = new Set(settings.map((name) => name.split('_')[0]));
  const inShell = Object.keys(process.env).filter((name) => !(name in file.values) && words.has(name.split('_')[0]));
  const found = [
    ...Object.keys(file.values).map((name) => [name, file.name]),
    ...params.map((name) => [name, '--param']),
    ...inShell.map((name) => [name, 'the environment']),
  ];
  return found
    .filter(([name]) => !known.includes(name))
    .map(([name, source]) => ({ name, source, setting: resembled(name, settings) }))
    .filter(({ setting }) => setting && !values[setting])
    .map(
      ({ name, source, setting }) =>
        `${name} in ${source} is not a setting; did you mean ${setting}? If it is meant for something else, add --param="${SWITCH}=allow"`
    );
}

/** Settings that the environment has from somewhere else than this stage's file. */
function ofAnotherStage({ settings, file, params, options }) {
  const free = (name) => process.env[name] && !params.includes(name) && !(name === 'AWS_REGION' && options.region);
  const different = settings.filter((name) => name in file.values && free(name) && process.env[name] !== file.values[name]);
  const what = 'Open a new shell or unset them, or say which it is with --param="NAME=value"';
  const problems = different.length
    ? [`${different.join(', ')}: the environment has another value than ${file.name}. ${what}`]
    : [];
  const others = fs.readdirSync('.').filter((name) => /^\.env(\..+)?$/.test(name) && name !== file.name);
  for (const other of others.filter((name) => fs.statSync(name).isFile())) {
    const values = read(other);
    // The region may well be the shell's own.
    const from = settings.filter((name) => name !== 'AWS_REGION' && !(name in file.values) && free(name) && process.env[name] === values[name]);
    if (from.length) {
      problems.push(`${from.join(', ')}: in the environment as ${other} has it, and not in ${file.name}. ${what}`);
    }
  }
  return problems;
}

/** Checks all settings; osls shows what it throws. */
async function check({ options, resolveVariable }) {
  const settings = settingsOfTemplate();
  const values = {};
  for (const name of settings) {
    values[name] = String((await resolveVariable(`param:${name}, env:${name}, ''`)) ?? '');
  }
  values.AWS_REGION = options.region || values.AWS_REGION || values.AWS_DEFAULT_REGION;
  const stage = await resolveVariable('sls:stage');
  const service = await resolveVariable('self:service');
  const own = [`.env.${stage}`, '.env'].find((name) => fs.existsSync(name));
  const file = { name: own ?? `.env.${stage}`, values: own ? read(own) : {} };
  const params = [];
  for (const name of [...new Set([...settings, ...(options.param ?? []).map((param) => param.split('=')[0])])]) {
    if ((await resolveVariable(`param:${name}, null`)) !== null) params.push(name);
  }
  const source = (name) => (params.includes(name) ? '--param' : name in file.values ? file.name : 'the environment');
  const found = { settings, values, file, params, options };
  const problems = [
    ...((await resolveVariable(`param:${SWITCH}, null`)) === 'allow' ? [] : misspelt(found)),
    ...ofAnotherStage(found),
    ...refused(values).map(([name, words]) => (name ? `${name} in ${source(name)} is not what it takes: ${words}` : words)),
  ];
  if (service.length + stage.length > LONGEST_NAME) {
    problems.push(
      `the names of service and stage have ${service.length + stage.length} characters together, and Lambda leaves room for ${LONGEST_NAME}: shorten one`
    );
  }
  if (problems.length) {
    const error = new Error();
    error.stack = `the settings of stage ${stage} have ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n    - ${problems.join('\n    - ')}\n    Nothing was deployed.`;
    throw error;
  }
  return 'yes';
}

module.exports = check;
Object.assign(check, { refused, resembled, settingsOfTemplate });

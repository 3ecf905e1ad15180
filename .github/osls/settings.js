'use strict';

// serverless.yml has osls call this whenever it reads the settings, so before it packages, deploys or removes anything. It
// reports all problems together, and names where a setting comes from, never its value: a value may be a secret.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { refused } = require('./values.js');

/** What switches off the search for misspelt names: --param="SIMILAR_NAMES=allow". */
const SWITCH = 'SIMILAR_NAMES';

/** Lambda takes names of 64 characters, and the longest is <service>-<stage>-database-role. */
const LONGEST_NAME = 64 - '--database-role'.length;

/** Checks all settings; osls shows what it throws. */
async function check({ options, resolveVariable }) {
  const deployment = await read({ options, resolveVariable });
  const { stage, service, values, source } = deployment;
  const problems = [
    ...misspelt(deployment),
    ...ofAnotherStage(deployment),
    ...refused(values).map(([name, words]) => (name ? `${name} from ${source(name)} has a wrong value; it takes ${words}` : words)),
  ];
  const length = service.length + stage.length;
  if (length > LONGEST_NAME) {
    problems.push(
      `the names of service and stage have ${length} characters together, and Lambda leaves room for ${LONGEST_NAME}: shorten one`
    );
  }
  if (problems.length) {
    const many = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    const error = new Error();
    // What osls shows of an error.
    error.stack = `the settings of stage ${stage} have ${many}:\n    - ${problems.join('\n    - ')}\n    Nothing was deployed.`;
    throw error;
  }
  return 'yes';
}

/** What is deployed, from which sources. */
async function read({ options, resolveVariable }) {
  const settings = settingsOfTemplate();
  const values = {};
  for (const name of settings) {
    values[name] = String((await resolveVariable(`param:${name}, env:${name}, ''`)) ?? '');
  }
  values.AWS_REGION = options.region || values.AWS_REGION || values.AWS_DEFAULT_REGION;
  const params = [];
  for (const name of new Set([...settings, SWITCH, ...(options.param ?? []).map((param) => param.split('=')[0])])) {
    if ((await resolveVariable(`param:${name}, null`)) !== null) params.push(name);
  }
  if (options.region) params.push('AWS_REGION');
  const stage = await resolveVariable('sls:stage');
  const service = await resolveVariable('self:service');
  const own = [`.env.${stage}`, '.env'].find((name) => fs.existsSync(name));
  const file = { name: own ?? `.env.${stage}`, values: own ? readFile(own) : {} };
  const source = (name) => (params.includes(name) ? '--param' : name in file.values ? file.name : 'the environment');
  return { settings, values, params, stage, service, file, source };
}

/** The settings that a deployment takes: all that serverless.yml reads from the environment. */
function settingsOfTemplate() {
  const template = fs.readFileSync(path.join(__dirname, '..', '..', 'serverless.yml'), 'utf8');
  return [...new Set([...template.matchAll(/env:([A-Z0-9_]+)/g)].map(([, name]) => name))].sort();
}

/** A file's settings as osls reads it, with its own libraries, but as if nothing else had set them. */
function readFile(file) {
  const osls = createRequire(require.main.filename);
  const parsed = osls('dotenv').parse(fs.readFileSync(file));
  const processEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !(name in parsed)));
  return osls('dotenv-expand').expand({ parsed, processEnv }).parsed;
}

/** Names that look like a setting's and are none, where the setting itself is not set. */
function misspelt({ settings, values, params, file }) {
  if (params.includes(SWITCH)) return [];
  const known = [...settings, 'DB_PASSWORD', 'failuresTo'];
  const words = new Set(settings.map((name) => name.split('_')[0]));
  const inShell = Object.keys(process.env).filter((name) => !(name in file.values) && words.has(name.split('_')[0]));
  const names = [
    ...Object.keys(file.values).map((name) => [name, file.name]),
    ...params.map((name) => [name, '--param']),
    ...inShell.map((name) => [name, 'the environment']),
  ];
  return names
    .filter(([name]) => !known.includes(name))
    .map(([name, source]) => [name, source, resembled(name, settings)])
    .filter(([, , setting]) => setting && !values[setting])
    .map(
      ([name, source, setting]) =>
        `${name} from ${source} is not a setting; did you mean ${setting}?` +
        ` If it is meant for something else, add --param="${SWITCH}=allow"`
    );
}

/** Settings that the environment has from somewhere else than this stage's file. */
function ofAnotherStage({ settings, params, file }) {
  const exported = settings.filter((name) => process.env[name] && !params.includes(name));
  const what = 'Open a new shell or unset them, or say which it is with --param="NAME=value"';
  const problems = [];
  const different = exported.filter((name) => name in file.values && process.env[name] !== file.values[name]);
  if (different.length) {
    problems.push(`${different.join(', ')}: the environment has another value than ${file.name}. ${what}`);
  }
  // The region may well be the shell's own.
  const missing = exported.filter((name) => !(name in file.values) && name !== 'AWS_REGION');
  const files = fs.readdirSync('.', { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { name: other } of files.filter(({ name }) => /^\.env(\..+)?$/.test(name) && name !== file.name)) {
    const values = readFile(other);
    const same = missing.filter((name) => process.env[name] === values[name]);
    if (same.length) {
      problems.push(`${same.join(', ')}: in the environment as ${other} has it, and not in ${file.name}. ${what}`);
    }
  }
  return problems;
}

/** The setting that a name resembles; the function's class Environment has the same limits. */
function resembled(name, settings) {
  const most = name.length < 8 ? 1 : 2;
  return settings
    .map((setting) => ({ setting, letters: distance(name, setting) }))
    .filter(({ letters }) => letters <= most)
    .sort((one, other) => one.letters - other.letters)[0]?.setting;
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
      const others = [rows[i - 1][j] + 1, rows[i][j - 1] + 1, swapped ? rows[i - 2][j - 2] + 1 : Infinity];
      rows[i].push(Math.min(changed, ...others));
    }
  }
  return rows[from.length][to.length];
}

module.exports = check;
Object.assign(check, { resembled, settingsOfTemplate });

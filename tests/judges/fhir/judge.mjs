// Holds exported AuditEvents against the types of FHIR R5:  judge.mjs NDJSON BUNDLE
//
// TypeScript checks each resource as a literal of the type that DefinitelyTyped keeps for R5: a name
// that R5 does not have, a value of another type, a required element that is missing are errors. What
// types do not tell (bindings of codes, patterns of strings) is not checked here.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const types = fileURLToPath(import.meta.resolve('@types/fhir/package.json')).replace('package.json', 'r5.d.ts');

const parsed = new Map();

// Errors of `resource` as a literal of `type`.
function errorsOf(resource, type) {
  const file = fileURLToPath(new URL('./resource.ts', import.meta.url));
  const text = `import type { ${type} } from '${types.replace('.d.ts', '')}';
    export const resource: ${type} = ${JSON.stringify(resource, null, 1)};`;
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], moduleResolution: ts.ModuleResolutionKind.Node10 };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? text : readFile(name));
  host.getSourceFile = (name, version) => {
    if (name === file) return ts.createSourceFile(name, text, version);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, version));
    return parsed.get(name);
  };
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
}

const [, , ndjson, bundleFile] = process.argv;
const events = readFileSync(ndjson, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const bundle = JSON.parse(readFileSync(bundleFile, 'utf8'));
let failed = events.length === 0;
for (const event of events) {
  for (const error of errorsOf(event, 'AuditEvent')) {
    failed = true;
    console.log(`${event.id}: ${error}`);
  }
}
for (const error of errorsOf(bundle, 'Bundle')) {
  failed = true;
  console.log(`bundle: ${error}`);
}
// That this can fail: each of these is not an AuditEvent.
const wrong = {
  'without recorded': ({ recorded, ...rest }) => rest,
  'with type, as in R4': (event) => ({ ...event, type: { code: 'rest' } }),
  'with an agent that is nobody': (event) => ({ ...event, agent: [{ requestor: true }] }),
  'with a number for action': (event) => ({ ...event, action: 1 }),
};
for (const [what, change] of Object.entries(wrong)) {
  if (errorsOf(change(events[0]), 'AuditEvent').length === 0) {
    failed = true;
    console.log(`an AuditEvent ${what} was taken for one: this judge sees nothing`);
  }
}
console.log(`${events.length} events and a bundle of ${bundle.entry.length}: ${failed ? 'FAILED' : 'as R5 types them'}`);
process.exit(failed ? 1 : 0);

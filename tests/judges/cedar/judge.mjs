// Evaluates with Cedar what our engine decided.
//
//   node judge.mjs CELLS...
//
// Each file is what signpost_policy_cells wrote. Of every cell the decision and the set of deciding
// rules must be ours; every rule must decide some cell. Exit code 0 when all agree, 1 when not, 77
// when Cedar is not installed.

import {readFileSync} from 'node:fs';

let cedar;
try {
  cedar = (await import('@cedar-policy/cedar-wasm/nodejs')).default;
  cedar ??= await import('@cedar-policy/cedar-wasm/nodejs');
} catch (error) {
  console.log(`skipped: @cedar-policy/cedar-wasm is not installed (${error.code}); ` +
              'deploy/install-deps --tests installs it');
  process.exit(77);
}

const SHOWN_MAX = 5;

// The policies of a text by the actions they are about, under names that begin with the id of their
// rule. Cedar copies a whole policy set for every question, so each action has a set of its own.
function policiesByAction(text) {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type !== 'success') throw new Error(JSON.stringify(parts.errors));
  const byAction = new Map();
  parts.policies.forEach((policy, index) => {
    const id = /@id\("([^"]*)"\)/.exec(policy);
    if (id === null) throw new Error(`a policy without @id: ${policy}`);
    const scope = policy.slice(0, policy.indexOf('when'));
    for (const [, action] of scope.matchAll(/Action::"([^"]*)"/g)) {
      if (!byAction.has(action)) byAction.set(action, {});
      byAction.get(action)[`${id[1]} ${index}`] = policy;
    }
  });
  return byAction;
}

// One policy, as its export says it is to be asked.
class Judge {
  constructor(name, text) {
    this.name = name;
    this.overrides = [];
    this.actions = new Set();
    for (const [action, policies] of policiesByAction(text)) {
      const parsed =
          cedar.preparsePolicySet(`${name} ${action}`, {staticPolicies: policies});
      if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed.errors));
      this.actions.add(action);
      if (action.startsWith('override ')) this.overrides.push(action);
    }
  }

  ask(action, context) {
    // Of what no policy speaks (a policy may have no broker) nothing is allowed.
    if (!this.actions.has(action)) return {allowed: false, rules: []};
    const answer = cedar.statefulIsAuthorized({
      principal: {type: 'Asker', id: 'asker'},
      action: {type: 'Action', id: action},
      resource: {type: 'Item', id: 'item'},
      context,
      preparsedPolicySetId: `${this.name} ${action}`,
      entities: [],
    });
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
    const {decision, diagnostics} = answer.response;
    // An error in a policy would mean that it was left out: no export may have one.
    if (diagnostics.errors.length > 0) throw new Error(JSON.stringify(diagnostics.errors));
    return {
      allowed: decision === 'allow',
      rules: [...new Set(diagnostics.reason.map((id) => id.split(' ')[0]))].sort(),
    };
  }

  decide(cell) {
    const see = this.ask('see', cell.context);
    if (see.allowed) return {effect: 'show', rules: see.rules};
    if (cell.override) {
      const allowed = this.overrides.map((action) => this.ask(action, cell.context))
                          .filter((answer) => answer.allowed);
      if (allowed.length > 0) {
        return {effect: 'show', rules: allowed.flatMap((answer) => answer.rules).sort()};
      }
    }
    // Only existence can be brokered; of all else "see" has said what hides it.
    if (cell.context.aspect !== 'existence') return {effect: 'hide', rules: see.rules};
    const broker = this.ask('broker', cell.context);
    return {effect: broker.allowed ? 'broker' : 'hide', rules: broker.rules};
  }
}

let wrong = 0;
let total = 0;
const began = process.hrtime.bigint();
process.argv.slice(2).forEach((file, number) => {
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');
  const head = JSON.parse(lines[0]);
  const judge = new Judge(`policy${number}`, head.cedar);
  const effects = {show: 0, broker: 0, hide: 0};
  const silent = new Set(head.rules);
  for (const line of lines.slice(1)) {
    const cell = JSON.parse(line);
    const theirs = judge.decide(cell);
    const ours = {effect: cell.effect, rules: [...cell.rules].sort()};
    for (const rule of ours.rules) silent.delete(rule);
    ++effects[ours.effect];
    ++total;
    if (JSON.stringify(theirs) === JSON.stringify(ours)) continue;
    if (++wrong <= SHOWN_MAX) {
      console.log(`${head.policy}: ours ${JSON.stringify(ours)}, Cedar ${JSON.stringify(theirs)}\n` +
                  `  ${JSON.stringify(cell.context)}`);
    }
  }
  console.log(`${head.policy}: ${lines.length - 1} cells (${effects.show} shown, ` +
              `${effects.broker} brokered, ${effects.hide} hidden)`);
  if (silent.size > 0) {
    console.log(`${head.policy}: no cell was decided by ${[...silent].join(', ')}`);
    ++wrong;
  }
});
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
console.log(`Cedar ${cedar.getCedarVersion()}: ${total} cells, ${wrong} wrong, ` +
            `${seconds.toFixed(1)} s`);
if (total === 0) {
  console.log('there was nothing to judge');
  wrong = 1;
}
process.exit(wrong === 0 ? 0 : 1);

// Asks other people's policy engines what signpost-bench asked of ours, and takes their time.
//
//   node peers.mjs SECONDS < QUESTIONS
//
// Reads what tests/bench/policy.cc writes: one policy in each engine's own form, and questions with
// our answer. An engine that answers any of them otherwise is not timed. Prints one JSON object a
// line for each engine: {"peer", "ns"}, {"peer", "wrong"}, how many were answered otherwise, or
// {"peer", "skipped"}, the reason.
//
// Everything that can be done once is done before the clock runs: policies are parsed, planned and
// cached, and the questions are JavaScript objects already. No engine is asked for more than allow
// or deny, while ours also says by which rules, on what basis and with which obligations.

import {readFileSync} from 'node:fs';

const seconds = Number(process.argv[2]);
const {policy, questions, checks} = JSON.parse(readFileSync(0, 'utf8'));

// Each makes a function from a question to true (allow) or false. Where an engine can say the
// policy in several forms there is one for each, and the fastest counts.
const peers = {
  async cel() {
    const {celEnv, isCelError, parse, plan} = await import('@bufbuild/cel');
    const evaluate = plan(celEnv(), parse(policy.cel));
    return [({facts}) => {
      const answer = evaluate(facts);
      if (isCelError(answer)) throw answer;
      return answer;
    }];
  },

  async casbin() {
    const {newEnforcer, newModel} = (await import('casbin')).default ?? await import('casbin');
    const enforcer = async (rules, matcher, effect) => {
      const model = newModel();
      model.addDef('r', 'r', 'facts');
      model.addDef('p', 'p', 'condition, eft');
      model.addDef('e', 'e', effect);
      model.addDef('m', 'm', matcher);
      const made = await newEnforcer(model);
      for (const {condition, effect} of rules) await made.addPolicy(condition, effect);
      return ({facts}) => made.enforceSync(facts);
    };
    return [
      // A row for each rule, as casbin's policies by attributes are written.
      await enforcer(policy.casbin_rules, 'eval(p.condition)',
                     'some(where (p.eft == allow)) && !some(where (p.eft == deny))'),
      // All in one matcher, without rows.
      await enforcer([], policy.casbin_matcher, 'some(where (p.eft == allow))'),
    ];
  },

  async cedar_wasm() {
    const module = await import('@cedar-policy/cedar-wasm/nodejs');
    const cedar = module.default ?? module;
    const parsed = cedar.preparsePolicySet('bench', {staticPolicies: policy.cedar});
    if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed.errors));
    const calls = new Map();
    for (const question of [...questions, ...checks]) {
      calls.set(question, {
        principal: {type: 'Asker', id: 'asker'},
        action: {type: 'Action', id: 'see'},
        resource: {type: 'Item', id: 'item'},
        context: question.cedar,
        preparsedPolicySetId: 'bench',
        entities: [],
      });
    }
    return [(question) => {
      const answer = cedar.statefulIsAuthorized(calls.get(question));
      if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
      return answer.response.decision === 'allow';
    }];
  },
};

// The best of several rounds, as the bench measures ours.
function nsPerDecision(ask) {
  let best = Infinity;
  let allowed = 0;
  const end = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
  do {
    const from = process.hrtime.bigint();
    for (const question of questions) allowed += ask(question);
    best = Math.min(best, Number(process.hrtime.bigint() - from) / questions.length);
  } while (process.hrtime.bigint() < end);
  if (allowed === 0) throw new Error('nothing was allowed');
  return best;
}

async function answerOf(make) {
  const forms = await make();
  const all = [...questions, ...checks];
  const wrong = Math.max(
      ...forms.map((ask) => all.filter((question) => ask(question) !== question.allow).length));
  if (wrong > 0) return {wrong};
  const ns = forms.map(nsPerDecision);
  return {ns: Math.min(...ns), forms: ns};
}

for (const [peer, make] of Object.entries(peers)) {
  let answer;
  try {
    answer = await answerOf(make);
  } catch (error) {
    const absent = error.code === 'ERR_MODULE_NOT_FOUND';
    answer = {
      skipped: absent ? 'not installed; deploy/install-deps --bench installs it' : `${error}`,
    };
  }
  console.log(JSON.stringify({peer, ...answer}));
}

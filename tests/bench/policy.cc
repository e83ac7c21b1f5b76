// What one decision costs, with its deciding rules and obligations, as policies grow.
//
// The policies are written here: N rules of the shapes that areas use (shows under an agreement
// with consent and relationship, hides of sensitive services and of what was refused, closed lists
// of purposes), over an area of 40 agencies. 4,096 questions at random go round and round, so that
// no branch is learned by heart. The baseline is the interpreter on the same questions in the same
// run, and both must agree on every one.
//
// Then what is built of decisions: a whole record, decided and explained to the worker, and what a
// draft would change for 16 million person-items; and what a decision of the smallest policy costs
// the engines of others (peers/), which must allow and deny the same.

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "policy/analysis/cedar.h"
#include "policy/analysis/diff.h"
#include "policy/analysis/lint.h"
#include "policy/analysis/whatif.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/prepared_question.h"
#include "policy/engine/program.h"
#include "policy/engine/record_evaluator.h"
#include "policy/policy.h"
#include "tests/bench/benches.h"
#include "tests/bench/report.h"
#include "tests/policy/large.h"

namespace signpost::bench {
namespace {

using policy::Decision;
using policy::Item;
using policy::PersonItem;
using policy::Policy;
using policy::Question;
using policy::Tri;

constexpr size_t kQuestions = 4096;
constexpr int kAgencies = 40;
constexpr int kServices = 24;
// A hub asks of each question about several items.
constexpr size_t kItemsPerQuestion = 8;

policy::Vocabulary Area() {
  policy::Vocabulary area;
  const std::vector<std::string> kinds = {"yot",    "connexions", "social-services",
                                          "health", "housing",    "voluntary"};
  for (int s = 0; s < kServices; ++s) {
    area.services.push_back({absl::StrCat("service-", s), s < 3 ? "mental-health" : ""});
  }
  for (int a = 0; a < kAgencies; ++a) {
    area.agencies.push_back({absl::StrCat("agency-", a),
                             absl::StrCat("Agency ", a),
                             kinds[static_cast<size_t>(a) % kinds.size()],
                             a % 3 == 0,
                             {absl::StrCat("service-", a % kServices)}});
  }
  area.roles = {"adviser", "caseworker", "manager", "officer"};
  area.assessments = {{"paper", {"part-1", "part-2", "part-3", "part-4", "part-5", "part-6"}}};
  return area;
}

// `rules` rules over Area().
std::string Text(int rules) {
  std::string text =
      "policy \"Bench\" version 1 in force 2025-04-01 approved by \"nobody\"\n"
      "where no rule shows an item, hide it\n"
      "group sensitive = service-0, service-1, service-2\n";
  const std::vector<std::string> purposes = {"assessment or support-planning",
                                             "safeguarding or youth-justice",
                                             "assessment or service-delivery or referral"};
  for (int r = 0; r < rules; ++r) {
    const size_t shape = static_cast<size_t>(r) % 4;
    const std::string service = absl::StrCat("service-", r % kServices);
    const std::string agency = absl::StrCat("agency-", (r * 7) % kAgencies);
    absl::StrAppend(&text, "rule R", r, " \"Rule ", r, "\"\n");
    switch (shape) {
      case 0:
        absl::StrAppend(&text, "  show existence, agency, contact of ", service,
                        " to connexions practitioner\n  when worker is involved and purpose is ",
                        purposes[static_cast<size_t>(r) % 3], "\n  basis ca2004-s10\n  then log\n");
        break;
      case 1:
        absl::StrAppend(&text, "  show content of paper except part-2 of ", service, " held by ",
                        agency,
                        " to yot practitioner or adviser\n  when consent is explicit and in force,"
                        " and worker is involved\n  basis consent\n"
                        "  then log, tell holder, state expiry\n");
        break;
      case 2:
        absl::StrAppend(&text, "  hide everything of sensitive held by ", agency,
                        " from everyone except the holder\n"
                        "  unless consent is explicit and in force\n");
        break;
      default:
        absl::StrAppend(&text, "  hide contact, content of ", service, " held by ", agency,
                        " from everyone except the holder or social-services practitioner\n"
                        "  when consent is refused\n");
        break;
    }
  }
  return text;
}

// One question with its item, and the consent it points at.
struct Asked {
  Question question;
  Item item;
  policy::ConsentFact consent;
};

std::vector<Asked> Questions(const Policy& policy, uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](size_t bound) { return static_cast<unsigned>(random() % bound); };
  std::vector<Asked> all(kQuestions);  // never grows: each item points at its own consent
  for (Asked& asked : all) {
    Question& q = asked.question;
    q.agency = policy.AgencySymbol(absl::StrCat("agency-", below(kAgencies)));
    q.role = static_cast<policy::Symbol>(1 + below(4));
    q.is_practitioner = below(10) == 0 ? Tri::kNo : Tri::kYes;
    q.purpose = static_cast<policy::Purpose>(1 + below(6));
    q.relationships.yes = below(4) == 0 ? uint8_t{0} : policy::kNamedAndSettled;
    q.necessity_stated = Tri::kNo;
    q.now_s = policy.in_force_s() + below(86400 * 300);
    Item& item = asked.item;
    const unsigned holder = below(kAgencies);
    item.holder = policy.AgencySymbol(absl::StrCat("agency-", holder));
    item.service = policy.ServiceSymbol(absl::StrCat("service-", holder % kServices));
    item.aspect = static_cast<policy::Aspect>(below(5));
    item.assessment = policy.AssessmentSymbol("paper");
    item.section = static_cast<policy::Symbol>(1 + below(6));
    item.open = Tri::kYes;
    item.disputed = Tri::kNo;
    item.marked_sensitive = Tri::kNo;
    item.shielded = Tri::kNo;
    item.new_identity = Tri::kNo;
    item.spent_offence = Tri::kNo;
    item.names_victim = Tri::kNo;
    item.brokerable = Tri::kYes;
    item.consents_known = Tri::kYes;
    if (below(2) == 0) {
      policy::ConsentFact& consent = asked.consent;
      consent.decision =
          below(4) == 0 ? policy::ConsentDecision::kRefused : policy::ConsentDecision::kGiven;
      consent.is_explicit = below(3) != 0;
      consent.matter = policy::ConsentMatter::kSharing;
      consent.grantor = policy::Grantor::kSelf;
      consent.until_s = q.now_s + 1000;
      item.consents = absl::MakeConstSpan(&consent, 1);
    }
  }
  return all;
}

// Instructions that this thread retires in user space; -1 where the machine does not count them.
class Instructions {
 public:
  Instructions() {
    perf_event_attr attributes;
    std::memset(&attributes, 0, sizeof(attributes));
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.size = sizeof(attributes);
    attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    fd_ = static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
  }
  ~Instructions() {
    if (fd_ >= 0) close(fd_);
  }
  Instructions(const Instructions&) = delete;
  Instructions& operator=(const Instructions&) = delete;

  int64_t Count() const {
    int64_t count = 0;
    if (fd_ < 0 || read(fd_, &count, sizeof(count)) != sizeof(count)) return -1;
    return count;
  }

 private:
  int fd_ = -1;
};

struct Cost {
  double ns = 0;
  double instructions = -1;
};

// The best of several rounds, each long enough for the clock: what the machine does besides only
// ever adds.
template <typename Work>
Cost Measure(double seconds, size_t per_round, Work work) {
  using Clock = std::chrono::steady_clock;
  Cost best;
  const Instructions instructions;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  work();
  do {
    const int64_t counted = instructions.Count();
    const auto from = Clock::now();
    work();
    const double ns = std::chrono::duration<double, std::nano>(Clock::now() - from).count() /
                      static_cast<double>(per_round);
    if (best.ns == 0 || ns < best.ns) best.ns = ns;
    if (counted >= 0) {
      best.instructions =
          static_cast<double>(instructions.Count() - counted) / static_cast<double>(per_round);
    }
  } while (Clock::now() < end);
  return best;
}

std::shared_ptr<const Policy> Compiled(const std::string& text) {
  const policy::CompileResult compiled = policy::Compile(text, Area());
  if (!compiled.ok()) {
    std::fprintf(stderr, "the bench's own policy does not compile: %s\n",
                 compiled.Errors().c_str());
  }
  return compiled.policy;
}

bool Decisions(const BenchOptions& options, int rules, Report& report) {
  const auto compiled = Compiled(Text(rules));
  if (compiled == nullptr) return false;
  const Policy& policy = *compiled;
  if (policy.impl().engine == nullptr) {
    std::fprintf(stderr, "a policy of %d rules was not compiled to tables\n", rules);
    return false;
  }
  const auto questions = Questions(policy, 42);
  size_t shown = 0;
  for (const Asked& asked : questions) {
    const Decision decision = policy.DecideOnly(asked.question, asked.item);
    if (decision != policy::Evaluation(policy.impl(), asked.question, asked.item).Run(false)) {
      std::fprintf(stderr, "engine and interpreter differ at %d rules\n", rules);
      return false;
    }
    shown += decision.effect == policy::Effect::kShow;
  }
  uint64_t sink = 0;
  const auto consume = [&sink](const Decision& decision) {
    sink += decision.obligations + decision.rule_count + static_cast<uint64_t>(decision.rules[0]);
  };
  const Cost engine = Measure(options.seconds, kQuestions, [&] {
    for (const Asked& asked : questions) consume(policy.DecideOnly(asked.question, asked.item));
  });
  const Cost shared = Measure(options.seconds, kQuestions, [&] {
    for (size_t i = 0; i < kQuestions; i += kItemsPerQuestion) {
      const policy::PreparedQuestion prepared(policy, questions[i].question);
      for (size_t k = i; k < i + kItemsPerQuestion; ++k)
        consume(prepared.Decide(questions[k].item));
    }
  });
  const Cost interpreter = Measure(options.seconds / 4, kQuestions, [&] {
    for (const Asked& asked : questions) {
      consume(policy::Evaluation(policy.impl(), asked.question, asked.item).Run(false));
    }
  });
  report.Ratio(absl::StrCat("decision_ns_", rules), shared.ns, "ns", "interpreter", interpreter.ns);
  report.Ratio(absl::StrCat("decision_alone_ns_", rules), engine.ns, "ns", "interpreter",
               interpreter.ns);
  if (engine.instructions >= 0) {
    report.Figure(absl::StrCat("decision_instructions_", rules), engine.instructions,
                  "instructions");
  }
  std::fprintf(stderr, "           (%zu of %zu shown; checksum %llu)\n", shown, questions.size(),
               static_cast<unsigned long long>(sink));
  return true;
}

// ---- A whole record ----

constexpr int kRecordRules = 64;
constexpr size_t kRecordItems = kItemsPerQuestion * 5;  // every aspect of each flag
constexpr size_t kRecords = kQuestions / kItemsPerQuestion;

// A record as a hub answers it: one question, 40 items, each decided with what was missing and
// explained to the worker. The baseline decides by the interpreter, and explains item by item; both
// must say the same, to the letter.
bool Record(const BenchOptions& options, Report& report) {
  const auto compiled = Compiled(Text(kRecordRules));
  if (compiled == nullptr) return false;
  const Policy& policy = *compiled;
  auto asked = Questions(policy, 43);
  // Somebody whose own client it is: to a stranger nothing is shown, which is soon explained.
  for (Asked& one : asked) {
    Question& question = one.question;
    question.agency = policy.AgencySymbol("agency-1");  // of the kind connexions
    question.is_practitioner = Tri::kYes;
    question.purpose = policy::Purpose::kAssessment;
    question.relationships.yes = policy::kNamedAndSettled;
  }
  constexpr unsigned kAspects = kRecordItems / kItemsPerQuestion;
  size_t shown = 0;
  size_t items = 0;
  uint64_t sink = 0;
  // `say(decision, reason, next step)` of every item of every record.
  const auto by_engine = [&](const auto& say) {
    for (size_t first = 0; first < kQuestions; first += kItemsPerQuestion) {
      policy::RecordEvaluator record(policy, asked[first].question);
      for (size_t flag = first; flag < first + kItemsPerQuestion; ++flag) {
        const Item& item = asked[flag].item;
        record.SetItem(item);
        for (unsigned a = 0; a < kAspects; ++a) {
          const auto aspect = static_cast<policy::Aspect>(a);
          const Decision decision = record.Decide(aspect, item.assessment, item.section);
          const policy::WorkerExplanation told =
              record.Explain(aspect, item.assessment, item.section, decision);
          say(decision, told.reason, told.next_step);
        }
      }
    }
  };
  const auto by_interpreter = [&](const auto& say) {
    for (size_t flag = 0; flag < kQuestions; ++flag) {
      const Question& question = asked[flag / kItemsPerQuestion * kItemsPerQuestion].question;
      Item item = asked[flag].item;
      for (unsigned a = 0; a < kAspects; ++a) {
        item.aspect = static_cast<policy::Aspect>(a);
        const Decision decision = policy::Evaluation(policy.impl(), question, item).Run(true);
        const policy::Explanation told = policy.ExplainToWorker(question, item, decision);
        say(decision, absl::string_view(told.worker_reason), absl::string_view(told.next_step));
      }
    }
  };
  std::vector<std::pair<Decision, std::string>> expected;
  by_interpreter([&](const Decision& decision, absl::string_view reason, absl::string_view next) {
    expected.emplace_back(decision, absl::StrCat(reason, "|", next));
  });
  bool alike = true;
  by_engine([&](const Decision& decision, absl::string_view reason, absl::string_view next) {
    alike = alike && expected[items].first == decision &&
            expected[items].second == absl::StrCat(reason, "|", next);
    shown += decision.effect == policy::Effect::kShow;
    ++items;
  });
  if (!alike || items != kRecords * kRecordItems) {
    std::fprintf(stderr, "engine and interpreter differ in a record\n");
    return false;
  }
  const auto consume = [&sink](const Decision& decision, absl::string_view reason,
                               absl::string_view next) {
    sink += decision.obligations + decision.missing + reason.size() + next.size();
  };
  const Cost engine = Measure(options.seconds, kRecords, [&] { by_engine(consume); });
  const Cost interpreter = Measure(options.seconds / 4, kRecords, [&] { by_interpreter(consume); });
  report.Ratio("record40_us", engine.ns / 1e3, "us", "interpreter", interpreter.ns / 1e3);
  if (engine.instructions >= 0) {
    report.Figure("record40_instructions", engine.instructions, "instructions");
  }
  std::fprintf(stderr, "           (%d rules; %zu of %zu items shown; checksum %llu)\n",
               kRecordRules, shown, items, static_cast<unsigned long long>(sink));
  return true;
}

// ---- What a draft would change ----

constexpr int kWhatIfRules = 64;
constexpr size_t kPersonItems = 16'000'000;
constexpr size_t kConsentSets = 12;
constexpr size_t kWaysRelated = 16;
constexpr int64_t kDayS = 86400;

// Flags as an area might have them, in no order at all: nothing is alike because it is near.
std::vector<PersonItem> Flags(const Policy& policy) {
  std::mt19937 random(44);
  std::vector<policy::Symbol> holders;
  std::vector<policy::Symbol> services;
  for (int a = 0; a < kAgencies; ++a) {
    holders.push_back(policy.AgencySymbol(absl::StrCat("agency-", a)));
    services.push_back(policy.ServiceSymbol(absl::StrCat("service-", a % kServices)));
  }
  std::vector<PersonItem> flags(kPersonItems);
  for (PersonItem& flag : flags) {
    const auto one_in = [&](unsigned n) { return random() % n == 0 ? Tri::kYes : Tri::kNo; };
    const size_t holder = random() % kAgencies;
    flag.holder = holders[holder];
    flag.service = services[holder];
    flag.Set(PersonItem::kOpen, one_in(2));
    flag.Set(PersonItem::kDisputed, one_in(200));
    flag.Set(PersonItem::kMarkedSensitive, one_in(20));
    flag.Set(PersonItem::kShielded, one_in(500));
    flag.Set(PersonItem::kNewIdentity, one_in(1000));
    flag.Set(PersonItem::kSpentOffence, one_in(50));
    flag.Set(PersonItem::kNamesVictim, one_in(50));
    flag.Set(PersonItem::kBrokerable, one_in(2));
    flag.consents = static_cast<uint16_t>(random() % kConsentSets);
    flag.related = static_cast<uint16_t>(random() % kWaysRelated);
  }
  return flags;
}

// The draft asks for one purpose less in every third rule that shows existence.
bool Preview(const BenchOptions& options, Report& report) {
  const std::string text = Text(kWhatIfRules);
  const auto now = Compiled(text);
  const auto draft =
      Compiled(absl::StrReplaceAll(text, {{"purpose is assessment or service-delivery or referral",
                                           "purpose is assessment or service-delivery"}}));
  if (now == nullptr || draft == nullptr) return false;
  const int64_t now_s = now->in_force_s() + kDayS;
  std::vector<policy::AskerPurpose> askers;
  for (int agency = 0; agency < 6; ++agency) {  // one agency of each kind
    for (const policy::Purpose purpose : {policy::Purpose::kReferral, policy::Purpose::kAssessment,
                                          policy::Purpose::kSafeguarding}) {
      policy::AskerPurpose asker;
      asker.agency = now->AgencySymbol(absl::StrCat("agency-", agency));
      asker.role = now->RoleSymbol("adviser");
      asker.purpose = purpose;
      askers.push_back(asker);
    }
  }
  std::vector<policy::PersonConsents> consents(kConsentSets);  // the first: never asked
  for (size_t c = 1; c < kConsentSets; ++c) {
    policy::ConsentFact consent;
    consent.decision =
        c % 4 == 0 ? policy::ConsentDecision::kRefused : policy::ConsentDecision::kGiven;
    consent.is_explicit = c % 2 == 0;
    consent.matter = policy::ConsentMatter::kSharing;
    consent.grantor = policy::Grantor::kSelf;
    consent.until_s = c % 3 == 0 ? now_s - kDayS : now_s + kDayS;
    consents[c].facts = {consent};
  }
  std::vector<std::vector<policy::AskerRelation>> related(kWaysRelated);
  for (size_t w = 0; w < kWaysRelated; ++w) {
    for (size_t a = 0; a < askers.size(); ++a) {
      related[w].emplace_back();
      if ((w * 5 + a / 3) % 4 == 0) {
        related[w].back().relationships.yes = policy::kNamedAndSettled;
      }
    }
  }
  const std::vector<PersonItem> flags = Flags(*now);
  policy::Population people;
  people.items = flags;
  people.consents = consents;
  people.related = related;
  policy::WhatIfResult result;
  const Cost cost = Measure(options.seconds, 1,
                            [&] { result = policy::WhatIf(*now, *draft, people, askers, now_s); });
  if (!result.fault.empty() || result.lost == 0 || result.gained != 0) {
    std::fprintf(stderr, "the preview is wrong: %s (%lld gained, %lld lost)\n",
                 result.fault.c_str(), static_cast<long long>(result.gained),
                 static_cast<long long>(result.lost));
    return false;
  }
  report.Figure("whatif_16m_s", cost.ns / 1e9, "s");
  report.Figure("whatif_16m_kinds", static_cast<double>(result.kinds), "kinds");
  std::fprintf(stderr, "           (%d rules; %zu classes of askers; %lld sights lost)\n",
               kWhatIfRules, askers.size(), static_cast<long long>(result.lost));
  return true;
}

// ---- The engines of others ----

constexpr int kPeersRules = 8;

// One rule of Text() as an expression that CEL and casbin both read; `of` is what stands before the
// name of an attribute. In casbin `in` binds as loosely as ||, so it stands in brackets. Neither
// knows consents with their scope and dates, relationships or what kind of agency one is: these are
// told as attributes, worked out before the clock runs.
std::string Expression(int rule, const std::string& of) {
  const size_t r = static_cast<size_t>(rule);
  const std::string service = absl::StrCat(of, "service == \"service-", r % kServices, "\"");
  const std::string holder =
      absl::StrCat(of, "holder == \"agency-", (r * 7) % static_cast<size_t>(kAgencies), "\"");
  const std::string others = absl::StrCat("!(", of, "agency == ", of, "holder)");
  const auto practitioner = [&](const char* kind) {
    return absl::StrCat("(", of, "kind == \"", kind, "\" && ", of, "practitioner)");
  };
  switch (r % 4) {
    case 0: {
      static constexpr const char* kPurposes[] = {
          R"(["assessment", "support-planning"])", R"(["safeguarding", "youth-justice"])",
          R"(["assessment", "service-delivery", "referral"])"};
      return absl::StrCat(service, " && (", of,
                          R"(aspect in ["existence", "agency", "contact"]) && )",
                          practitioner("connexions"), " && ", of, "involved && (", of,
                          "purpose in ", kPurposes[r % 3], ")");
    }
    case 1:
      return absl::StrCat(service, " && ", holder, " && ", of, R"(aspect == "content" && )", of,
                          R"(assessment == "paper" && !()", of, R"(section == "part-2") && ()",
                          practitioner("yot"), " || (", of, R"(role == "adviser" && )", of,
                          "practitioner)) && ", of, "consent_explicit && ", of, "involved");
    case 2:
      return absl::StrCat(holder, " && (", of,
                          R"(service in ["service-0", "service-1", "service-2"]) && )", others,
                          " && !", of, "consent_explicit");
    default:
      return absl::StrCat(service, " && ", holder, " && (", of,
                          R"(aspect in ["contact", "content"]) && )", others, " && !",
                          practitioner("social-services"), " && ", of, "consent_refused");
  }
}

// casbin reads brackets after a space as a list wherever the expression has an `in`.
std::string ForCasbin(const std::string& expression) {
  return absl::StrReplaceAll(expression, {{" (", "("}});
}

// All rules as one expression: some show, no hide, and the policy in force.
std::string WholeExpression(const Policy& policy, const std::string& of) {
  std::vector<std::string> shows;
  std::vector<std::string> hides;
  for (int r = 0; r < kPeersRules; ++r) {
    (r % 4 < 2 ? shows : hides).push_back(absl::StrCat("(", Expression(r, of), ")"));
  }
  return absl::StrCat(of, "now >= ", policy.in_force_s(), ".0 && (", absl::StrJoin(shows, " || "),
                      ") && !(", absl::StrJoin(hides, " || "), ")");
}

nlohmann::json ForPeers(const Policy& policy, const policy::Vocabulary& area, const Asked& asked) {
  const Question& q = asked.question;
  const Item& item = asked.item;
  bool consent_explicit = false;
  bool consent_refused = false;
  for (const policy::ConsentFact& consent : item.consents) {
    if (consent.from_s > q.now_s || q.now_s >= consent.until_s) continue;
    const bool given = consent.decision == policy::ConsentDecision::kGiven;
    consent_explicit |= given && consent.is_explicit;
    consent_refused |= !given;
  }
  nlohmann::json facts = {
      {"agency", policy.AgencyId(q.agency)},
      {"kind", area.agencies[static_cast<size_t>(q.agency) - 1].kind},
      {"role", area.roles[static_cast<size_t>(q.role) - 1]},
      {"practitioner", q.is_practitioner == Tri::kYes},
      {"purpose", std::string(policy::ToString(q.purpose))},
      {"involved", q.relationships.yes != 0},
      {"now", q.now_s},
      {"holder", policy.AgencyId(item.holder)},
      {"service", policy.ServiceId(item.service)},
      {"aspect", std::string(policy::ToString(item.aspect))},
      {"assessment", policy.AssessmentId(item.assessment)},
      {"section", policy.SectionId(item.section)},
      {"consent_explicit", consent_explicit},
      {"consent_refused", consent_refused},
  };
  return {{"facts", std::move(facts)},
          {"cedar", nlohmann::json::parse(policy::CedarContext(policy, q, item))},
          {"allow", policy.DecideOnly(q, item).effect == policy::Effect::kShow}};
}

// Questions that the rules speak of, where those of the bench, as of an area, mostly fall between
// them: to be answered alike, not timed. (Of eight rules the hides R3 and R7 have no show to stop,
// so that no answer depends on them.)
std::vector<Asked> Aimed(const Policy& policy) {
  std::mt19937 random(45);
  auto all = Questions(policy, 46);
  for (Asked& asked : all) {
    const size_t rule = random() % kPeersRules;
    Item& item = asked.item;
    const bool sensitive = rule % 4 == 2 && random() % 4 != 0;
    item.service = policy.ServiceSymbol(absl::StrCat("service-", sensitive ? size_t{0} : rule));
    item.holder = policy.AgencySymbol(absl::StrCat("agency-", rule * 7 % kAgencies));
    if (rule % 4 == 1) item.aspect = policy::Aspect::kContent;
    if (random() % 2 == 0) asked.question.agency = policy.AgencySymbol("agency-1");
    if (random() % 8 == 0) asked.question.agency = item.holder;
  }
  return all;
}

// A file that is removed with this.
class TemporaryFile {
 public:
  TemporaryFile() {
    const int fd = mkstemp(path_.data());
    if (fd >= 0) close(fd);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/signpost-bench-XXXXXX";
};

// What peers.mjs says of each peer; whoever is not there was not asked.
std::vector<nlohmann::json> AskPeers(const nlohmann::json& input, double seconds) {
  const TemporaryFile file;
  std::ofstream(file.path()) << input;
  const std::string command =
      absl::StrCat("command -v node >/dev/null && exec node '", SIGNPOST_SOURCE_DIR,
                   "/tests/bench/peers/peers.mjs' ", seconds, " < '", file.path(), "'");
  std::string output;
  if (FILE* const pipe = popen(command.c_str(), "r"); pipe != nullptr) {
    char part[4096];
    for (size_t n = 0; (n = fread(part, 1, sizeof(part), pipe)) > 0;) output.append(part, n);
    pclose(pipe);
  }
  std::vector<nlohmann::json> answers;
  size_t from = 0;
  for (size_t to = 0; (to = output.find('\n', from)) != std::string::npos; from = to + 1) {
    nlohmann::json line = nlohmann::json::parse(output.substr(from, to - from), nullptr, false);
    if (line.is_object()) answers.push_back(std::move(line));
  }
  return answers;
}

// False where a peer answers otherwise than we: then one of us does not ask the same.
bool Peers(const BenchOptions& options, Report& report) {
  const policy::Vocabulary area = Area();
  const std::string text = Text(kPeersRules);
  const auto compiled = Compiled(text);
  if (compiled == nullptr) return false;
  const Policy& policy = *compiled;
  const auto questions = Questions(policy, 42);
  nlohmann::json input = {{"policy",
                           {{"cel", WholeExpression(policy, "")},
                            {"casbin_matcher", ForCasbin(WholeExpression(policy, "r.facts."))},
                            {"cedar", policy::ExportCedar(text, area)}}}};
  for (int r = 0; r < kPeersRules; ++r) {
    input["policy"]["casbin_rules"].push_back(
        {{"condition", ForCasbin(absl::StrCat("r.facts.now >= ", policy.in_force_s(), ".0 && ",
                                              Expression(r, "r.facts.")))},
         {"effect", r % 4 < 2 ? "allow" : "deny"}});
  }
  for (const Asked& asked : questions) {
    input["questions"].push_back(ForPeers(policy, area, asked));
  }
  size_t shown = 0;
  for (const Asked& asked : Aimed(policy)) {
    input["checks"].push_back(ForPeers(policy, area, asked));
    shown += input["checks"].back()["allow"].get<bool>();
  }
  uint64_t sink = 0;
  const Cost ours = Measure(options.seconds, kQuestions, [&] {
    for (const Asked& asked : questions) {
      const Decision decision = policy.DecideOnly(asked.question, asked.item);
      sink += decision.obligations + decision.rule_count + static_cast<uint64_t>(decision.rules[0]);
    }
  });
  const std::vector<nlohmann::json> answers = AskPeers(input, options.seconds);
  bool agreed = true;
  for (const std::string peer : {"cel", "casbin", "cedar_wasm"}) {
    const std::string figure = absl::StrCat(peer, "_ratio");
    const auto answer = std::find_if(answers.begin(), answers.end(), [&](const nlohmann::json& a) {
      return a.value("peer", "") == peer;
    });
    if (answer == answers.end()) {
      report.Skipped(figure, "no answer: node is not installed, or has said above what is wrong");
    } else if (answer->contains("wrong")) {
      std::fprintf(stderr, "%s decides %s of %zu questions otherwise\n", peer.c_str(),
                   (*answer)["wrong"].dump().c_str(), 2 * kQuestions);
      agreed = false;
    } else if (answer->contains("ns")) {
      report.Ratio(figure, answer->value("ns", 0.0), "ns", "signpost", ours.ns);
    } else {
      report.Skipped(figure, answer->value("skipped", "no reason given"));
    }
  }
  std::fprintf(stderr,
               "           (%zu of %zu questions aimed at the rules shown; checksum %llu)\n", shown,
               kQuestions, static_cast<unsigned long long>(sink));
  return agreed;
}

// What an officer waits for: a large policy with 64 checks compiled, proved and looked through as
// `policy check` does, and compared with one in which one rule has another condition. Seconds; by how
// many rules there are, fewer where measurements are short.
bool Officer(const BenchOptions& options, Report& report) {
  policy::testing::LargeSize size;
  if (options.seconds < 0.5) size.rules = 128;
  const policy::Vocabulary area = policy::testing::LargeArea(size);
  const std::string text = policy::testing::LargePolicy(size);
  const auto start = std::chrono::steady_clock::now();
  const auto since = [](std::chrono::steady_clock::time_point from) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  };
  const policy::CompileResult before = policy::Compile(text, area);
  if (!before.ok()) {
    std::fprintf(stderr, "%s", before.Errors().c_str());
    return false;
  }
  for (const policy::Finding& finding : policy::Lint(*before.policy, before.policy->in_force_s())) {
    if (finding.kind == policy::FindingKind::kNotExamined) return false;
  }
  report.Figure(absl::StrCat("check_", size.rules, "_s"), since(start), "s");
  policy::CompileOptions unjudged;
  unjudged.run_examples = unjudged.prove_checks = false;
  const policy::CompileResult after =
      policy::Compile(policy::testing::LargePolicy(size, /*changed=*/true), area, unjudged);
  if (!after.ok()) return false;
  const auto compare = std::chrono::steady_clock::now();
  const policy::PolicyDifference difference = policy::Diff(*before.policy, *after.policy);
  if (!difference.fault.empty() || difference.gains.empty()) return false;
  report.Figure(absl::StrCat("diff_", size.rules, "_s"), since(compare), "s");
  report.Figure(absl::StrCat("diff_", size.rules, "_changes"),
                static_cast<double>(difference.gains.size()), "changes");
  return true;
}

}  // namespace

int DecidePolicy(const BenchOptions& options) {
  Report report("policy");
  for (const int rules : {8, 64, 256, 1024}) {
    if (!Decisions(options, rules, report)) return 1;
  }
  if (!Record(options, report) || !Preview(options, report) || !Officer(options, report) ||
      !Peers(options, report)) {
    return 1;
  }
  return 0;
}

}  // namespace signpost::bench

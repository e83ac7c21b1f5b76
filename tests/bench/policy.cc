// What one decision costs, with its deciding rules and obligations, as policies grow.
//
// The policies are written here: N rules of the shapes that areas use (shows under an agreement
// with consent and relationship, hides of sensitive services and of what was refused, closed lists
// of purposes), over an area of 40 agencies. 4,096 questions at random go round and round, so that
// no branch is learned by heart. The baseline is the interpreter on the same questions in the same
// run, and both must agree on every one.

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "policy/asking.h"
#include "policy/policy.h"
#include "policy/program.h"
#include "tests/bench/benches.h"
#include "tests/bench/report.h"

namespace signpost::bench {
namespace {

using policy::Decision;
using policy::Item;
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
    q.relationships.yes =
        below(4) == 0 ? uint8_t{0} : policy::Bit(policy::Relationship::kOwnOpenFlag);
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

bool Decisions(const BenchOptions& options, int rules, Report& report) {
  const policy::CompileResult compiled = policy::Compile(Text(rules), Area());
  if (!compiled.ok()) {
    std::fprintf(stderr, "the bench's own policy does not compile: %s\n",
                 compiled.Errors().c_str());
    return false;
  }
  const Policy& policy = *compiled.policy;
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
      const policy::Asking asking(policy, questions[i].question);
      for (size_t k = i; k < i + kItemsPerQuestion; ++k) consume(asking.Decide(questions[k].item));
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

}  // namespace

int DecidePolicy(const BenchOptions& options) {
  Report report("policy");
  for (const int rules : {8, 64, 256, 1024}) {
    if (!Decisions(options, rules, report)) return 1;
  }
  return 0;
}

}  // namespace signpost::bench

// A Policy is a set of agreed rules that decides who may see what of a young person's record, and
// says why.
//
// It is one immutable version of an area's rules, compiled from text that an information-governance
// officer can read (docs/policy-language.md) against the area's Vocabulary. It owns everything it
// needs, copies nothing from the caller but text, and is thread-safe: any number of threads may ask
// it at once without a lock. No decision fails: what cannot be judged is hidden. The room is pure:
// no I/O, no clock, no storage.
//
// How a decision is made, in full:
//   - hide by default; a hide beats a broker, a broker beats a show; the order of rules does not
//     matter;
//   - a hide applies unless it is known not to; a show or broker applies only when it is known to;
//   - a hide of existence hides everything of the item; a broker is about existence alone, and
//     softens the existence hide of its own rule where that hide is known to apply: the other
//     aspects stay hidden;
//   - every show names a gateway, and the gateway's own conditions must hold;
//   - the shows of an agreement need the agreement in force, between asker and holder; its hides
//     stay when it has run out, so that a date passing never shows more;
//   - a system without a practitioner never sees contact or content;
//   - an override opens existence, agency and contact, never content; it lifts only hides that say
//     they may be lifted and that it names. A `never show` it names as `never lifts` stays.

#ifndef SIGNPOST_POLICY_POLICY_H_
#define SIGNPOST_POLICY_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/diagnostic.h"
#include "policy/facts.h"
#include "policy/limits.h"
#include "policy/vocabulary.h"

namespace signpost::policy {

struct CompileOptions {
  // What names this version everywhere (the SHA-256 of the text, in hex). The caller computes it,
  // since this room links no cryptography; it is carried, not judged.
  std::string content_id;
  bool run_examples = true;
  bool prove_checks = true;
  // Refuse a file in which a rule decides no example.
  bool require_example_for_each_rule = false;
  int64_t check_cells_max = kCheckWorkMax;  // what proving the checks may cost; see limits.h
};

struct RuleInfo {
  std::string id;     // "A1"
  std::string title;  // "ASSET with consent"
  int line = 0;
  bool is_never = false;     // `never record`, `never show`
  bool is_override = false;  // an override is a rule too
  int16_t agreement = kNoAgreement;
};

struct AgreementInfo {
  std::string id;
  std::string title;
  std::vector<Symbol> parties;
  int64_t from_s = 0;    // first second in force
  int64_t until_s = 0;   // first second no longer in force: the end of the last day, UTC
  int64_t review_s = 0;  // start of the review day; being past it changes no decision
};

// Two voices for one decision. Neither holds anything about the person but what the caller's facts
// say.
struct Explanation {
  // Safe to show to the asker: names no rule, service or agency that the asker may not know of, and
  // says what to do next only where existence is visible to this asker on these same facts. All
  // hidden items read the same.
  std::string worker_reason;
  // What to do next, as a sentence to the worker; empty where that could hint at something hidden.
  std::string next_step;
  // The agency to ask, kNoSymbol where there is none or naming it would hint.
  Symbol ask_agency = kNoSymbol;
  // Whole: deciding rules, all matching rules, what was missing, policy name, version, content id.
  // For the ledger and the auditor; never for the asker.
  std::string audit_reason;
};

// What the asker's agency may see of one other agency under one agreement, in plain words.
// One statement of a rule, as an agreement is told.
struct AgreementSentence {
  std::string rule_id;
  std::string rule_title;
  std::string statement;           // in the policy language
  Gateway basis = Gateway::kNone;  // of what may be seen
  std::string words;               // all of it as one sentence
};

struct AgreementView {
  int16_t agreement = kNoAgreement;
  std::string other_agency;  // id
  bool in_force = false;
  std::vector<AgreementSentence> may_see;    // one a statement of a rule
  std::vector<AgreementSentence> never_see;  // hides that apply whatever the agreement says
};

class PolicyImpl;

class Policy {
 public:
  ~Policy();
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  const std::string& name() const;
  int64_t version() const;
  const std::string& content_id() const;       // as the caller gave it
  int64_t in_force_s() const;                  // first second; before it everything is hidden
  const std::string& approved_by() const;      // as the text says
  const std::vector<RuleInfo>& rules() const;  // by id, so that reordering the text changes nothing
  const std::vector<AgreementInfo>& agreements() const;

  // Symbols of agencies are 1 to agency_count().
  size_t agency_count() const;
  // The symbol of a word, or kNoSymbol for a word this policy does not know.
  Symbol AgencySymbol(absl::string_view id) const;
  Symbol AgencyKindSymbol(absl::string_view kind) const;
  Symbol TeamSymbol(absl::string_view id) const;
  Symbol ServiceSymbol(absl::string_view id) const;
  Symbol RoleSymbol(absl::string_view id) const;
  Symbol AssessmentSymbol(absl::string_view id) const;
  Symbol SectionSymbol(absl::string_view id) const;  // of any assessment
  // The word of a symbol, or "" for kNoSymbol and numbers out of range.
  const std::string& AgencyId(Symbol symbol) const;
  const std::string& AgencyName(Symbol symbol) const;
  const std::string& ServiceId(Symbol symbol) const;
  const std::string& SectionId(Symbol symbol) const;
  const std::string& AssessmentId(Symbol symbol) const;
  // The sections of an assessment, in the vocabulary's order; empty for an unknown one. To ask what
  // of an assessment may be seen, ask for each section.
  const std::vector<Symbol>& Sections(Symbol assessment) const;
  // Whether the service is in the policy's group `sensitive`. An unknown service is.
  bool IsSensitiveService(Symbol service) const;
  // Whether a section of a paper may name somebody's victim, as far as the policy's officer knows:
  // those that "where a section is .., it may name a victim" lists, or any where nothing is said.
  bool MayNameVictim(Symbol section) const;

  // Decides one aspect of one item. Never fails: what cannot be judged is hidden. Allocates
  // nothing, takes no lock, makes no system call.
  Decision Decide(const Question& question, const Item& item) const;

  // The same without working out what was missing (of Decision::missing only kOverride, kFacts for
  // an aspect that is none, and kPolicy are set): for the many decisions that nobody will have
  // explained.
  Decision DecideOnly(const Question& question, const Item& item) const;

  // Whether `question` would be shown `aspect` of any flag of `service` at `holder`, whatever the
  // facts of that flag and whatever the state of consent: item-level facts are unknown, the
  // person's are as given. With `service` == kNoSymbol: of every service the holder can have flags
  // for. Where this is false, "has" and "has none" must both read "not yours to know", whether or
  // not a flag exists. To say "has" or "has none" by the agency's name, it must hold for kExistence
  // and for kAgency.
  bool AlwaysShows(const Question& question, const PersonFacts& person, Symbol holder,
                   Symbol service, Aspect aspect) const;

  // Says why, in two voices. `decision` must be what Decide() answered to the same facts.
  Explanation Explain(const Question& question, const Item& item, const Decision& decision) const;
  // The worker's voice alone, with an empty audit reason: for answers, which are many.
  Explanation ExplainToWorker(const Question& question, const Item& item,
                              const Decision& decision) const;

  // What practitioners of `asker_agency` may see of each other agency, under which agreement;
  // expired and future agreements are listed too, marked as not in force. Sorted by other agency,
  // then agreement.
  std::vector<AgreementView> ListAgreements(Symbol asker_agency, int64_t now_s) const;

  // For the room itself and its tests.
  const PolicyImpl& impl() const { return *impl_; }

 private:
  friend class PolicyCompiler;
  explicit Policy(std::unique_ptr<const PolicyImpl> impl);

  std::unique_ptr<const PolicyImpl> impl_;
};

// What Compile() answers: a policy, or what is wrong with the text (never both, never neither).
struct CompileResult {
  std::shared_ptr<const Policy> policy;
  std::vector<Diagnostic> diagnostics;

  bool ok() const { return policy != nullptr; }
  // All diagnostics, one a line.
  std::string Errors() const;
};

// Compiles `text` against `vocabulary`: parses, binds every word, runs the examples in the file and
// proves its checks. One error refuses the whole text. Safe on hostile text: time and memory are
// bounded by the limits above. Does not keep `text` or `vocabulary`.
CompileResult Compile(absl::string_view text, const Vocabulary& vocabulary,
                      const CompileOptions& options = CompileOptions());

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_POLICY_H_

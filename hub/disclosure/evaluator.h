// DisclosureEvaluator is a judge that decides one question: gathers what the policy needs, binds it
// to the policy's symbols, asks, and sorts the answers into what is seen and what is not.
//
// Reads nothing, writes nothing, opens nothing (but has the people room say when somebody is 18,
// where consents are on record). A DisclosureEvaluator belongs to one call; it must not outlive
// what its constructor was given.

#ifndef SIGNPOST_HUB_DISCLOSURE_EVALUATOR_H_
#define SIGNPOST_HUB_DISCLOSURE_EVALUATOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/disclosure/consent_facts.h"
#include "hub/ledger/entry.h"
#include "hub/people/people.h"
#include "hub/people/person.h"
#include "hub/registry/directory.h"
#include "hub/request/policy_in_force.h"
#include "hub/request/wire_parts.h"
#include "policy/engine/record_evaluator.h"
#include "policy/policy.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::disclosure {

// What is asked, with the wire's words read.
struct QuestionTerms {
  policy::Purpose purpose = policy::Purpose::kUnspecified;
  absl::InlinedVector<policy::Aspect, 5> aspects;  // without kContent
  bool content = false;
  std::string assessment_kind;  // of content; empty: all kinds
  policy::OverrideRequest override_request;
  bool necessity_stated = false;
};

// Says in the detail of an entry what was asked, but for the override, which the evaluation
// decides.
void SayAsked(const QuestionTerms& asked, ledger::v1::WhoKnows* entry);
// What an entry of who knows says was asked.
QuestionTerms AskedOf(const ledger::v1::LedgerEntry& entry);

struct AspectEvaluation {
  policy::Aspect aspect;
  policy::Decision decision;
  // Of kAssessment, where it is shown: the kind of assessment that was decided about.
  policy::Symbol assessment = policy::kNoSymbol;
};

struct ContentEvaluation {
  std::string assessment_kind;
  std::vector<std::string> open;
  std::vector<std::string> withheld;
  policy::Item first_withheld_item;  // to explain; valid while the evaluator lives
  policy::Decision first_withheld;
  std::vector<policy::Decision> open_by;  // what opened them, each that differs once
};

// One flag that the asker may see by name.
struct FlagEvaluation {
  const ::signpost::store::v1::FlagRow* flag;
  // Existence and agency always among them; assessment once for each decision that shows a kind
  // and differs, or once when none is shown.
  absl::InlinedVector<AspectEvaluation, 5> aspects;
  absl::InlinedVector<absl::string_view, 2> assessment_kinds;  // those shown; texts of `flag`
  std::vector<ContentEvaluation> content;
};

// One basis (consent, gateway and agreement) on which something of a flag is told.
struct Release {
  const ::signpost::store::v1::FlagRow* flag = nullptr;
  int agreement = policy::kNoAgreement;
  policy::Gateway gateway = policy::Gateway::kNone;
  const ::signpost::store::v1::ConsentRow* consent = nullptr;
  absl::InlinedVector<policy::Aspect, 5> aspects;
  absl::InlinedVector<policy::RuleIndex, 8> rules;
};

// How often a rule withheld something; kNoRule is hiding by default.
struct Withholding {
  policy::RuleIndex rule = policy::kNoRule;
  uint32_t count = 0;
};

// All of it. Points into the person and the policy that were evaluated.
struct Evaluation {
  std::vector<FlagEvaluation> flags;      // by agency id, then flag id
  bool unnamed_service_involved = false;  // a brokered one
  uint32_t obligations = 0;
  bool override_used = false;
  std::string override_rule;
  absl::InlinedVector<Release, 4> released;  // flag by flag
  absl::InlinedVector<Withholding, 4> withheld;

  bool nothing() const { return flags.empty() && !unnamed_service_involved; }
};

class DisclosureEvaluator {
 public:
  DisclosureEvaluator(const request::BoundPolicy& bound, const people::People& people,
                      const registry::Directory& directory, const base::Principal& asker,
                      const QuestionTerms& asked, absl::Time now);

  // Decides about every flag of `person`. Call once.
  Evaluation Decide(const people::Person& person);

  // Whether the asker may know of one flag (existence and agency), as a system for its own service:
  // for notices. REQUIRES: `flag` is of `person`.
  bool MayKnowOf(const people::Person& person, const ::signpost::store::v1::FlagRow& flag,
                 policy::Decision* deciding);

  // Says in `entry` what was released, by references that are blinded for it, and what was withheld.
  void Record(const Evaluation& findings, const ledger::Blinding& blinding,
              ledger::v1::LedgerEntry* entry) const;

  // Relationships that counted, as words, for the entry.
  absl::InlinedVector<policy::Relationship, 4> Relationships() const;

  // Adds to `answer`, a v1.WhoKnowsAnswer, the coverage as the policy allows it whatever there is.
  // That an agency has none is said only of who is settled, when its list was complete and none of
  // its reports that wait may be about them.
  // `person` is nullptr when the asker may know of nobody: then, and only then, it is the coverage of
  // a stranger.
  void WriteCoverage(const people::Person* person, request::WireParts* answer);

  // The worker's voice about one aspect of a flag in the findings. Its texts are valid until the
  // next call of anything here; ask flag by flag.
  policy::WorkerExplanation Words(const ::signpost::store::v1::FlagRow& flag,
                                  const AspectEvaluation& finding);
  policy::WorkerExplanation Words(const policy::Item& item, const policy::Decision& decision);

  const policy::Policy& policy() const { return policy_; }
  std::string RuleWords(const policy::Decision& decision) const {
    return RuleWords(DecidingRule(decision));
  }
  // The consent a show rests on, or nullptr.
  const ::signpost::store::v1::ConsentRow* ConsentOf(const policy::Decision& decision) const;
  // When that consent ends (seconds since 1970), 0 when there is none or it does not by itself.
  int64_t ConsentEndOf(const policy::Decision& decision) const {
    return consents_.UntilOf(decision.consent);
  }

 private:
  // The first of the rules that decided, or kNoRule.
  static policy::RuleIndex DecidingRule(const policy::Decision& decision);
  std::string RuleWords(policy::RuleIndex rule) const;
  void GatherPerson(const people::Person* person);
  // What is derived from the question alone, once it is complete.
  void RememberQuestion();
  // What record_ decides from now on.
  void TurnTo(const policy::Item& item);
  policy::WorkerExplanation Tell(policy::Aspect aspect, policy::Symbol assessment,
                                 policy::Symbol section, const policy::Decision& decision);
  // Whether it can be said of anybody that they have none of whom the asker asks about: it is certain
  // who it is, and the asker's own record is old enough for that. Until then others' records may
  // still be found to be about the same person, and nothing shows whether any wait.
  bool IsSettled(const people::Person& person) const;
  // By symbol, whether the policy would name the agency to this asker whatever there is.
  std::shared_ptr<const std::vector<bool>> AlwaysNamed();
  policy::Item ItemOf(const ::signpost::store::v1::FlagRow& flag, policy::Aspect aspect) const;
  // What `finding` says of the aspect, which is decided kind by kind.
  void DecideAssessments(const ::signpost::store::v1::FlagRow& flag, FlagEvaluation* finding);
  // What `finding` says of the sections of one kind of assessment.
  void DecideContent(const ::signpost::store::v1::FlagRow& flag, const policy::Item& item,
                     const std::string& kind, FlagEvaluation* finding);
  // Notes that something of `flag` is told because of `decision`.
  void Note(const ::signpost::store::v1::FlagRow& flag, policy::Aspect aspect,
            const policy::Decision& decision);
  void Withhold(const policy::Decision& decision);

  const request::BoundPolicy& bound_;
  const policy::Policy& policy_;
  const people::People& people_;
  const registry::Directory& directory_;
  const base::Principal& asker_;
  const QuestionTerms& asked_;
  const absl::Time now_;
  policy::Question question_;
  std::optional<policy::RecordEvaluator> record_;  // of question_
  // The flag whose words were asked for last: record_ is about it.
  const ::signpost::store::v1::FlagRow* told_flag_ = nullptr;
  std::string question_key_;  // all of question_, for what the policy remembers
  absl::InlinedVector<policy::TeamStanding, 2> standings_;
  const people::Person* person_ = nullptr;
  policy::PersonFacts facts_;
  ConsentFacts consents_;
  Evaluation findings_;
  size_t noted_from_ = 0;  // in findings_.released: the first of the flag that is decided now
};

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_EVALUATOR_H_

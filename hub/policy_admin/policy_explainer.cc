#include "hub/policy_admin/policy_explainer.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/receipt.h"
#include "hub/request/paging.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"
#include "hub/request/worker_text.h"

namespace signpost::policy_admin {

namespace stored = ::signpost::store::v1;
using base::Reason;
using policy::Aspect;
using policy::Effect;
using policy::Tri;

namespace {

constexpr int kAgreementsPageDefault = 100;

Tri Known(bool value) { return value ? Tri::kYes : Tri::kNo; }

// What is assumed of the young person and of the question.
struct Assumed {
  bool involved = false;
  bool team_involved = false;
  v1::AssumedConsent consent = v1::ASSUMED_CONSENT_UNSPECIFIED;
  bool necessity_stated = false;
};

// One thing that could be otherwise.
struct Change {
  v1::Opening opening;
  const char* words;
  void (*apply)(Assumed*);
  // Whether it is otherwise, and open to this asker.
  bool (*possible)(const Assumed&, const base::Principal&);
};

bool NoYes(const Assumed& assumed) {
  return assumed.consent != v1::ASSUMED_CONSENT_GIVEN &&
         assumed.consent != v1::ASSUMED_CONSENT_EXPLICIT;
}

constexpr std::array<Change, 5> kChanges = {{
    {v1::OPENING_OWN_WORK, "your agency's own work with the young person",
     [](Assumed* a) { a->involved = true; },
     [](const Assumed& a, const base::Principal&) { return !a.involved; }},
    {v1::OPENING_TEAM_WORK, "a team of yours that works with the young person",
     [](Assumed* a) { a->team_involved = true; },
     [](const Assumed& a, const base::Principal& asker) {
       return !a.team_involved && !asker.team_ids.empty();
     }},
    {v1::OPENING_CONSENT, "the young person's consent",
     [](Assumed* a) { a->consent = v1::ASSUMED_CONSENT_GIVEN; },
     [](const Assumed& a, const base::Principal&) { return NoYes(a); }},
    {v1::OPENING_EXPLICIT_CONSENT, "the young person's explicit consent",
     [](Assumed* a) { a->consent = v1::ASSUMED_CONSENT_EXPLICIT; },
     [](const Assumed& a, const base::Principal&) {
       return a.consent != v1::ASSUMED_CONSENT_EXPLICIT;
     }},
    {v1::OPENING_NECESSITY, "a statement of why it is necessary",
     [](Assumed* a) { a->necessity_stated = true; },
     [](const Assumed& a, const base::Principal&) { return !a.necessity_stated; }},
}};
// The two that are the same thing in two strengths.
constexpr unsigned kBothConsents = 4u | 8u;

// Facts of a question about nobody, bound to a policy. The spans point into this object.
class Assumption {
 public:
  Assumption(const policy::Policy& policy, const base::Principal& asker, policy::Purpose purpose,
             const Assumed& assumed, absl::Time now) {
    question_.agency = policy.AgencySymbol(asker.agency_id);
    question_.role = policy.RoleSymbol(asker.role);
    question_.is_practitioner = Tri::kYes;
    question_.purpose = purpose;
    question_.necessity_stated = Known(assumed.necessity_stated);
    question_.now_s = absl::ToUnixSeconds(now);
    if (assumed.involved) {
      question_.relationships.yes |= policy::kNamedAndSettled;
    }
    for (const std::string& team : asker.team_ids) {
      policy::TeamStanding standing;
      standing.team = policy.TeamSymbol(team);
      if (assumed.team_involved) {
        standing.relationships.yes |= policy::kNamedAndSettled;
      }
      standings_.push_back(standing);
    }
    question_.teams = standings_;
    if (assumed.consent != v1::ASSUMED_CONSENT_UNSPECIFIED) {
      consent_.decision =
          assumed.consent == v1::ASSUMED_CONSENT_REFUSED     ? policy::ConsentDecision::kRefused
          : assumed.consent == v1::ASSUMED_CONSENT_WITHDRAWN ? policy::ConsentDecision::kWithdrawn
                                                             : policy::ConsentDecision::kGiven;
      consent_.is_explicit = assumed.consent == v1::ASSUMED_CONSENT_EXPLICIT;
      consent_.matter = policy::ConsentMatter::kSharing;
      consent_.grantor = policy::Grantor::kSelfCompetent;
    }
    has_consent_ = assumed.consent != v1::ASSUMED_CONSENT_UNSPECIFIED;
  }
  Assumption(const Assumption&) = delete;
  Assumption& operator=(const Assumption&) = delete;

  const policy::Question& question() const { return question_; }

  policy::Item ItemOf(const v1::ExplainRequest& request, policy::Symbol holder,
                      policy::Symbol service, Aspect aspect, bool brokerable) const {
    policy::Item item;
    item.holder = holder;
    item.service = service;
    item.aspect = aspect;
    item.open = Known(!request.closed());
    item.disputed = Tri::kNo;
    item.marked_sensitive = Tri::kNo;
    item.shielded = Known(request.shielded());
    item.brokerable = Known(brokerable);
    item.consents_known = Tri::kYes;
    if (has_consent_) item.consents = absl::MakeConstSpan(&consent_, 1);
    item.new_identity = Tri::kNo;
    item.spent_offence = Tri::kNo;
    item.names_victim = Tri::kNo;
    item.sixteen_from_s = item.adult_from_s = policy::kNeverS;
    return item;
  }

 private:
  policy::Question question_;
  std::vector<policy::TeamStanding> standings_;
  policy::ConsentFact consent_;
  bool has_consent_ = false;
};

v1::Sight SightOf(Effect effect) {
  switch (effect) {
    case Effect::kShow:
      return v1::SIGHT_SHOWN;
    case Effect::kBroker:
      return v1::SIGHT_BROKERED;
    case Effect::kHide:
      return v1::SIGHT_HIDDEN;
  }
  return v1::SIGHT_HIDDEN;
}

struct ToldAspect {
  v1::Aspect wire;
  Aspect aspect;
};
constexpr std::array<ToldAspect, 4> kToldAspects = {{
    {v1::ASPECT_EXISTENCE, Aspect::kExistence},
    {v1::ASPECT_AGENCY, Aspect::kAgency},
    {v1::ASPECT_CONTACT, Aspect::kContact},
    {v1::ASPECT_ASSESSMENT, Aspect::kAssessment},
}};

// One way through a policy for one asker, with all the assumptions that differ from theirs in up to
// everything, made once and asked of every item.
class Explainer {
 public:
  Explainer(const policy::Policy& policy, const base::Principal& asker, policy::Purpose purpose,
            const v1::ExplainRequest& request, absl::Time now)
      : policy_(policy), request_(request) {
    Assumed base;
    base.involved = request.involved();
    base.team_involved = request.team_involved();
    base.consent = request.consent();
    base.necessity_stated = request.necessity_stated();
    // Fewer changes first, so that what is found is the shortest.
    std::vector<unsigned> sets;
    for (unsigned set = 0; set < (1u << kChanges.size()); ++set) {
      if ((set & kBothConsents) == kBothConsents) continue;
      bool possible = true;
      for (size_t i = 0; i < kChanges.size(); ++i) {
        possible = possible && ((set >> i & 1u) == 0 || kChanges[i].possible(base, asker));
      }
      if (possible) sets.push_back(set);
    }
    std::stable_sort(sets.begin(), sets.end(), [](unsigned a, unsigned b) {
      return __builtin_popcount(a) < __builtin_popcount(b);
    });
    for (const unsigned set : sets) {
      Assumed assumed = base;
      for (size_t i = 0; i < kChanges.size(); ++i) {
        if ((set >> i & 1u) != 0) kChanges[i].apply(&assumed);
      }
      ways_.push_back({set, std::make_unique<Assumption>(policy, asker, purpose, assumed, now)});
    }
  }

  // What may be seen of `item`, whose facts of consent are put in here.
  struct Item {
    policy::Symbol holder;
    policy::Symbol service;
    Aspect aspect;
    policy::Symbol assessment = policy::kNoSymbol;
    policy::Symbol section = policy::kNoSymbol;
    bool brokerable = false;
  };
  policy::Decision Decide(const Item& item, size_t way = 0) const {
    return policy_.Decide(ways_[way].assumption->question(), Bound(item, way));
  }

  // An agency is named only where both are shown, as answers do it.
  Effect Seen(const Item& item, size_t way = 0) const {
    Item existence = item;
    existence.aspect = Aspect::kExistence;
    const Effect effect = Decide(existence, way).effect;
    if (item.aspect == Aspect::kExistence || effect != Effect::kShow) {
      return item.aspect == Aspect::kExistence ? effect : Effect::kHide;
    }
    Item agency = item;
    agency.aspect = Aspect::kAgency;
    const Effect named = Decide(agency, way).effect;
    if (item.aspect == Aspect::kAgency || named != Effect::kShow) {
      return named == Effect::kShow ? Effect::kShow : Effect::kHide;
    }
    return Decide(item, way).effect == Effect::kShow ? Effect::kShow : Effect::kHide;
  }

  void Tell(const Item& item, v1::Aspect wire, v1::ExplainedAspect* told) const {
    const policy::Decision decision = Decide(item);
    const Effect effect = Seen(item);
    told->set_aspect(wire);
    told->set_sight(SightOf(effect));
    policy::RecordEvaluator record(policy_, ways_[0].assumption->question());
    record.SetItem(Bound(item, 0));
    const policy::WorkerExplanation words =
        record.Explain(item.aspect, item.assessment, item.section, decision);
    // What to do next is what `would_open` says.
    request::SetWorkerText(policy_, words, request::NextStep::kLeftOut, told->mutable_text());
    if (effect == Effect::kShow) {
      if (decision.agreement != policy::kNoAgreement) {
        told->set_agreement(policy_.agreements()[static_cast<size_t>(decision.agreement)].title);
      }
      told->set_gateway(request::ToWire(decision.gateway));
      for (const policy::Obligation obligation : policy::AllObligations()) {
        if ((decision.obligations & policy::Bit(obligation)) != 0) {
          told->add_obligations(request::ToWire(obligation));
        }
      }
      return;
    }
    std::vector<unsigned> found;
    for (size_t way = 1; way < ways_.size(); ++way) {
      const unsigned set = ways_[way].set;
      const auto covers = [set](unsigned shorter) { return Covers(set, shorter); };
      if (std::any_of(found.begin(), found.end(), covers)) continue;
      if (Seen(item, way) != Effect::kShow) continue;
      found.push_back(set);
      std::vector<std::string> parts;
      v1::WayToOpen* open = told->add_would_open();
      for (size_t i = 0; i < kChanges.size(); ++i) {
        if ((set >> i & 1u) == 0) continue;
        parts.push_back(kChanges[i].words);
        open->add_openings(kChanges[i].opening);
      }
      open->set_english(absl::StrJoin(parts, " and "));
    }
  }

 private:
  struct Way {
    unsigned set;
    std::unique_ptr<Assumption> assumption;
  };

  // Whether `set` asks for all that `shorter` does; explicit consent is consent.
  static bool Covers(unsigned set, unsigned shorter) {
    if ((set & 8u) != 0) set |= 4u;
    return (set & shorter) == shorter;
  }

  policy::Item Bound(const Item& item, size_t way) const {
    policy::Item bound = ways_[way].assumption->ItemOf(request_, item.holder, item.service,
                                                       item.aspect, item.brokerable);
    bound.assessment = item.assessment;
    bound.section = item.section;
    return bound;
  }

  const policy::Policy& policy_;
  const v1::ExplainRequest& request_;
  std::vector<Way> ways_;  // [0]: as the asker assumes
};

absl::Status NoPolicy() {
  return base::Error(Reason::kPolicyUnavailable,
                     "no policy is in force, so everything is hidden; ask the hub's operator");
}

absl::Status CheckHolder(const registry::Directory& directory, const std::string& agency_id,
                         const char* field) {
  if (agency_id.empty() || directory.FindAgency(agency_id) != nullptr) return absl::OkStatus();
  return base::InvalidField(field, "is no agency of this area; ListAgencies lists them");
}

// Records a question about nobody and answers it. `compose` fills the response at the policy that
// is in force; it may run more than once.
template <typename Response, typename Compose>
void Ask(const request::HubContext& context, const base::Principal& asker,
         const std::string& request_id, policy::Purpose purpose,
         ledger::v1::PolicyQuestion question, Compose compose, request::Reply<Response> done) {
  struct Outcome {
    Response response;
    absl::Status refusal;
  };
  request::Transact<Outcome>(
      context,
      [context, asker, request_id, purpose, question, compose = std::move(compose)](
          const ledger::GuardedView&) -> absl::StatusOr<ledger::Attempt<Outcome>> {
        ledger::Attempt<Outcome> attempt;
        Response& response = attempt.outcome.response;
        ledger::v1::LedgerEntry entry =
            context.entries->New(ledger::v1::ENTRY_KIND_POLICY_ASKED, asker, request_id);
        entry.set_purpose(request::ToEntry(purpose));
        entry.mutable_policy_asked()->set_question(question);
        ledger::Operation& operation = attempt.operation.emplace();
        const std::shared_ptr<const request::BoundPolicy> bound = context.policy->Get();
        if (bound == nullptr) {
          attempt.outcome.refusal = NoPolicy();
          ledger::SetRefused(Reason::kPolicyUnavailable, &entry);
        } else {
          SIGNPOST_RETURN_IF_ERROR(compose(*bound, &response));
          response.set_policy_sha256(bound->sha256);
          response.set_policy_version(bound->version);
          request::SetPolicy(*bound, &entry);
          entry.set_reply_hash(base::Sha256(response.SerializeAsString()));
          entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
          request::RestOn(*bound, &operation);
        }
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [origin = context.sequencer->options().origin,
       done = std::move(done)](absl::StatusOr<ledger::Committed<Outcome>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        v1::Receipt receipt = ledger::ReceiptOf(*result->sequenced, origin);
        if (!result->outcome.refusal.ok()) {
          return done(request::WithReceipt(result->outcome.refusal, receipt));
        }
        *result->outcome.response.mutable_receipt() = std::move(receipt);
        done(std::move(result->outcome.response));
      });
}

void Tell(const policy::AgreementSentence& sentence, v1::AgreementStatement* told) {
  told->set_rule(sentence.rule_id);
  told->set_rule_title(sentence.rule_title);
  told->set_statement(sentence.statement);
  told->set_gateway(request::ToWire(sentence.basis));
  told->set_english(sentence.words);
}

}  // namespace

void PolicyExplainer::Explain(const base::Principal& asker, v1::ExplainRequest request,
                              request::Reply<v1::ExplainResponse> done) {
  if (absl::Status status = request::CheckRequestId(request.request_id()); !status.ok()) {
    return done(std::move(status));
  }
  const policy::Purpose purpose = request::ToPolicy(request.purpose());
  if (purpose == policy::Purpose::kUnspecified) {
    return done(base::InvalidField("purpose", "say for what: one of the purposes of v1.Purpose"));
  }
  if (!asker.asserted_purpose.empty() &&
      asker.asserted_purpose != request::Word(policy::ToString(purpose))) {
    return done(base::Error(Reason::kPurposeNotAllowed,
                            "the purpose is not the one the practitioner's assertion names; ask "
                            "for that purpose, or sign in for this one"));
  }
  if (absl::Status status = CheckHolder(*context_.registry->directory(), request.holder_agency_id(),
                                        "holder_agency_id");
      !status.ok()) {
    return done(std::move(status));
  }
  const stored::PolicyVocabularyRow words = policy_admin_->WordsNow();
  if (!request.assessment_kind().empty() &&
      std::none_of(words.assessments().begin(), words.assessments().end(),
                   [&](const auto& word) { return word.id() == request.assessment_kind(); })) {
    return done(base::InvalidField("assessment_kind", "is no kind of assessment of this area"));
  }
  const std::string request_id = request.request_id();
  Ask<v1::ExplainResponse>(
      context_, asker, request_id, purpose, ledger::v1::POLICY_QUESTION_EXPLAIN,
      [this, asker, purpose, words, request = std::move(request)](
          const request::BoundPolicy& bound, v1::ExplainResponse* response) -> absl::Status {
        const policy::Policy& policy = *bound.policy;
        const Explainer explainer(policy, asker, purpose, request, context_.clock->Now());
        for (const stored::PolicyAgencyWord& agency : words.agencies()) {
          if (agency.agency_id() == asker.agency_id) continue;
          if (!request.holder_agency_id().empty() &&
              agency.agency_id() != request.holder_agency_id()) {
            continue;
          }
          for (const std::string& service : agency.services()) {
            v1::ExplainedHolder* holder = response->add_holders();
            holder->set_agency_id(agency.agency_id());
            holder->set_agency_name(agency.name());
            holder->set_service(service);
            Explainer::Item item;
            item.holder = policy.AgencySymbol(agency.agency_id());
            item.service = policy.ServiceSymbol(service);
            item.brokerable = agency.feeds_index() && !agency.suspended();
            for (const ToldAspect& told : kToldAspects) {
              if (told.aspect == Aspect::kAssessment) continue;  // told by kind
              item.aspect = told.aspect;
              explainer.Tell(item, told.wire, holder->add_aspects());
            }
            // Rules may speak of one kind of assessment or of all; what is shown of any is said.
            v1::ExplainedAspect* pointer = holder->add_aspects();
            bool first = true;
            for (const stored::PolicyAssessmentWord& kind : words.assessments()) {
              if (!request.assessment_kind().empty() && kind.id() != request.assessment_kind()) {
                continue;
              }
              item.aspect = Aspect::kAssessment;
              item.assessment = policy.AssessmentSymbol(kind.id());
              item.section = policy::kNoSymbol;
              const bool seen = explainer.Seen(item) == Effect::kShow;
              if (first || (seen && pointer->sight() != v1::SIGHT_SHOWN)) {
                pointer->Clear();
                explainer.Tell(item, v1::ASPECT_ASSESSMENT, pointer);
                first = false;
              }
              if (!seen) continue;
              v1::ExplainedAssessment* assessment = holder->add_assessments();
              assessment->set_assessment_kind(kind.id());
              item.aspect = Aspect::kContent;
              for (const policy::Symbol section : policy.Sections(item.assessment)) {
                item.section = section;
                if (explainer.Seen(item) == Effect::kShow) {
                  assessment->add_sections_open(policy.SectionId(section));
                } else {
                  assessment->add_sections_withheld(policy.SectionId(section));
                }
              }
            }
            if (first) holder->mutable_aspects()->RemoveLast();
          }
        }
        return absl::OkStatus();
      },
      std::move(done));
}

void PolicyExplainer::ListAgreements(const base::Principal& asker,
                                     v1::ListAgreementsRequest request,
                                     request::Reply<v1::ListAgreementsResponse> done) {
  absl::Status status = request::CheckRequestId(request.request_id());
  if (status.ok()) {
    status =
        CheckHolder(*context_.registry->directory(), request.other_agency_id(), "other_agency_id");
  }
  if (status.ok()) {
    status =
        request::PageSize(request.page_size(), kAgreementsPageDefault, base::kPageRowsMax).status();
  }
  if (!status.ok()) return done(std::move(status));
  Ask<v1::ListAgreementsResponse>(
      context_, asker, request.request_id(),
      policy::ParsePurpose(asker.asserted_purpose).value_or(policy::Purpose::kUnspecified),
      ledger::v1::POLICY_QUESTION_AGREEMENTS,
      [this, asker, request](const request::BoundPolicy& bound,
                             v1::ListAgreementsResponse* response) -> absl::Status {
        const policy::Policy& policy = *bound.policy;
        const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
        std::vector<policy::AgreementView> all = policy.ListAgreements(
            policy.AgencySymbol(asker.agency_id), absl::ToUnixSeconds(context_.clock->Now()));
        if (const std::string& other = request.other_agency_id(); !other.empty()) {
          std::erase_if(all, [&](const auto& view) { return view.other_agency != other; });
        }
        SIGNPOST_ASSIGN_OR_RETURN(
            const request::PageSpan page,
            request::PageOf(all, request.page_size(), kAgreementsPageDefault, base::kPageRowsMax,
                            request.page_token(), [&bound](const policy::AgreementView& view) {
                              // Numbers of agreements are one policy's own.
                              return absl::StrCat(bound.sha256.substr(0, 16), "/",
                                                  view.other_agency, "/", view.agreement);
                            }));
        response->set_next_page_token(page.next_page_token);
        for (size_t i = page.begin; i < page.end; ++i) {
          const policy::AgreementView& view = all[i];
          v1::AgreementTerms* terms = response->add_agreements();
          terms->set_other_agency_id(view.other_agency);
          const registry::Agency* agency = directory->FindAgency(view.other_agency);
          terms->set_other_agency_name(agency != nullptr ? agency->name : view.other_agency);
          terms->set_in_force(view.in_force);
          if (view.agreement != policy::kNoAgreement) {
            const policy::AgreementInfo& info =
                policy.agreements()[static_cast<size_t>(view.agreement)];
            terms->set_title(info.title);
            *terms->mutable_from() = request::ToTimestamp(info.from_s);
            *terms->mutable_until() = request::ToTimestamp(info.until_s);
            *terms->mutable_review() = request::ToTimestamp(info.review_s);
          }
          for (const policy::AgreementSentence& sentence : view.may_see) {
            Tell(sentence, terms->add_may_see());
          }
          for (const policy::AgreementSentence& sentence : view.never_see) {
            Tell(sentence, terms->add_never_see());
          }
        }
        return absl::OkStatus();
      },
      std::move(done));
}

}  // namespace signpost::policy_admin

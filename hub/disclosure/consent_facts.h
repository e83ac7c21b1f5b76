// ConsentFacts is a list that puts what was said about a person as a policy's facts: whose word it
// is, what it covers, from when until when, what stands in whose place.
//
// Reads nothing but the person it is given. Belongs to one call, not thread-safe. The policy, the
// asker and the person must outlive it; spans it gives are valid until the next Gather().

#ifndef SIGNPOST_HUB_DISCLOSURE_CONSENT_FACTS_H_
#define SIGNPOST_HUB_DISCLOSURE_CONSENT_FACTS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "hub/base/principal.h"
#include "hub/people/person.h"
#include "policy/policy.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::disclosure {

class ConsentFacts {
 public:
  // Those of `person` as they stand at `now_s`; none for nullptr. Where their birth date decides
  // and is not known or cannot be read, a yes has ended and a no goes on.
  void Gather(const policy::Policy& policy, const base::Principal& asker,
              const people::Person* person, int64_t now_s);

  // Puts them into `item` as they are for one flag: what names other flags does not cover it, nor
  // does a yes that its holder challenged or, where its service is sensitive, one that rests on the
  // asking side's word alone (people::CountsFor()). The index of a fact is the same for every flag.
  // Also the first second of their 16th and of their 18th birthday, where there are consents and
  // every agency's birth date leads to the same decision now. REQUIRES:
  // `flag` is of the person.
  void Put(const ::signpost::store::v1::FlagRow& flag, policy::Item* item) const {
    item->consents = Of(flag);
    item->sixteen_from_s = sixteen_from_s_;
    item->adult_from_s = adult_from_s_;
  }

  // The record behind a fact, nullptr for policy::kNoConsent.
  const ::signpost::store::v1::ConsentRow* Row(int32_t index) const;
  // When it ends, 0 when it does not by itself.
  int64_t UntilOf(int32_t index) const;

 private:
  absl::Span<const policy::ConsentFact> Of(const ::signpost::store::v1::FlagRow& flag) const;
  template <typename ScopeFields>
  policy::ConsentScope ScopeOf(const policy::Policy& policy, const ScopeFields& row);

  // Symbols of scopes; each scope's lists are spans of these, which move but keep their memory.
  std::vector<std::vector<policy::Symbol>> symbols_;
  std::vector<std::vector<policy::Purpose>> purposes_;
  std::vector<std::vector<policy::Aspect>> aspects_;
  std::vector<std::vector<policy::ConsentScope>> exceptions_;
  std::vector<policy::ConsentFact> facts_;
  std::vector<const ::signpost::store::v1::ConsentRow*> rows_;
  // By flag, for those of which they are otherwise than for the others.
  std::vector<std::pair<std::string, std::vector<policy::ConsentFact>>> by_flag_;
  int64_t sixteen_from_s_ = policy::kUnknownS;
  int64_t adult_from_s_ = policy::kUnknownS;
};

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_CONSENT_FACTS_H_

#include "tests/worlds/generators.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace signpost::worlds {

Maker::Maker(const Cast* cast, const std::string& agency, uint64_t seed)
    : cast_(cast), agency_(agency), dice_(seed) {}

Caller Maker::Adapter() const {
  return {.agency = agency_, .system = agency_ == kOperator ? "operator" : "adapter"};
}

Caller Maker::InRole(const std::string& practitioner, const std::string& role) const {
  Caller caller = Adapter();
  if (agency_ != kOperator) caller.system = "casework";
  caller.practitioner = practitioner;
  caller.role = role;
  return caller;
}

Caller Maker::GovernanceOfficer() {
  return InRole(absl::StrCat("ig", 1 + dice_.Below(3)), "information-governance-officer");
}

Caller Maker::Anybody(v1::Purpose purpose) {
  Caller caller = InRole(dice_.OneIn(3) ? "w2" : "w1", RoleOf(agency_));
  if (agency_ == kYot) caller.teams = {"nortown-yot-team"};
  if (agency_ == kOperator) caller = GovernanceOfficer();
  if (agency_ != kOperator && dice_.OneIn(6)) {
    caller = dice_.OneIn(2) ? Manager() : DataProtectionOfficer();
  }
  if (dice_.OneIn(25)) {
    caller = Adapter();
    caller.system = agency_ == kOperator ? "operator" : "casework";
  }
  // One who says another purpose than they were signed in for is refused.
  caller.purpose = PurposeWord(dice_.OneIn(30) ? v1::PURPOSE_REFERRAL : purpose);
  return caller;
}

std::string Maker::RequestId() {
  const int earlier = number_ == 0 ? 0 : dice_.Below(static_cast<int>(number_));
  return absl::StrCat("r-", dice_.OneIn(20) ? static_cast<size_t>(earlier) : number_);
}

v1::Purpose Maker::Purpose() {
  static const std::vector<v1::Purpose> purposes = {
      v1::PURPOSE_SUPPORT_PLANNING, v1::PURPOSE_SUPPORT_PLANNING, v1::PURPOSE_ASSESSMENT,
      v1::PURPOSE_SAFEGUARDING,     v1::PURPOSE_YOUTH_JUSTICE,    v1::PURPOSE_SERVICE_DELIVERY,
      v1::PURPOSE_REFERRAL,         v1::PURPOSE_CAREER_GUIDANCE,  v1::PURPOSE_HOUSING};
  return dice_.Pick(purposes);
}

// C-1 is the person's, mostly, and C-2 the other's.
std::string Maker::RecordId() {
  return absl::StrCat("C-", dice_.OneIn(2) ? 1 : 1 + dice_.Below(5));
}

v1::PersonDetails Maker::Details() {
  const int who = dice_.Below(10);
  v1::PersonDetails details = who < 7 ? cast_->person : (who < 8 ? cast_->sibling : cast_->other);
  v1::Date* const born = details.mutable_birth_date();
  switch (dice_.Below(16)) {
    case 0:
      details.clear_postcode();
      break;
    case 1:
      details.set_postcode("NT9 9AA");
      break;
    case 2:  // where the shielded person may be
      details.set_postcode(dice_.OneIn(2) ? "NT21 4AB" : "NT22 9ZZ");
      break;
    case 3:
      born->set_day(born->day() - 1);
      break;
    case 4:
      born->set_year(born->year() + 1);
      break;
    case 5:
      details.clear_birth_date();
      break;
    case 6:
      details.set_given_names(absl::StrCat(details.given_names(), " Lee"));
      break;
    case 7: {
      const std::string given = details.given_names();
      details.set_given_names(details.surname());
      details.set_surname(given);
      break;
    }
    case 8:
      details.set_given_names("Xx");
      details.set_surname("Yy");
      break;
    case 9:
      details.clear_identifiers();
      break;
    case 10:
      details.clear_identifiers();
      details.add_identifiers()->set_kind(v1::IDENTIFIER_KIND_NHS_NUMBER);
      details.mutable_identifiers(0)->set_value("9434765919");
      break;
    default:  // as the others write them
      break;
  }
  return details;
}

std::function<v1::PersonSelector(const Talk&)> Maker::Selector() {
  v1::PersonSelector selector;
  switch (dice_.Below(8)) {
    case 0: {
      const uint64_t any = dice_.Roll();
      return [any](const Talk& talk) {
        v1::PersonSelector found;
        found.set_agency_person_id(talk.memory().One("person-id", any));
        return found;
      };
    }
    case 1:
    case 2:
    case 3:
      selector.set_record_id(RecordId());
      break;
    default:
      *selector.mutable_details() = Details();
      break;
  }
  return [selector](const Talk& /*talk*/) { return selector; };
}

std::string Maker::Reason() {
  return dice_.OneIn(15) ? "" : "They asked for it in writing on Monday.";
}

int32_t Maker::PageSize() {
  static const std::vector<int32_t> sizes = {0, 0, 0, 1, 1, 2, 5000, -1};
  return dice_.Pick(sizes);
}

std::function<std::string(const Talk&)> Maker::PageToken(const std::string& kind) {
  const uint64_t any = dice_.Roll();
  const int what = dice_.Below(10);
  return [any, what, kind](const Talk& talk) -> std::string {
    if (what == 0) return "made-up";
    return what < 4 ? talk.memory().One(kind, any) : "";
  };
}

const std::vector<Generator>& AllGenerators() {
  static const auto* const all = [] {
    auto* made = new std::vector<Generator>;
    for (const auto& some : {IndexGenerators(), ConsentGenerators(), StewardGenerators(),
                             ArchiveGenerators(), OversightGenerators(), OperationGenerators()}) {
      made->insert(made->end(), some.begin(), some.end());
    }
    return made;
  }();
  return *all;
}

const Generator* FindGenerator(const std::string& method) {
  for (const Generator& generator : AllGenerators()) {
    if (method == generator.method) return &generator;
  }
  return nullptr;
}

}  // namespace signpost::worlds

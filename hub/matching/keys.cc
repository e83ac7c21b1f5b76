#include "hub/matching/keys.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/matching/identifiers.h"
#include "hub/people/people.h"

namespace signpost::matching {
namespace {

// Labels of match keys: their first byte in the store. Stable.
constexpr char kByNhsNumber = 'N';
constexpr char kByUpn = 'U';
constexpr char kByLearner = 'L';
constexpr char kByNamesAndDate = 'A';
constexpr char kBySurnameAndDate = 'B';
constexpr char kByGivenAndDate = 'C';
constexpr char kByNamesAndPostcode = 'D';
constexpr char kByDateAndPostcode = 'E';

void SortUnique(std::vector<std::string>* keys) {
  std::sort(keys->begin(), keys->end());
  keys->erase(std::unique(keys->begin(), keys->end()), keys->end());
}

}  // namespace

std::string Keys::Field(absl::string_view label, absl::string_view value) const {
  if (value.empty()) return std::string();
  const absl::string_view nul("\0", 1);
  return key_.Hash({"field", nul, label, nul, value}, kFieldHashBytes);
}

std::string Keys::Key(char label, absl::string_view a, absl::string_view b,
                      absl::string_view c) const {
  const absl::string_view at(&label, 1);
  // The parts are hashes of one length, so they cannot run into each other.
  return absl::StrCat(at,
                      key_.Hash({"key", absl::string_view("\0", 1), at, a, b, c}, kFieldHashBytes));
}

store::v1::AliasHashes Keys::Hash(const signpost::v1::PersonDetails& details) const {
  store::v1::AliasHashes hashes;
  const NameTokens given = normaliser_->Name(details.given_names());
  hashes.set_given(Field("name", Joined(given)));
  if (!given.empty()) hashes.set_given_first(Field("first", given.front()));
  hashes.set_surname(Field("name", Joined(normaliser_->Name(details.surname()))));
  const int32_t birth_date = people::DateNumber(details.birth_date());
  if (birth_date != 0) {
    hashes.set_birth_date(Field("birth_date", absl::StrCat(birth_date)));
    const std::optional<int32_t> swapped = SwapDayAndMonth(birth_date);
    if (swapped) hashes.set_birth_date_swapped(Field("birth_date", absl::StrCat(*swapped)));
  }
  const std::optional<Postcode> postcode = ParsePostcode(details.postcode());
  if (postcode) hashes.set_postcode(Field("postcode", postcode->unit));
  hashes.set_gender(Field("gender", details.gender()));
  for (const signpost::v1::Identifier& identifier : details.identifiers()) {
    // Of several of one kind the first valid one counts.
    if (identifier.kind() == signpost::v1::IDENTIFIER_KIND_NHS_NUMBER) {
      const std::optional<std::string> number = NhsNumber(identifier.value());
      if (number && hashes.nhs_number().empty()) hashes.set_nhs_number(Field("nhs", *number));
    } else if (identifier.kind() == signpost::v1::IDENTIFIER_KIND_UPN) {
      const std::optional<std::string> number = Upn(identifier.value());
      if (number && hashes.upn().empty()) hashes.set_upn(Field("upn", *number));
    } else if (identifier.kind() == signpost::v1::IDENTIFIER_KIND_LEARNER) {
      const std::optional<std::string> number = LearnerNumber(identifier.value());
      if (number && hashes.learner().empty()) hashes.set_learner(Field("learner", *number));
    }
  }
  return hashes;
}

bool Keys::IsExact(absl::string_view stored_key) {
  if (stored_key.empty()) return false;
  const char label = stored_key.front();
  return label == kByNhsNumber || label == kByUpn || label == kByLearner ||
         label == kByDateAndPostcode;
}

std::vector<std::string> Keys::StoredKeys(const store::v1::AliasHashes& h) const {
  std::vector<std::string> keys;
  const auto add = [&](char label, const std::string& a, const std::string* b = nullptr,
                       const std::string* c = nullptr) {
    if (a.empty() || (b != nullptr && b->empty()) || (c != nullptr && c->empty())) return;
    keys.push_back(Key(label, a, b != nullptr ? absl::string_view(*b) : absl::string_view(),
                       c != nullptr ? absl::string_view(*c) : absl::string_view()));
  };
  add(kByNhsNumber, h.nhs_number());
  add(kByUpn, h.upn());
  add(kByLearner, h.learner());
  add(kByNamesAndDate, h.given(), &h.surname(), &h.birth_date());
  add(kBySurnameAndDate, h.surname(), &h.birth_date());
  add(kByGivenAndDate, h.given(), &h.birth_date());
  add(kByNamesAndPostcode, h.given(), &h.surname(), &h.postcode());
  add(kByDateAndPostcode, h.birth_date(), &h.postcode());
  SortUnique(&keys);
  return keys;
}

std::vector<std::string> Keys::QueryKeys(const store::v1::AliasHashes& h,
                                         std::vector<std::string> keys) const {
  if (!h.given().empty() && !h.surname().empty()) {
    if (!h.birth_date_swapped().empty()) {
      keys.push_back(Key(kByNamesAndDate, h.given(), h.surname(), h.birth_date_swapped()));
    }
    if (!h.birth_date().empty()) {
      keys.push_back(Key(kByNamesAndDate, h.surname(), h.given(), h.birth_date()));
    }
  }
  SortUnique(&keys);
  return keys;
}

}  // namespace signpost::matching

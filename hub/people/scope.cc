#include "hub/people/scope.h"

#include <algorithm>

#include "hub/base/ids.h"

namespace signpost::people {
namespace {

using store::v1::ConsentRow;
using store::v1::ScopeRow;

template <typename Values, typename Value>
bool Has(const Values& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// An empty list constrains nothing.
template <typename Values>
bool Within(const Values& wide, const Values& narrow) {
  if (wide.empty()) return true;
  return !narrow.empty() && std::all_of(narrow.begin(), narrow.end(),
                                        [&wide](const auto& value) { return Has(wide, value); });
}

template <typename Values>
bool Apart(const Values& a, const Values& b) {
  return !a.empty() && !b.empty() &&
         std::none_of(a.begin(), a.end(), [&b](const auto& value) { return Has(b, value); });
}

bool KindsWithin(const ConsentRow& wide, const ConsentRow& narrow, const KindOfAgency& kind_of) {
  if (Within(wide.recipient_kinds(), narrow.recipient_kinds())) return true;
  // Agencies that are all of the kinds named.
  if (narrow.recipient_agency_ids().empty() || kind_of == nullptr) return false;
  return std::all_of(
      narrow.recipient_agency_ids().begin(), narrow.recipient_agency_ids().end(),
      [&](const std::string& agency) { return Has(wide.recipient_kinds(), kind_of(agency)); });
}

bool ApartFrom(const ScopeRow& exception, const ConsentRow& row) {
  return Apart(exception.services(), row.services()) ||
         Apart(exception.holder_agency_ids(), row.holder_agency_ids()) ||
         Apart(exception.assessment_kinds(), row.assessment_kinds()) ||
         Apart(exception.sections(), row.sections()) ||
         Apart(exception.recipient_agency_ids(), row.recipient_agency_ids()) ||
         Apart(exception.recipient_roles(), row.recipient_roles()) ||
         Apart(exception.purposes(), row.purposes()) || Apart(exception.actions(), row.actions());
}

// ConsentRow and ScopeRow have the same fields under the same names.
template <typename Row>
void StoreFields(const signpost::v1::ConsentScope& scope, Row* row) {
  *row->mutable_services() = scope.services();
  *row->mutable_holder_agency_ids() = scope.holder_agency_ids();
  *row->mutable_assessment_kinds() = scope.assessment_kinds();
  *row->mutable_sections() = scope.sections();
  *row->mutable_recipient_agency_ids() = scope.recipient_agency_ids();
  *row->mutable_recipient_kinds() = scope.recipient_kinds();
  *row->mutable_recipient_roles() = scope.recipient_roles();
  for (const int purpose : scope.purposes()) row->add_purposes(purpose);
  for (const int action : scope.actions()) row->add_actions(action);
  for (const signpost::v1::ConsentScope& exception : scope.exceptions()) {
    StoreFields(exception, row->add_exceptions());
  }
}

}  // namespace

bool Covers(const ConsentRow& wide, const ConsentRow& narrow, const KindOfAgency& kind_of) {
  return Within(wide.services(), narrow.services()) &&
         Within(wide.holder_agency_ids(), narrow.holder_agency_ids()) &&
         Within(wide.assessment_kinds(), narrow.assessment_kinds()) &&
         Within(wide.sections(), narrow.sections()) &&
         Within(wide.recipient_agency_ids(), narrow.recipient_agency_ids()) &&
         KindsWithin(wide, narrow, kind_of) &&
         Within(wide.recipient_roles(), narrow.recipient_roles()) &&
         Within(wide.purposes(), narrow.purposes()) && Within(wide.actions(), narrow.actions()) &&
         Within(wide.flag_ids(), narrow.flag_ids()) &&
         Within(wide.recipient_practitioner_ids(), narrow.recipient_practitioner_ids()) &&
         std::all_of(wide.exceptions().begin(), wide.exceptions().end(),
                     [&narrow](const ScopeRow& exception) { return ApartFrom(exception, narrow); });
}

bool MayOpen(const ConsentRow& row, const store::v1::FlagRow& flag) {
  return (row.holder_agency_ids().empty() || Has(row.holder_agency_ids(), flag.agency_id())) &&
         (row.services().empty() || Has(row.services(), flag.service())) &&
         (row.flag_ids().empty() || Has(row.flag_ids(), flag.flag_id()));
}

bool MayReceive(const ConsentRow& row, const std::string& agency_id, const KindOfAgency& kind_of) {
  if (!row.recipient_agency_ids().empty()) return Has(row.recipient_agency_ids(), agency_id);
  if (row.recipient_kinds().empty()) return true;
  const std::string kind = kind_of == nullptr ? std::string() : kind_of(agency_id);
  return kind.empty() || Has(row.recipient_kinds(), kind);
}

bool IsOwnWord(const ConsentRow& row) {
  return row.grantor() == signpost::v1::GRANTOR_SELF ||
         row.grantor() == signpost::v1::GRANTOR_SELF_COMPETENT;
}

signpost::v1::HolderAnswer AnswerOf(const ConsentRow& row, absl::string_view agency_id) {
  for (const store::v1::HolderAnswerRow& answer : row.holder_answers()) {
    if (answer.agency_id() == agency_id) {
      return static_cast<signpost::v1::HolderAnswer>(answer.answer());
    }
  }
  return signpost::v1::HOLDER_ANSWER_UNSPECIFIED;
}

bool CountsFor(const ConsentRow& row, absl::string_view holder, bool sensitive) {
  const signpost::v1::HolderAnswer answer = AnswerOf(row, holder);
  if (answer == signpost::v1::HOLDER_ANSWER_CHALLENGED) return false;
  return !sensitive || answer == signpost::v1::HOLDER_ANSWER_CONFIRMED ||
         row.recorded_by_agency_id() == holder || (IsOwnWord(row) && !row.recorder_receives());
}

void StoreScope(const signpost::v1::ConsentScope& scope, ConsentRow* row) {
  StoreFields(scope, row);
  *row->mutable_recipient_practitioner_ids() = scope.recipient_practitioner_ids();
  for (const std::string& text : scope.flag_ids()) {
    const absl::StatusOr<base::FlagId> id = base::FlagId::FromText(text);
    row->add_flag_ids(id.ok() ? id->ToBytes() : std::string());
  }
}

}  // namespace signpost::people

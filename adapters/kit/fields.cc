#include "adapters/kit/fields.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "adapters/kit/values.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

constexpr char kDayForm[] = "is no day; write DD/MM/YYYY or YYYY-MM-DD";

}  // namespace

void TakeName(RowScope* row, const std::string& field, const std::string& text, std::string* out) {
  if (text.empty()) {
    row->Reject(field, "is empty; a name is needed");
  } else if (!IsName(text)) {
    row->Reject(field, "is longer than 200 bytes or holds control characters");
  } else {
    *out = text;
  }
}

void TakeBirthDate(RowScope* row, const std::string& field, const std::string& text,
                   absl::CivilDay today, signpost::v1::PersonDetails* person) {
  if (text.empty()) return;
  const std::optional<signpost::v1::Date> day = ParseDay(text);
  if (!day.has_value()) {
    row->Reject(field, kDayForm);
  } else if (ToCivil(*day) > today) {
    row->Reject(field, "lies in the future");
  } else {
    *person->mutable_birth_date() = *day;
  }
}

void TakeGender(RowScope* row, const Mapping& mapping, const std::string& field,
                const std::string& text, signpost::v1::PersonDetails* person) {
  if (text.empty()) return;
  const std::optional<std::string> gender = mapping.Code("gender", text);
  if (!gender.has_value()) {
    row->Correct(field, "a code that the mapping does not have (codes.gender): left out");
    return;
  }
  person->set_gender(*gender);
}

void TakePostcode(RowScope* row, const std::string& field, const std::string& text,
                  signpost::v1::PersonDetails* person) {
  if (text.empty()) return;
  const std::optional<std::string> postcode = NormalisePostcode(text);
  if (!postcode.has_value()) {
    row->Correct(field, "is no postcode: left out");
    return;
  }
  person->set_postcode(*postcode);
}

void TakeIdentifier(RowScope* row, const std::string& field, const std::string& text,
                    signpost::v1::IdentifierKind kind, signpost::v1::PersonDetails* person) {
  if (text.empty()) return;
  std::optional<std::string> value;
  if (kind == signpost::v1::IDENTIFIER_KIND_NHS_NUMBER) value = NormaliseNhsNumber(text);
  if (kind == signpost::v1::IDENTIFIER_KIND_UPN) value = NormaliseUpn(text);
  if (!value.has_value()) {
    row->Correct(field, "its check digit or form is wrong: left out");
    return;
  }
  signpost::v1::Identifier* identifier = person->add_identifiers();
  identifier->set_kind(kind);
  identifier->set_value(*value);
}

void TakeStatus(RowScope* row, const Mapping& mapping, const std::string& status,
                const std::string& opened, const std::string& closed, absl::CivilDay today,
                signpost::v1::FlagReport* report) {
  const std::string word = mapping.Code("status", status).value_or("");
  if (word == "open") {
    report->set_status(signpost::v1::FLAG_STATUS_OPEN);
  } else if (word == "closed") {
    report->set_status(signpost::v1::FLAG_STATUS_CLOSED);
  } else {
    row->Reject("status", status.empty() ? "is empty; open or closed is needed"
                                         : "a code that the mapping does not have (codes.status)");
    return;
  }
  const std::optional<signpost::v1::Date> opened_on = ParseDay(opened);
  if (!opened_on.has_value()) {
    row->Reject("opened", opened.empty() ? "is empty; the day is needed" : kDayForm);
    return;
  }
  if (ToCivil(*opened_on) > today) {
    row->Reject("opened", "lies in the future");
    return;
  }
  *report->mutable_opened_on() = *opened_on;
  if (word == "open") {
    if (!closed.empty()) row->Reject("closed", "has a day though the status is open; which holds?");
    return;
  }
  const std::optional<signpost::v1::Date> closed_on = ParseDay(closed);
  if (!closed_on.has_value()) {
    row->Reject("closed", closed.empty() ? "is empty though the status is closed; the day is needed"
                                         : kDayForm);
  } else if (ToCivil(*closed_on) < ToCivil(*opened_on)) {
    row->Reject("closed", "lies before the day it was opened");
  } else if (ToCivil(*closed_on) > today) {
    row->Reject("closed", "lies in the future");
  } else {
    *report->mutable_closed_on() = *closed_on;
  }
}

void TakeContact(RowScope* row, const Mapping& mapping, const std::string& prefix,
                 const ContactFields& fields, signpost::v1::Contact* contact) {
  if (!fields.id.empty()) {
    if (IsWorkerId(fields.id)) {
      contact->set_practitioner_id(fields.id);
    } else {
      row->Correct(prefix + "id",
                   "is no practitioner id (no spaces, plain letters and digits): left out");
    }
  }
  if (fields.name.empty()) {
    row->Correct(prefix + "name", "is empty: the duty desk of the mapping stands in");
    contact->set_name(mapping.Default("duty_desk_name"));
    contact->clear_practitioner_id();
  } else if (!IsName(fields.name)) {
    row->Reject(prefix + "name", "is longer than 200 bytes or holds control characters");
  } else {
    contact->set_name(fields.name);
  }
  contact->set_role(mapping.Default("role"));
  if (!fields.role.empty()) {
    const std::optional<std::string> role = mapping.Code("role", fields.role);
    if (role.has_value()) {
      contact->set_role(*role);
    } else {
      row->Correct(prefix + "role",
                   "a role that the mapping does not have (codes.role): its default stands in");
    }
  }
  if (!fields.phone.empty()) {
    if (IsPhone(fields.phone)) {
      contact->set_phone(fields.phone);
    } else {
      row->Correct(prefix + "phone", "is no telephone number: left out");
    }
  }
  if (!fields.email.empty()) {
    if (IsEmail(fields.email)) {
      contact->set_email(fields.email);
    } else {
      row->Correct(prefix + "email", "is no e-mail address: left out");
    }
  }
  if (!fields.team.empty()) {
    const std::optional<std::string> team = mapping.Code("team", fields.team);
    if (team.has_value()) {
      contact->set_team_id(*team);
    } else if (IsWord(fields.team)) {
      contact->set_team_id(fields.team);
    } else {
      row->Correct("team", "is no team id and not in the mapping (codes.team): left out");
    }
  }
}

bool IsRecordId(absl::string_view text) {
  return !text.empty() && text.size() <= base::kRecordIdBytesMax && IsUtf8(text) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
}

bool TakeRecordId(RowScope* row, const std::string& field, const std::string& text,
                  std::string* out) {
  if (!IsRecordId(text)) {
    row->Reject(field, text.empty() ? "is empty; without an id nothing can be said of this row"
                                    : "is longer than 128 bytes or holds control characters");
    row->extract()->RowWithoutId();
    return false;
  }
  *out = text;
  row->extract()->Present(text);
  return true;
}

absl::Status ForEachCsvRow(
    const std::string& path, const std::vector<CsvColumn>& columns, const std::string& id_field,
    Extract* extract,
    const std::function<void(const CsvTable& table, std::unique_ptr<RowScope> row)>& take) {
  SIGNPOST_ASSIGN_OR_RETURN(std::unique_ptr<CsvReader> reader, CsvReader::Open(path));
  SIGNPOST_ASSIGN_OR_RETURN(CsvTable table, CsvTable::Open(std::move(reader), columns));
  if (!table.unknown_headers().empty()) {
    extract->Note(table.name(),
                  absl::StrCat("columns not read: ", absl::StrJoin(table.unknown_headers(), ", ")));
  }
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(const bool any, table.Next());
    if (!any) return absl::OkStatus();
    auto row = std::make_unique<RowScope>(extract, table.name(), table.row());
    if (table.problem().empty()) {
      take(table, std::move(row));
      continue;
    }
    // The row is lost, but not the record: while its id can be read, what the hub holds of it
    // stays.
    row->Reject("row", table.problem());
    if (id_field.empty()) continue;
    const std::string id = table.in_place() ? table.Get(id_field) : "";
    if (IsRecordId(id)) {
      extract->Present(id);
    } else {
      extract->RowWithoutId();
    }
  }
}

void AddAssessment(const signpost::v1::AssessmentPointer& pointer,
                   signpost::v1::FlagReport* report) {
  const auto same_day = [&pointer](const signpost::v1::AssessmentPointer& other) {
    return other.kind() == pointer.kind() &&
           ToCivil(other.assessed_on()) == ToCivil(pointer.assessed_on());
  };
  auto* all = report->mutable_assessments();
  const auto same = std::find_if(all->begin(), all->end(), same_day);
  if (same != all->end()) {
    for (const std::string& section : pointer.sections()) {
      const auto& there = same->sections();
      if (std::find(there.begin(), there.end(), section) == there.end()) {
        same->add_sections(section);
      }
    }
    return;
  }
  *report->add_assessments() = pointer;
  if (all->size() <= base::kAssessmentsPerFlagMax) return;
  const auto oldest = std::min_element(all->begin(), all->end(), [](const auto& a, const auto& b) {
    return ToCivil(a.assessed_on()) < ToCivil(b.assessed_on());
  });
  all->erase(oldest);
}

}  // namespace signpost::adapters

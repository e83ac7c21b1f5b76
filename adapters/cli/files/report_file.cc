#include "adapters/cli/files/report_file.h"

#include <utility>

#include "adapters/cli/text/text.h"
#include "hub/base/json_config.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters::cli {
namespace {

using base::ConfigObject;

// Reads a date that may be absent; complains and leaves it absent when it is none.
template <typename Set>
void ReadDate(ConfigObject& object, const std::string& key, Set set) {
  if (!object.Has(key)) return;
  const absl::StatusOr<signpost::v1::Date> date = ParseDate(object.String(key));
  if (date.ok()) {
    set(*date);
  } else {
    object.Complain(key, std::string(date.status().message()));
  }
}

void AddIdentifier(ConfigObject& object, const std::string& key, signpost::v1::IdentifierKind kind,
                   signpost::v1::PersonDetails* person) {
  if (!object.Has(key)) return;
  signpost::v1::Identifier* const identifier = person->add_identifiers();
  identifier->set_kind(kind);
  identifier->set_value(object.String(key));
}

void ReadPerson(ConfigObject object, signpost::v1::PersonDetails* person) {
  person->set_given_names(object.StringOr("given_names", ""));
  person->set_surname(object.StringOr("surname", ""));
  ReadDate(object, "birth_date",
           [person](const signpost::v1::Date& date) { *person->mutable_birth_date() = date; });
  ReadDate(object, "expected_birth_date", [person](const signpost::v1::Date& date) {
    *person->mutable_expected_birth_date() = date;
  });
  person->set_gender(object.ChoiceOr("gender", {"", "female", "male", "other"}, ""));
  person->set_postcode(object.StringOr("postcode", ""));
  AddIdentifier(object, "nhs_number", signpost::v1::IDENTIFIER_KIND_NHS_NUMBER, person);
  AddIdentifier(object, "upn", signpost::v1::IDENTIFIER_KIND_UPN, person);
  AddIdentifier(object, "learner", signpost::v1::IDENTIFIER_KIND_LEARNER, person);
}

void ReadContact(ConfigObject object, signpost::v1::Contact* contact) {
  contact->set_practitioner_id(object.StringOr("practitioner_id", ""));
  contact->set_name(object.StringOr("name", ""));
  contact->set_role(object.StringOr("role", ""));
  contact->set_phone(object.StringOr("phone", ""));
  contact->set_email(object.StringOr("email", ""));
  contact->set_team_id(object.StringOr("team_id", ""));
}

void ReadFlag(ConfigObject object, signpost::v1::FlagReport* flag) {
  flag->set_record_id(object.String("record_id"));
  flag->set_service(object.String("service"));
  const std::string status = object.ChoiceOr("status", {"open", "closed", "retracted"}, "open");
  const absl::StatusOr<signpost::v1::FlagStatus> value =
      EnumFromWord<signpost::v1::FlagStatus>(status);
  if (value.ok()) flag->set_status(*value);
  ReadDate(object, "opened_on",
           [flag](const signpost::v1::Date& date) { *flag->mutable_opened_on() = date; });
  ReadDate(object, "closed_on",
           [flag](const signpost::v1::Date& date) { *flag->mutable_closed_on() = date; });
  ReadDate(object, "died_on",
           [flag](const signpost::v1::Date& date) { *flag->mutable_died_on() = date; });
  ReadPerson(object.Object("person"), flag->mutable_person());
  if (object.Has("contact")) ReadContact(object.Object("contact"), flag->mutable_contact());
  for (ConfigObject& assessment : object.Objects("assessments")) {
    signpost::v1::AssessmentPointer* const pointer = flag->add_assessments();
    pointer->set_kind(assessment.String("kind"));
    ReadDate(assessment, "assessed_on",
             [pointer](const signpost::v1::Date& date) { *pointer->mutable_assessed_on() = date; });
    for (const std::string& section : assessment.Strings("sections")) {
      pointer->add_sections(section);
    }
  }
}

}  // namespace

absl::StatusOr<ReportFile> ParseReportFile(absl::string_view text, const std::string& source) {
  SIGNPOST_ASSIGN_OR_RETURN(ConfigObject config, ConfigObject::Parse(text, source));
  ReportFile file;
  file.feed = config.StringOr("feed", "by-hand");
  std::vector<ConfigObject> flags = config.Objects("flags");
  if (flags.empty()) config.Complain("flags", "at least one flag is wanted");
  for (ConfigObject& flag : flags) {
    signpost::v1::FlagReport report;
    report.set_sequence(file.flags.size() + 1);
    ReadFlag(flag, &report);
    file.flags.push_back(std::move(report));
  }
  SIGNPOST_RETURN_IF_ERROR(config.Finish());
  return file;
}

}  // namespace signpost::adapters::cli

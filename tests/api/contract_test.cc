// What every method and every field of the public API must have: a row in the method table, and the
// sensitivity option on what is personal. Both walk the descriptors, so a new one cannot be
// forgotten.

#include <map>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "hub/rpc/method_table.h"
#include "hub/rpc/redact.h"
#include "signpost/v1/archive.pb.h"
#include "signpost/v1/audit.pb.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/cover.pb.h"
#include "signpost/v1/exchange.pb.h"
#include "signpost/v1/index.pb.h"
#include "signpost/v1/maintenance.pb.h"
#include "signpost/v1/options.pb.h"
#include "signpost/v1/overrides.pb.h"
#include "signpost/v1/person.pb.h"
#include "signpost/v1/policy.pb.h"
#include "signpost/v1/registry.pb.h"
#include "signpost/v1/steward.pb.h"

namespace signpost::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using ::testing::HasSubstr;
using ::testing::Not;

std::set<const FileDescriptor*> Files() {
  std::set<const FileDescriptor*> files = {
      v1::FindRequest::descriptor()->file(),       v1::RecordConsentRequest::descriptor()->file(),
      v1::PutAgencyRequest::descriptor()->file(),  v1::StartCoverRequest::descriptor()->file(),
      v1::GetEntryRequest::descriptor()->file(),   v1::SubscribeRequest::descriptor()->file(),
      v1::Receipt::descriptor()->file(),           v1::ListOverridesRequest::descriptor()->file(),
      v1::ExplainRequest::descriptor()->file(),    v1::ExportPersonRequest::descriptor()->file(),
      v1::MakeBackupRequest::descriptor()->file(), v1::SetLegalHoldRequest::descriptor()->file()};
  std::set<const FileDescriptor*> all = files;
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->dependency_count(); ++i) {
      if (file->dependency(i)->package() == "signpost.v1") all.insert(file->dependency(i));
    }
  }
  return all;
}

std::map<std::string, const MethodDescriptor*> Methods() {
  std::map<std::string, const MethodDescriptor*> methods;
  for (const FileDescriptor* file : Files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const MethodDescriptor* method = file->service(s)->method(m);
        methods["/" + file->service(s)->full_name() + "/" + method->name()] = method;
      }
    }
  }
  return methods;
}

TEST(MethodTable, EveryMethodHasARowAndEveryRowAMethod) {
  const auto methods = Methods();
  ASSERT_GE(methods.size(), 20u);
  for (const auto& [name, method] : methods) {
    EXPECT_NE(rpc::FindMethod(name), nullptr) << name << " has no row in hub/rpc/method_table.cc";
  }
  for (const rpc::MethodRow& row : rpc::AllMethods()) {
    EXPECT_EQ(methods.count(row.full_method), 1u) << row.full_method << " is no method";
  }
  EXPECT_EQ(rpc::AllMethods().size(), methods.size());
  EXPECT_EQ(rpc::FindMethod("/signpost.v1.IndexService/ListEverybody"), nullptr);
}

TEST(MethodTable, UnaryMethodsNeedADeadlineAndStreamsDoNot) {
  for (const auto& [name, method] : Methods()) {
    const rpc::MethodRow* row = rpc::FindMethod(name);
    ASSERT_NE(row, nullptr) << name;
    const bool stream = method->client_streaming() || method->server_streaming();
    EXPECT_EQ(row->deadline == rpc::DeadlineRule::kStream, stream) << name;
  }
}

TEST(MethodTable, WhoeverMayCallIsSomebodyTheAssertionRuleCanMake) {
  for (const rpc::MethodRow& row : rpc::AllMethods()) {
    EXPECT_NE(row.callers, 0) << row.full_method;
    const bool only_practitioners =
        row.callers == static_cast<rpc::CallerKinds>(rpc::CallerKind::kPractitioner);
    EXPECT_EQ(row.assertion == rpc::AssertionRule::kRequired, only_practitioners)
        << row.full_method;
    if (row.assertion == rpc::AssertionRule::kNone) {
      EXPECT_FALSE(row.Allows(rpc::CallerKind::kPractitioner)) << row.full_method;
    }
  }
}

// The message that has the rows of a list: the response, or what its `answer` is the bytes of.
const Descriptor* RowsOf(const MethodDescriptor* method) {
  static const auto* const answers = new std::map<std::string, const Descriptor*>{
      {"ListArchiveRequests", v1::ArchiveRequests::descriptor()},
      {"ListConsents", v1::ConsentList::descriptor()},
      {"ListErasedRecords", v1::ErasedRecords::descriptor()},
      {"ListLegalHolds", v1::LegalHolds::descriptor()},
      {"ListOverrides", v1::OverrideList::descriptor()},
      {"ListReviews", v1::ReviewList::descriptor()},
  };
  const auto answer = answers->find(method->name());
  return answer != answers->end() && method->output_type()->FindFieldByName("answer") != nullptr
             ? answer->second
             : method->output_type();
}

bool Has(const Descriptor* message, const char* name, FieldDescriptor::Type type) {
  const FieldDescriptor* field = message->FindFieldByName(name);
  return field != nullptr && !field->is_repeated() && field->type() == type;
}

// AIP-158.
TEST(Paging, EveryListAndSearchHasPages) {
  int lists = 0;
  for (const auto& [name, method] : Methods()) {
    if (method->name().rfind("List", 0) != 0 && method->name().rfind("Search", 0) != 0) continue;
    ++lists;
    EXPECT_TRUE(Has(method->input_type(), "page_size", FieldDescriptor::TYPE_INT32)) << name;
    EXPECT_TRUE(Has(method->input_type(), "page_token", FieldDescriptor::TYPE_STRING)) << name;
    EXPECT_TRUE(Has(RowsOf(method), "next_page_token", FieldDescriptor::TYPE_STRING))
        << RowsOf(method)->full_name();
  }
  EXPECT_GE(lists, 7);
}

// An answer that has many rows and is no list would get round the rule by its name.
TEST(Paging, WhatGivesPagesIsCalledAList) {
  for (const auto& [name, method] : Methods()) {
    if (!Has(RowsOf(method), "next_page_token", FieldDescriptor::TYPE_STRING)) continue;
    // Its pages are of work, however few entries it names.
    if (name == "/signpost.v1.AuditService/VerifyPerson") continue;
    EXPECT_TRUE(method->name().rfind("List", 0) == 0 || method->name().rfind("Search", 0) == 0)
        << name;
  }
}

// Fields whose names sound personal and are not, each with the reason why.
const std::map<std::string, std::string>& NotPersonal() {
  static const auto* const fields = new std::map<std::string, std::string>{
      {"signpost.v1.Agency.name", "an organisation"},
      {"signpost.v1.Team.name", "an organisation"},
      {"signpost.v1.DirectoryEntry.name", "an organisation"},
      {"signpost.v1.PolicyVersion.name", "a policy"},
      {"signpost.v1.FlagView.agency_name", "an organisation"},
      {"signpost.v1.Coverage.agency_name", "an organisation"},
      {"signpost.v1.FlagOutcome.reason", "an ErrorReason"},
      {"signpost.v1.WhoKnowsAnswer.unnamed_service_involved", "a yes or no"},
      {"signpost.v1.ExplainedHolder.agency_name", "an organisation"},
      {"signpost.v1.AgreementTerms.other_agency_name", "an organisation"},
      {"signpost.v1.WitnessState.name", "an organisation"},
      {"signpost.v1.PatternReport.name", "a pattern"},
      {"signpost.v1.ExportExclusion.reason", "an ExclusionReason"},
      {"signpost.v1.PersonExport.agency_names", "organisations"},
      {"signpost.v1.AgencyName.name", "an organisation"},
      {"signpost.v1.HeldConsent.only_named_workers", "a yes or no"},
  };
  return *fields;
}

bool SoundsPersonal(const std::string& name) {
  for (const char* word : {"name", "surname", "birth", "postcode", "address", "phone", "email",
                           "reason", "note", "identifier_value", "gender", "record_id"}) {
    if (name.find(word) != std::string::npos) return true;
  }
  return false;
}

void CheckMessage(const Descriptor* message, std::set<std::string>* excused) {
  for (int i = 0; i < message->nested_type_count(); ++i) {
    CheckMessage(message->nested_type(i), excused);
  }
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    if (!SoundsPersonal(field->name())) continue;
    if (NotPersonal().count(field->full_name()) > 0) {
      excused->insert(field->full_name());
      continue;
    }
    EXPECT_TRUE(field->options().GetExtension(v1::sensitive))
        << field->full_name() << " sounds personal: mark it (signpost.v1.sensitive), or say in "
        << "NotPersonal() why it is not";
  }
}

TEST(Sensitivity, WhatSoundsPersonalIsMarked) {
  std::set<std::string> excused;
  for (const FileDescriptor* file : Files()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      CheckMessage(file->message_type(i), &excused);
    }
  }
  // An excuse for a field that is gone would excuse its successor.
  EXPECT_EQ(excused.size(), NotPersonal().size());
}

TEST(Redact, NothingPersonalIsPrinted) {
  v1::FlagReport report;
  report.set_sequence(7);
  report.set_record_id("case-4711");
  report.mutable_person()->set_given_names("Tariq");
  report.mutable_person()->set_surname("Example");
  report.mutable_person()->mutable_birth_date()->set_year(1991);
  report.mutable_person()->set_postcode("NT1 1AA");
  report.mutable_person()->add_identifiers()->set_value("9434765919");
  report.set_service("youth-offending");
  report.mutable_contact()->set_name("Wendy Worker");
  report.mutable_contact()->set_phone("01632 960001");
  report.mutable_contact()->set_role("yot-officer");
  const std::string text = rpc::Redacted(report);
  for (const char* personal :
       {"Tariq", "Example", "1991", "NT1", "9434765919", "Wendy", "01632", "4711"}) {
    EXPECT_THAT(text, Not(HasSubstr(personal)));
  }
  EXPECT_THAT(text, HasSubstr("sequence: 7"));
  EXPECT_THAT(text, HasSubstr("service: \"youth-offending\""));
  EXPECT_THAT(text, HasSubstr("role: \"yot-officer\""));
  EXPECT_THAT(text, HasSubstr("person: [redacted]"));
}

TEST(Redact, BytesAndUnknownFieldsAreCountedNotShown) {
  v1::GetEntryResponse entry;
  entry.set_entry("Tariq");
  v1::GetCheckpointRequest holds_unknown;
  ASSERT_TRUE(holds_unknown.ParseFromString(std::string("\x0a\x05Tariq", 7)));
  EXPECT_EQ(rpc::Redacted(entry), "{ entry: [5 bytes] }");
  EXPECT_EQ(rpc::Redacted(holds_unknown), "{ [1 unknown fields] }");
}

TEST(Redact, LongMessagesAreCut) {
  v1::Agency agency;
  agency.set_agency_id(std::string(100'000, 'a'));
  EXPECT_LE(rpc::Redacted(agency).size(), rpc::kRedactedBytesMax + 3);
}

}  // namespace
}  // namespace signpost::api

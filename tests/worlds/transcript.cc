#include "tests/worlds/transcript.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "signpost/v1/archive.pb.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/exchange.pb.h"
#include "signpost/v1/index.pb.h"
#include "signpost/v1/overrides.pb.h"
#include "signpost/v1/person.pb.h"
#include "signpost/v1/steward.pb.h"

namespace signpost::worlds {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kNothing[] = "(nothing)";

const OpaqueField* FindOpaque(const std::string& field) {
  for (const OpaqueField& opaque : OpaqueFields()) {
    if (field == opaque.field) return &opaque;
  }
  return nullptr;
}

// Fields of bytes that hold a message, and which.
const Message* InnerOf(const std::string& field) {
  static const auto* const inner = new std::map<std::string, const Message*>{
      {"signpost.v1.WhoKnowsResponse.answer", &v1::WhoKnowsAnswer::default_instance()},
      {"signpost.v1.ListConsentsResponse.answer", &v1::ConsentList::default_instance()},
      {"signpost.v1.GetConsentHistoryResponse.answer", &v1::ConsentList::default_instance()},
      {"signpost.v1.ListOverridesResponse.answer", &v1::OverrideList::default_instance()},
      {"signpost.v1.ReportOverridesResponse.answer", &v1::OverrideReport::default_instance()},
      {"signpost.v1.ExportPersonResponse.answer", &v1::PersonExport::default_instance()},
      {"signpost.v1.ListErasedRecordsResponse.answer", &v1::ErasedRecords::default_instance()},
      {"signpost.v1.ListArchiveRequestsResponse.answer", &v1::ArchiveRequests::default_instance()},
      {"signpost.v1.ReadArchiveResponse.answer", &v1::ArchivedFlags::default_instance()},
      {"signpost.v1.ListLegalHoldsResponse.answer", &v1::LegalHolds::default_instance()},
      {"signpost.v1.DeliveredMessage.payload", &v1::Notice::default_instance()},
      {"signpost.v1.ListReviewsResponse.answer", &v1::ReviewList::default_instance()},
  };
  const auto found = inner->find(field);
  return found == inner->end() ? nullptr : found->second;
}

// Texts of several lines in which lines of hashes and signatures stand among others.
bool IsNote(const std::string& field) {
  return field == "signpost.v1.GetCheckpointResponse.checkpoint" ||
         field == "signpost.v1.GetProofResponse.proof";
}

// Values that are compared as they stand, and that later requests may name.
const char* LearntKind(const std::string& field) {
  static const auto* const kinds = new std::map<std::string, const char*>{
      {"signpost.v1.Receipt.ledger_index", "receipt-index"},
      {"signpost.v1.OverrideCase.number", "override-number"},
      {"signpost.v1.RegistryChange.change_id", "change-id"},
      {"signpost.v1.RegistryChange.sha256", "change-sha256"},
      {"signpost.v1.ListRegistryChangesResponse.next_page_token", "changes-page"},
      {"signpost.v1.PolicySummary.sha256", "policy-sha256"},
      {"signpost.v1.GetConsistencyResponse.new_size", "tree-size"},
      {"signpost.v1.OverrideList.next_page_token", "overrides-page"},
      {"signpost.v1.ListAgenciesResponse.next_page_token", "agencies-page"},
      {"signpost.v1.ListCoversResponse.next_page_token", "covers-page"},
      {"signpost.v1.ListPoliciesResponse.next_page_token", "policies-page"},
      {"signpost.v1.ListAgreementsResponse.next_page_token", "agreements-page"},
  };
  const auto found = kinds->find(field);
  return found == kinds->end() ? nullptr : found->second;
}

// A review's id begins with its kind and the time ("review-01M83XMJF0..."), which are compared as
// they stand.
std::string Dated(const std::string& kind, const std::string& value) {
  if (kind != "review-id") return "";
  return absl::StrCat(", ", value.substr(0, value.find('-') + 11), "...");
}

std::string Named(const std::string& kind, const std::string& value, Memory* memory) {
  return absl::StrCat(kind, " ", memory->Learn(kind, value), " of ", value.size(), " bytes",
                      Dated(kind, value));
}

void TellNote(const std::string& text, const std::string& path, Memory* memory,
              Transcript* transcript) {
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    std::string shown(line);
    std::string bytes;
    if (absl::StartsWith(line, "\xE2\x80\x94 ")) {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(line.substr(4), absl::MaxSplits(' ', 1));
      shown = absl::StrCat("signed by ", parts.first, " with ",
                           Named("signature", std::string(parts.second), memory));
    } else if (absl::Base64Unescape(line, &bytes) && bytes.size() == 32) {
      shown = Named("tree-hash", bytes, memory);
    } else if (number == 1) {
      memory->Learn("tree-size", std::string(line));
    }
    transcript->push_back({absl::StrCat(path, "[", number++, "]"), std::move(shown)});
  }
}

void TellText(const std::string& field, const std::string& value, const std::string& path,
              Memory* memory, Transcript* transcript) {
  if (IsNote(field)) return TellNote(value, path, memory, transcript);
  if (const OpaqueField* const opaque = FindOpaque(field); opaque != nullptr && !value.empty()) {
    transcript->push_back({path, Named(opaque->kind, value, memory)});
    return;
  }
  if (const char* const kind = LearntKind(field); kind != nullptr && !value.empty()) {
    memory->Learn(kind, value);
  }
  if (const Message* const inner = InnerOf(field); inner != nullptr) {
    const std::unique_ptr<Message> message(inner->New());
    if (message->ParseFromString(value)) {
      Tell(*message, path, memory, transcript);
      transcript->push_back({absl::StrCat(path, ".size"), absl::StrCat(value.size())});
      return;
    }
  }
  transcript->push_back({path, absl::CHexEscape(value)});
}

void TellNumber(const std::string& field, const std::string& value, const std::string& path,
                Memory* memory, Transcript* transcript) {
  if (const char* const kind = LearntKind(field); kind != nullptr) memory->Learn(kind, value);
  transcript->push_back({path, value});
}

void TellField(const Message& message, const FieldDescriptor* field, int i, const std::string& path,
               Memory* memory, Transcript* transcript) {
  const Reflection* const reflection = message.GetReflection();
  const bool repeated = field->is_repeated();
  std::string scratch;
  const auto number = [&](auto value) {
    TellNumber(field->full_name(), absl::StrCat(value), path, memory, transcript);
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Tell(repeated ? reflection->GetRepeatedMessage(message, field, i)
                           : reflection->GetMessage(message, field),
                  path, memory, transcript);
    case FieldDescriptor::CPPTYPE_STRING:
      return TellText(field->full_name(),
                      repeated ? reflection->GetRepeatedStringReference(message, field, i, &scratch)
                               : reflection->GetStringReference(message, field, &scratch),
                      path, memory, transcript);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value = repeated ? reflection->GetRepeatedEnumValue(message, field, i)
                                 : reflection->GetEnumValue(message, field);
      const auto* const name = field->enum_type()->FindValueByNumber(value);
      transcript->push_back({path, name == nullptr ? absl::StrCat(value) : name->name()});
      return;
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return number(repeated ? reflection->GetRepeatedBool(message, field, i)
                             : reflection->GetBool(message, field));
    case FieldDescriptor::CPPTYPE_INT32:
      return number(repeated ? reflection->GetRepeatedInt32(message, field, i)
                             : reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return number(repeated ? reflection->GetRepeatedInt64(message, field, i)
                             : reflection->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return number(repeated ? reflection->GetRepeatedUInt32(message, field, i)
                             : reflection->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return number(repeated ? reflection->GetRepeatedUInt64(message, field, i)
                             : reflection->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return number(repeated ? reflection->GetRepeatedDouble(message, field, i)
                             : reflection->GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return number(repeated ? reflection->GetRepeatedFloat(message, field, i)
                             : reflection->GetFloat(message, field));
  }
}

// In which order to tell of the elements of a list: as they stand, but that the flags of one agency
// come in the order of ids that are drawn. Those are told in the order in which the world learnt of
// them, and then by what else they say.
std::vector<int> OrderOf(const Message& message, const FieldDescriptor* field,
                         const Memory& memory) {
  const int size = message.GetReflection()->FieldSize(message, field);
  std::vector<int> order;
  for (int i = 0; i < size; ++i) order.push_back(i);
  if (field->full_name() != "signpost.v1.WhoKnowsAnswer.flags") return order;
  std::vector<std::tuple<std::string, size_t, std::string>> keys;
  for (int i = 0; i < size; ++i) {
    v1::FlagView flag;
    flag.CopyFrom(message.GetReflection()->GetRepeatedMessage(message, field, i));
    const size_t place = memory.PlaceOf("flag-id", flag.flag_id());
    flag.clear_flag_id();
    keys.emplace_back(flag.agency_id(), place, flag.SerializeAsString());
  }
  std::sort(order.begin(), order.end(), [&keys](int a, int b) {
    return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)];
  });
  return order;
}

}  // namespace

const std::vector<OpaqueField>& OpaqueFields() {
  static const auto* const fields = new std::vector<OpaqueField>{
      // A salt is drawn for each answer, so that a hash of it tells nothing.
      {"signpost.v1.WhoKnowsAnswer.salt", "salt", "drawn for each answer"},
      {"signpost.v1.ConsentList.salt", "salt", "drawn for each answer"},
      {"signpost.v1.OverrideList.salt", "salt", "drawn for each answer"},
      {"signpost.v1.OverrideReport.salt", "salt", "drawn for each answer"},
      {"signpost.v1.PersonExport.salt", "salt", "drawn for each answer"},
      {"signpost.v1.ExportExclusion.exclusion_id", "exclusion-id", "a keyed hash of a drawn id"},
      {"signpost.v1.ExportExclusion.consent_id", "consent-id", "drawn for each consent"},
      {"signpost.v1.Notice.salt", "salt", "drawn for each notice"},
      {"signpost.v1.ErasedRecords.salt", "salt", "drawn for each answer"},
      {"signpost.v1.ArchiveRequests.salt", "salt", "drawn for each answer"},
      {"signpost.v1.ArchivedFlags.salt", "salt", "drawn for each answer"},
      {"signpost.v1.LegalHolds.salt", "salt", "drawn for each answer"},
      {"signpost.v1.SearchEntriesResponse.salt", "salt", "drawn for each answer"},
      {"signpost.v1.FindPatternsResponse.salt", "salt", "drawn for each answer"},
      {"signpost.v1.PreviewReport.salt", "salt", "drawn for each answer"},
      // Ids are drawn when the thing is made, or are keyed hashes of such.
      {"signpost.v1.FindResponse.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.WhoKnowsAnswer.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.FlagReference.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.ConsentToConfirm.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.RefusalReplaced.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.ShieldLifted.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.OverrideCase.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.FlagView.flag_id", "flag-id", "drawn for each flag"},
      {"signpost.v1.ConsentScope.flag_ids", "flag-id", "drawn for each flag"},
      {"signpost.v1.Consent.consent_id", "consent-id", "drawn for each consent"},
      {"signpost.v1.Consent.supersedes", "consent-id", "drawn for each consent"},
      {"signpost.v1.Consent.superseded_by", "consent-id", "drawn for each consent"},
      {"signpost.v1.RecordConsentResponse.consent_id", "consent-id", "drawn for each consent"},
      {"signpost.v1.ConsentToConfirm.consent_id", "consent-id", "drawn for each consent"},
      {"signpost.v1.RefusalReplaced.consent_id", "consent-id", "drawn for each consent"},
      {"signpost.v1.FlagReview.review_id", "review-id", "drawn for each review"},
      {"signpost.v1.ReviewOverdue.review_id", "review-id", "drawn for each review"},
      {"signpost.v1.ReviewList.salt", "salt", "drawn for each answer"},
      {"signpost.v1.WaitingRecordQuestion.question_id", "question-id", "drawn for each question"},
      {"signpost.v1.WaitingRecordQuestion.agency_person_id", "person-id",
       "a keyed hash of a drawn id"},
      {"signpost.v1.RecordQuestionPut.question_id", "question-id", "drawn for each question"},
      {"signpost.v1.RecordQuestionPut.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.ConsentList.next_page_token", "consent-id", "the last one's id"},
      {"signpost.v1.ConsentEnds.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.PersonDied.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.DeathWrong.agency_person_id", "person-id", "a keyed hash of a drawn id"},
      {"signpost.v1.ConsentEnds.consent_id", "consent-id", "drawn for each consent"},
      {"signpost.v1.AskForArchiveResponse.archive_request_id", "archive-request-id",
       "drawn for each request"},
      {"signpost.v1.ArchiveRequest.archive_request_id", "archive-request-id",
       "drawn for each request"},
      {"signpost.v1.ArchiveRequests.next_page_token", "archive-request-id", "the last one's id"},
      {"signpost.v1.LegalHolds.next_page_token", "hold-id", "drawn for each hold"},
      {"signpost.v1.ErasedRecord.question_id", "question-id", "a keyed hash of the record"},
      {"signpost.v1.ErasedRecords.next_page_token", "question-id", "the last one's id"},
      // Entries hold nonces and what is drawn above, and the tree is made of their hashes.
      {"signpost.v1.Receipt.leaf_hash", "leaf-hash", "the hash of an entry that holds a nonce"},
      {"signpost.v1.GetConsistencyResponse.hashes", "tree-hash", "hashes of such hashes"},
      // The place in the mailbox, enciphered under the hub's key: which messages come, and which of
      // them a mark stands at, is compared; the ciphertext of a place says nothing.
      {"signpost.v1.DeliveredMessage.message_id", "message-id", "a place, enciphered"},
      {"signpost.v1.Heartbeat.low_water_message_id", "message-id", "a place, enciphered"},
      {"signpost.v1.Acknowledged.low_water_message_id", "message-id", "a place, enciphered"},
      {"signpost.v1.MessageState.message_id", "message-id", "a place, enciphered"},
      // A fault of the hub's own is looked up in the log by it.
      {"google.rpc.ErrorInfo.metadata", "incident", "its incident_id alone, drawn for each fault"},
  };
  return *fields;
}

size_t Memory::Learn(const std::string& kind, const std::string& value) {
  Values& values = kinds_[kind];
  const auto [place, fresh] = values.places.try_emplace(value, values.seen.size() + 1);
  if (fresh) values.seen.push_back(value);
  return place->second;
}

size_t Memory::PlaceOf(const std::string& kind, const std::string& value) const {
  const auto found = kinds_.find(kind);
  if (found == kinds_.end()) return SIZE_MAX;
  const auto place = found->second.places.find(value);
  return place == found->second.places.end() ? SIZE_MAX : place->second;
}

std::string Memory::One(const std::string& kind, uint64_t any) const {
  const auto found = kinds_.find(kind);
  if (found == kinds_.end()) return "";
  return found->second.seen[any % found->second.seen.size()];
}

std::vector<std::string> Memory::All(const std::string& kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? std::vector<std::string>() : found->second.seen;
}

void Tell(const Message& message, const std::string& path, Memory* memory, Transcript* transcript) {
  if (message.GetDescriptor()->full_name() == "google.protobuf.Timestamp") {
    google::protobuf::Timestamp time;
    time.CopyFrom(message);
    transcript->push_back({path, google::protobuf::util::TimeUtil::ToString(time)});
    return;
  }
  const Reflection* const reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  if (fields.empty()) transcript->push_back({path, "(empty)"});
  for (const FieldDescriptor* const field : fields) {
    const std::string below = absl::StrCat(path, ".", field->name());
    if (!field->is_repeated()) {
      TellField(message, field, 0, below, memory, transcript);
      continue;
    }
    const int size = reflection->FieldSize(message, field);
    transcript->push_back({absl::StrCat(below, ".count"), absl::StrCat(size)});
    int told = 0;
    for (const int i : OrderOf(message, field, *memory)) {
      TellField(message, field, i, absl::StrCat(below, "[", told++, "]"), memory, transcript);
    }
  }
  const auto& unknown = reflection->GetUnknownFields(message);
  if (!unknown.empty()) {
    std::string bytes;
    (void)unknown.SerializeToString(&bytes);
    transcript->push_back({absl::StrCat(path, ".(unknown)"), absl::CHexEscape(bytes)});
  }
}

void TellStatus(const grpc::Status& status, const std::string& path, Memory* memory,
                Transcript* transcript) {
  if (status.ok()) return;
  transcript->push_back({absl::StrCat(path, ".message"), status.error_message()});
  google::rpc::Status details;
  if (status.error_details().empty()) return;
  if (!details.ParseFromString(status.error_details())) {
    transcript->push_back(
        {absl::StrCat(path, ".details"), absl::CHexEscape(status.error_details())});
    return;
  }
  const auto tell = [&](const google::protobuf::Any& any, auto message, const std::string& name) {
    if (!any.Is<decltype(message)>() || !any.UnpackTo(&message)) return false;
    Tell(message, absl::StrCat(path, ".", name), memory, transcript);
    return true;
  };
  for (const google::protobuf::Any& any : details.details()) {
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&info)) {
      // A map, whose order is nobody's, and an id that is drawn.
      transcript->push_back({absl::StrCat(path, ".reason"), info.reason()});
      std::map<std::string, std::string> sorted(info.metadata().begin(), info.metadata().end());
      for (const auto& [key, value] : sorted) {
        transcript->push_back({absl::StrCat(path, ".metadata.", key),
                               key == "incident_id" ? Named("incident", value, memory) : value});
      }
      continue;
    }
    if (tell(any, google::rpc::BadRequest(), "bad_request")) continue;
    if (tell(any, google::rpc::RetryInfo(), "retry")) continue;
    if (tell(any, v1::Receipt(), "receipt")) continue;
    transcript->push_back({absl::StrCat(path, ".detail"), absl::CHexEscape(any.value())});
  }
  transcript->push_back(
      {absl::StrCat(path, ".details.size"), absl::StrCat(status.error_details().size())});
}

std::vector<Difference> Compare(const Transcript& first, const Transcript& second) {
  std::map<std::string, std::string> others;
  for (const Field& field : second) others[field.path] = field.value;
  std::vector<Difference> differences;
  std::map<std::string, std::string> seen;
  for (const Field& field : first) {
    seen[field.path] = field.value;
    const auto other = others.find(field.path);
    if (other == others.end()) {
      differences.push_back({field.path, field.value, kNothing});
    } else if (other->second != field.value) {
      differences.push_back({field.path, field.value, other->second});
    }
  }
  for (const Field& field : second) {
    if (!seen.contains(field.path)) differences.push_back({field.path, kNothing, field.value});
  }
  return differences;
}

std::string WithoutNumbers(const std::string& path) {
  std::string without;
  bool inside = false;
  for (const char c : path) {
    if (c == '[') inside = true;
    if (!inside) without.push_back(c);
    if (c == ']') inside = false;
  }
  return without;
}

}  // namespace signpost::worlds

#include "hub/ledger/entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "hub/base/ids.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/pruned.h"
#include "tests/ledger/entry_for_test.h"

namespace signpost::ledger {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::HasSubstr;
using ::testing::Not;

// Every kind but none.
std::vector<v1::EntryKind> Kinds() {
  std::vector<v1::EntryKind> kinds;
  const EnumDescriptor* type = v1::EntryKind_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) {
      kinds.push_back(static_cast<v1::EntryKind>(type->value(i)->number()));
    }
  }
  return kinds;
}

// Sets every field of `message` to something.
void Fill(Message* message) {
  const auto* type = message->GetDescriptor();
  const auto* reflection = message->GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->real_containing_oneof() != nullptr &&
        reflection->HasOneof(*message, field->real_containing_oneof())) {
      continue;
    }
    const bool repeated = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Fill(repeated ? reflection->AddMessage(message, field)
                      : reflection->MutableMessage(message, field));
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        repeated ? reflection->AddString(message, field, "value")
                 : reflection->SetString(message, field, "value");
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        repeated ? reflection->AddEnumValue(message, field, 1)
                 : reflection->SetEnumValue(message, field, 1);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(message, field, true);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        reflection->SetInt32(message, field, 7);
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection->SetUInt32(message, field, 7);
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection->SetInt64(message, field, 7);
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        reflection->SetUInt64(message, field, 7);
        break;
      default:
        ADD_FAILURE() << field->full_name() << " is of a type that no reader of entries takes";
    }
  }
}

TEST(EntryTest, EveryKindHasADetailOfItsOwnAndComesBackWhole) {
  const auto* type = v1::LedgerEntry::descriptor();
  ASSERT_EQ(type->real_oneof_decl_count(), 1);
  const auto* details = type->oneof_decl(0);
  EXPECT_EQ(details->field_count(), static_cast<int>(Kinds().size()));
  std::set<int> fields;
  for (const v1::EntryKind kind : Kinds()) {
    v1::LedgerEntry entry = EntryForTest(kind);
    const FieldDescriptor* detail = entry.GetReflection()->GetOneofFieldDescriptor(entry, details);
    ASSERT_NE(detail, nullptr) << v1::EntryKind_Name(kind);
    EXPECT_EQ(detail->number(), 100 + static_cast<int>(kind)) << v1::EntryKind_Name(kind);
    fields.insert(detail->number());
    Fill(entry.GetReflection()->MutableMessage(&entry, detail));
    const absl::StatusOr<v1::LedgerEntry> read = ParseEntry(ToDraft(entry).body);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->SerializeAsString(), entry.SerializeAsString());
    // Each field of the detail is told to who reads the entry.
    const std::string readable = *ReadableEntry(ToDraft(entry).body);
    for (int i = 0; i < detail->message_type()->field_count(); ++i) {
      const FieldDescriptor* field = detail->message_type()->field(i);
      if (field->real_containing_oneof() != nullptr) continue;
      EXPECT_THAT(readable, HasSubstr(field->name() + ": ")) << v1::EntryKind_Name(kind);
    }
  }
  EXPECT_EQ(fields.size(), Kinds().size());
}

TEST(EntryTest, ADetailOfAnotherKindOrNoneIsNoEntry) {
  v1::LedgerEntry entry = EntryForTest(v1::ENTRY_KIND_FIND);
  entry.mutable_delivery();
  EXPECT_EQ(base::ReasonOf(ParseEntry(entry.SerializeAsString()).status()),
            base::Reason::kDataLoss);
  entry.clear_delivery();
  EXPECT_EQ(base::ReasonOf(ParseEntry(entry.SerializeAsString()).status()),
            base::Reason::kDataLoss);
  EXPECT_EQ(base::ReasonOf(ParseEntry("\x0a\xff").status()), base::Reason::kDataLoss);
  // Whatever number stands for the kind: no detail is nobody's, and no sum runs over.
  for (const int kind : {-100, 0, INT_MAX, INT_MIN}) {
    v1::LedgerEntry strange;
    strange.set_kind(static_cast<v1::EntryKind>(kind));
    EXPECT_EQ(base::ReasonOf(ParseEntry(strange.SerializeAsString()).status()),
              base::Reason::kDataLoss)
        << kind;
    strange.mutable_find();
    EXPECT_EQ(base::ReasonOf(ParseEntry(strange.SerializeAsString()).status()),
              base::Reason::kDataLoss)
        << kind;
  }
}

TEST(EntryTest, WhoActsIsSaidAndTheRequestIdIsNot) {
  base::Principal actor;
  actor.agency_id = "nortown-yot";
  actor.system_id = "spiffe://nortown.example/agency/nortown-yot/system/casework";
  actor.practitioner_id = "yo-001";
  actor.role = "yot-officer";
  actor.team_ids = {"nortown-duty-team"};
  actor.assurance = "substantial";
  const std::string id = "a-request-id-4711";
  const v1::LedgerEntry entry = ComposerForTest().New(v1::ENTRY_KIND_FIND, actor, id);
  EXPECT_EQ(entry.agency_id(), actor.agency_id);
  EXPECT_EQ(entry.practitioner_id(), actor.practitioner_id);
  EXPECT_EQ(entry.team_ids(0), "nortown-duty-team");
  EXPECT_THAT(entry.SerializeAsString(), Not(HasSubstr(id)));
  // The same for the same agency and id, and for no other.
  EXPECT_EQ(entry.request_hash(), ComposerForTest().HashOf("nortown-yot", id));
  EXPECT_EQ(entry.request_hash().size(), kReferenceBytes);
  EXPECT_NE(entry.request_hash(), ComposerForTest().HashOf("nortown-yo", "t" + id));
  EXPECT_NE(entry.request_hash(), ComposerForTest().HashOf("nortown-housing", id));
  EXPECT_NE(entry.request_hash(), ComposerForTest().CursorHash("nortown-yot", id));
  base::SeededRandom random(7);
  const EntryComposer other(base::SecretKey::Generate(&random), &random);
  EXPECT_NE(entry.request_hash(), other.HashOf("nortown-yot", id)) << "without a key";
  EXPECT_EQ(ComposerForTest().New(v1::ENTRY_KIND_FIND, actor, "").request_hash(), "");
}

TEST(EntryTest, AboutNobodyLooksAsAboutSomebody) {
  base::SeededRandom random(8);
  const Blinding blinding(base::SecretKey::Generate(&random));
  for (const v1::EntryKind kind : Kinds()) {
    const v1::LedgerEntry nobody = EntryForTest(kind);
    v1::LedgerEntry somebody = EntryForTest(kind);
    if (!MayBeAboutPerson(kind)) {
      EXPECT_TRUE(nobody.person_ref().empty());
      EXPECT_EQ(nobody.nonce().size(), kReferenceBytes) << "so that nobody can guess its hash";
      continue;
    }
    blinding.SetPerson(&somebody);
    EXPECT_EQ(nobody.person_ref().size(), kReferenceBytes);
    EXPECT_EQ(nobody.nonce().size(), kReferenceBytes);
    EXPECT_EQ(somebody.ByteSizeLong(), nobody.ByteSizeLong());
  }
}

TEST(BlindingTest, ReferencesOfOnePersonShareNothingAndTheKeyFindsThem) {
  base::SeededRandom random(9);
  const base::SecretKey key = base::SecretKey::Generate(&random);
  const Blinding blinding(key);
  const std::string flag = base::FlagId::New(&random).ToBytes();
  std::set<std::string> seen = {flag};
  for (int i = 0; i < 100; ++i) {
    v1::LedgerEntry entry = EntryForTest(v1::ENTRY_KIND_WHO_KNOWS);
    blinding.SetPerson(&entry);
    const std::string flag_ref = blinding.Ref(entry.nonce(), flag);
    EXPECT_TRUE(seen.insert(entry.nonce()).second);
    EXPECT_TRUE(seen.insert(entry.person_ref()).second);
    EXPECT_TRUE(seen.insert(flag_ref).second);
    // Who has the key can tell; who has another cannot.
    EXPECT_EQ(Blinding(key).PersonRef(entry.nonce()), entry.person_ref());
    EXPECT_EQ(Blinding(key).Ref(entry.nonce(), flag), flag_ref);
    EXPECT_NE(Blinding(base::SecretKey::Generate(&random)).PersonRef(entry.nonce()),
              entry.person_ref());
  }
}

// What verifiers read by hand are the fields of the message.
TEST(EntryTest, VerifiersFindTheFieldsThatTheyReadByHand) {
  base::Principal actor;
  actor.agency_id = "nortown-yot";
  v1::LedgerEntry entry = ComposerForTest().New(v1::ENTRY_KIND_PRUNED, actor, "r");
  v1::PrunedKind* kind = entry.mutable_pruned()->add_kinds();
  kind->set_kind(v1::ENTRY_KIND_DELIVERY);
  kind->add_ranges()->set_last(9);
  std::string bytes = ToDraft(entry).body;
  tlog::AppendEntrySuffix(4711, 1'795'000'000'000'000, 12, bytes);
  const tlog::EntryFields fields = *tlog::DecodeEntryFields(bytes);
  EXPECT_EQ(fields.index, 4711u);
  EXPECT_EQ(fields.sequenced_at_us, 1'795'000'000'000'000);
  EXPECT_EQ(fields.agency_counter, 12u);
  EXPECT_EQ(std::string(fields.agency_id), "nortown-yot");
  EXPECT_EQ(fields.kind, tlog::kEntryKindPruned);
  const auto pruned = *tlog::DecodePruned(fields.pruned);
  ASSERT_EQ(pruned.size(), 1u);
  EXPECT_EQ(pruned[0].kind, static_cast<uint64_t>(v1::ENTRY_KIND_DELIVERY));
  EXPECT_EQ(pruned[0].ranges[0].first, 0u);
  EXPECT_EQ(pruned[0].ranges[0].last, 9u);
  const v1::LedgerEntry read = *ParseEntry(bytes);
  EXPECT_EQ(read.index(), 4711u);
  EXPECT_EQ(read.agency_counter(), 12u);
}

}  // namespace
}  // namespace signpost::ledger

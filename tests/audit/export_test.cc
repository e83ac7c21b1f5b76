#include "hub/audit/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/audit/filter.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/tlog/merkle.h"
#include "nlohmann/json.hpp"
#include "policy/vocabulary.h"
#include "tests/audit/xml_for_test.h"

namespace signpost::audit {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kOrigin[] = "signpost.nortown.example/ledger";

// An entry with every field set.
ledger::v1::LedgerEntry Full() {
  ledger::v1::LedgerEntry entry;
  entry.set_index(4711);
  entry.set_sequenced_at_us(1'795'000'000'123'456);
  entry.set_agency_counter(12);
  entry.set_agency_id("nortown-social-services");
  entry.set_format(1);
  entry.set_kind(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  entry.set_system("spiffe://nortown.example/agency/nortown-social-services/system/casework");
  entry.set_practitioner_id("sw-001");
  entry.set_role("social-worker");
  entry.add_team_ids("nortown-duty-team");
  entry.add_team_ids("nortown-night-team");
  entry.set_assurance("substantial");
  entry.set_purpose(ledger::v1::PURPOSE_SAFEGUARDING);
  entry.mutable_who_knows()->add_relationships(ledger::v1::RELATIONSHIP_OWN_OPEN_FLAG);
  entry.set_policy_sha256(std::string(32, '\xAA'));
  entry.set_policy_version(4);
  entry.set_person_ref(std::string(16, '\x11'));
  entry.set_nonce(std::string(16, '\x99'));
  entry.set_request_hash(std::string(16, '\x77'));
  ledger::v1::Released* released = entry.add_released();
  released->set_flag_ref(std::string(16, '\x22'));
  released->add_aspects(ledger::v1::ASPECT_EXISTENCE);
  released->add_aspects(ledger::v1::ASPECT_CONTACT);
  released->add_rules("vital-interests");
  released->set_agreement("nortown-protocol");
  released->set_gateway(ledger::v1::GATEWAY_CA1989_S47);
  released->set_consent_ref(std::string(16, '\x33'));
  released->set_holder_agency_id("nortown-drugs-advice");
  ledger::v1::Withheld* withheld = entry.add_withheld();
  withheld->set_rule("health-stays");
  withheld->set_count(2);
  ledger::v1::Override* override = entry.mutable_who_knows()->mutable_override();
  override->set_ground(ledger::v1::OVERRIDE_GROUND_VITAL_INTERESTS);
  override->set_rule("vital-interests");
  override->set_allowed(true);
  override->set_review_due_s(1'795'172'800);
  entry.set_reply_hash(std::string(32, '\x44'));
  entry.set_sealed_details(std::string(40, '\x55'));
  entry.set_details_commitment(std::string(32, '\x66'));
  entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
  entry.set_policy_vocabulary_sha256(std::string(32, '\x88'));
  ledger::v1::WhoKnows* asked = entry.mutable_who_knows();
  asked->add_asked(ledger::v1::ASPECT_EXISTENCE);
  asked->add_asked(ledger::v1::ASPECT_CONTACT);
  asked->add_asked(ledger::v1::ASPECT_CONTENT);
  asked->set_necessity_stated(true);
  asked->set_assessment_kind("asset");
  return entry;
}

// The hub's own act: as little as an entry holds.
ledger::v1::LedgerEntry Bare() {
  ledger::v1::LedgerEntry entry;
  entry.set_index(0);
  entry.set_sequenced_at_us(1'795'000'000'000'000);
  entry.set_format(1);
  entry.set_kind(ledger::v1::ENTRY_KIND_HUB);
  entry.set_outcome(ledger::v1::OUTCOME_STARTED);
  entry.mutable_hub()->set_version("0.1.0");
  return entry;
}

// `entry` with the detail of its kind, as every entry of a ledger has; without a kind, of one that is
// not known here.
Exported Made(ledger::v1::LedgerEntry entry) {
  const auto* const reflection = entry.GetReflection();
  if (entry.kind() == ledger::v1::ENTRY_KIND_UNSPECIFIED) {
    entry.set_kind(static_cast<ledger::v1::EntryKind>(96));
    entry.clear_detail();
    reflection->MutableUnknownFields(&entry)->AddLengthDelimited(196, "");
  } else {
    reflection->MutableMessage(
        &entry, ledger::v1::LedgerEntry::descriptor()->FindFieldByNumber(100 + entry.kind()));
  }
  const absl::StatusOr<Exported> exported = ReadForExport(entry.SerializeAsString(), kOrigin);
  EXPECT_TRUE(exported.ok()) << exported.status();
  return *exported;
}

std::string InFormat(Format format, const std::vector<ledger::v1::LedgerEntry>& entries) {
  Exporter exporter(format);
  std::string text = exporter.Begin();
  for (const ledger::v1::LedgerEntry& entry : entries) text += exporter.Next(Made(entry));
  return text + exporter.End();
}

// Compares with a file of tests/audit/golden; with SIGNPOST_UPDATE_GOLDEN=1 writes it instead.
void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(SIGNPOST_SOURCE_DIR, "/tests/audit/golden/", name);
  if (std::getenv("SIGNPOST_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str());
}

// Splits one CSV record as RFC 4180 says.
std::vector<std::string> Fields(const std::string& record) {
  EXPECT_EQ(record.substr(record.size() - 2), "\r\n");
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i + 2 < record.size(); ++i) {
    const char c = record[i];
    if (quoted && c == '"' && record[i + 1] == '"') {
      fields.back() += record[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  EXPECT_FALSE(quoted);
  return fields;
}

const std::vector<std::string> kHostile = {
    "=cmd|' /C calc'!A0",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1+1",
    "\xEF\xBC\x9D"
    "1+1",
    "a,b\"c\"\r\nd;e",
    "</AuditMessage><AuditMessage>",
    "\"/><x a='",
    "]]>&amp;<!--",
    std::string("nul\0byte", 8),
    "\x1b[31mred",
    "broken \xC3 utf-8 \xFF",
    "\xED\xA0\x80 surrogate",
    "\xEF\xBF\xBE",
    "{\"a\":1}\n{\"b\":2}",
    std::string(300, 'x'),
};

// With what a hostile agency might write in every field that is text. Set past the protobuf's own
// check of UTF-8, as bytes read from a copy of another's making might be.
Exported Hostile(const std::string& text) {
  Exported exported = Made(Full());
  ledger::v1::LedgerEntry& entry = exported.entry;
  entry.set_agency_id(text);
  entry.set_practitioner_id(text);
  entry.set_system(text);
  entry.set_role(text);
  entry.set_team_ids(0, text);
  entry.set_assurance(text);
  entry.set_purpose(static_cast<ledger::v1::Purpose>(4711));
  entry.mutable_who_knows()->set_relationships(0, static_cast<ledger::v1::Relationship>(-1));
  entry.mutable_who_knows()->set_assessment_kind(text);
  entry.set_policy_sha256(text);
  entry.set_request_hash(text);
  entry.set_outcome(ledger::v1::OUTCOME_REFUSED);
  entry.set_refused_for(text);
  entry.mutable_released(0)->set_holder_agency_id(text);
  entry.mutable_released(0)->set_rules(0, text);
  entry.mutable_withheld(0)->set_rule(text);
  entry.mutable_who_knows()->mutable_override()->set_ground(
      static_cast<ledger::v1::OverrideGround>(4711));
  exported.origin = text;
  return exported;
}

TEST(Golden, Csv) { ExpectGolden("entries.csv", InFormat(Format::kCsv, {Full(), Bare()})); }
TEST(Golden, JsonLines) {
  ExpectGolden("entries.jsonl", InFormat(Format::kJsonLines, {Full(), Bare()}));
}
TEST(Golden, Fhir) { ExpectGolden("entries.ndjson", InFormat(Format::kFhir, {Full(), Bare()})); }
TEST(Golden, FhirBundle) {
  ExpectGolden("bundle.json", InFormat(Format::kFhirBundle, {Full(), Bare()}));
}
TEST(Golden, Atna) { ExpectGolden("entries.atna", InFormat(Format::kAtna, {Full(), Bare()})); }

TEST(Export, WhatIsNoEntryIsRefused) {
  EXPECT_EQ(base::ReasonOf(ReadForExport("\x0a\xff", kOrigin).status()), base::Reason::kDataLoss);
  // Text in an entry is UTF-8.
  ledger::v1::LedgerEntry entry;
  std::string bytes;
  bytes += "\x22\x02\xC3\x28";  // agency_id
  EXPECT_FALSE(ReadForExport(bytes, kOrigin).ok());
}

TEST(Export, AnEntryWhoseDetailIsNotOfItsKindIsRefused) {
  ledger::v1::LedgerEntry entry;
  entry.set_kind(ledger::v1::ENTRY_KIND_FEED_CONFIRMED);
  EXPECT_EQ(base::ReasonOf(ReadForExport(entry.SerializeAsString(), kOrigin).status()),
            base::Reason::kDataLoss);
  entry.mutable_who_knows();
  const std::string another = entry.SerializeAsString();
  EXPECT_FALSE(ReadForExport(another, kOrigin).ok());
  entry.mutable_feed_confirmed();
  EXPECT_TRUE(ReadForExport(entry.SerializeAsString(), kOrigin).ok());
  // One behind the other, where protobuf would see the last.
  EXPECT_FALSE(ReadForExport(another + entry.SerializeAsString(), kOrigin).ok());
  // Of a kind that is not known here.
  const std::string unknown("\x30\x60\xA2\x0C\x00", 5);  // kind 96 and field 196
  EXPECT_TRUE(ReadForExport(unknown, kOrigin).ok());
  EXPECT_FALSE(ReadForExport(unknown.substr(0, 2), kOrigin).ok());
}

TEST(Csv, EveryRecordHasEveryColumnAndNoFieldIsAFormula) {
  const size_t columns = Fields(CsvHeader()).size();
  for (const std::string& text : kHostile) {
    const std::vector<std::string> fields = Fields(CsvRecord(Hostile(text)));
    ASSERT_EQ(fields.size(), columns) << text;
    for (const std::string& field : fields) {
      const size_t first = field.find_first_not_of(' ');
      if (first == std::string::npos) continue;
      EXPECT_EQ(std::string("=+-@\t\r\n").find(field[first]), std::string::npos) << field;
      EXPECT_NE(field.compare(first, 3, "\xEF\xBC\x9D"), 0) << field;
    }
    EXPECT_THAT(fields, Not(Contains(HasSubstr(std::string(1, '\0')))));
  }
  const std::vector<std::string> plain = Fields(CsvRecord(Made(Full())));
  EXPECT_THAT(plain, Contains("nortown-duty-team; nortown-night-team"));
  EXPECT_THAT(plain, Contains("health-stays 2"));
}

TEST(Exports, SayUnderWhichJointLookAndThatAnEntryIsMasked) {
  ledger::v1::LedgerEntry entry = Full();
  entry.set_masked(true);
  entry.set_joint_look_ref(std::string(16, '\x0f'));
  const std::string leaf(tlog::kHashBytes, '\x7e');
  const auto read = ReadForExport(entry.SerializeAsString(), "a/ledger", leaf);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->leaf_hash, leaf) << "and not that of what it is given as";
  EXPECT_FALSE(ReadForExport(entry.SerializeAsString(), "a/ledger").ok());
  for (const std::string& text :
       {CsvRecord(*read), JsonLine(*read), FhirAuditEvent(*read), AtnaMessage(*read)}) {
    EXPECT_THAT(text, HasSubstr("masked"));
  }
  const std::string in_hex = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";
  EXPECT_THAT(CsvRecord(*read), HasSubstr(in_hex));
  EXPECT_THAT(JsonLine(*read), HasSubstr(in_hex));
  EXPECT_THAT(FhirAuditEvent(*read), HasSubstr(in_hex));
}

TEST(JsonLines, OneEntryIsOneLineThatReadsBack) {
  for (const std::string& text : kHostile) {
    const std::string line = JsonLine(Hostile(text));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << text;
    EXPECT_EQ(json["index"], 4711);
  }
  const auto json = nlohmann::json::parse(JsonLine(Hostile("a\"b\\c\n")));
  EXPECT_EQ(json["practitioner_id"], "a\"b\\c\n");
  // Every field that an entry has.
  const auto full = nlohmann::json::parse(JsonLine(Made(Full())));
  const auto* type = ledger::v1::LedgerEntry::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    // One detail alone, no reason where nothing was refused, no joint look, nothing masked.
    const std::set<std::string> unset = {"refused_for", "masked", "joint_look_ref"};
    const bool wanted = field->containing_oneof() == nullptr ? unset.count(field->name()) == 0
                                                             : field->name() == "who_knows";
    EXPECT_EQ(full.contains(field->name()), wanted) << field->name();
  }
  EXPECT_EQ(full["who_knows"]["asked"], nlohmann::json({"existence", "contact", "content"}));
  EXPECT_EQ(full["kind"], "who-knows");
  EXPECT_EQ(full["released"][0]["holder_agency_id"], "nortown-drugs-advice");
  EXPECT_EQ(full["person_ref"], std::string(32, '1'));
}

// The rules of FHIR R5 for an AuditEvent that a JSON schema would tell, written down from its
// definition: cardinalities, types, closed codes, no empty value anywhere.
void CheckAuditEvent(const nlohmann::json& event) {
  static const std::set<std::string> kElements = {
      "resourceType", "id",      "category",      "code",  "action", "severity", "occurredDateTime",
      "recorded",     "outcome", "authorization", "agent", "source", "entity"};
  for (const auto& [name, value] : event.items()) EXPECT_TRUE(kElements.count(name) == 1) << name;
  EXPECT_EQ(event["resourceType"], "AuditEvent");
  const auto concept_ok = [](const nlohmann::json& concept_) {
    ASSERT_TRUE(concept_["coding"].is_array() && !concept_["coding"].empty());
    for (const auto& coding : concept_["coding"]) {
      EXPECT_FALSE(coding["system"].get<std::string>().empty());
      const std::string code = coding["code"];
      EXPECT_FALSE(code.empty());
      EXPECT_EQ(code.find_first_of(" \t\r\n"), std::string::npos) << code;
    }
  };
  const auto reference_ok = [](const nlohmann::json& reference) {
    EXPECT_FALSE(reference["identifier"]["system"].get<std::string>().empty());
    EXPECT_FALSE(reference["identifier"]["value"].get<std::string>().empty());
  };
  concept_ok(event["code"]);
  for (const auto& category : event["category"]) concept_ok(category);
  EXPECT_EQ(event["action"].get<std::string>().find_first_not_of("CRUDE"), std::string::npos);
  EXPECT_TRUE((std::set<std::string>{"alert", "warning", "informational"})
                  .count(event["severity"].get<std::string>()) == 1);
  // An instant has a time zone.
  EXPECT_EQ(event["recorded"].get<std::string>().back(), 'Z');
  EXPECT_TRUE(event["outcome"]["code"].is_object());
  ASSERT_GE(event["agent"].size(), 1u);
  int requestors = 0;
  for (const auto& agent : event["agent"]) {
    reference_ok(agent["who"]);
    requestors += agent["requestor"].get<bool>() ? 1 : 0;
    if (agent.contains("type")) concept_ok(agent["type"]);
  }
  EXPECT_EQ(requestors, 1);
  reference_ok(event["source"]["observer"]);
  for (const auto& entity : event["entity"]) {
    reference_ok(entity["what"]);
    concept_ok(entity["role"]);
    if (entity.contains("query")) {
      EXPECT_TRUE(base::Base64Decode(entity["query"].get<std::string>()).ok());
    }
    if (!entity.contains("detail")) continue;
    ASSERT_FALSE(entity["detail"].empty());
    for (const auto& detail : entity["detail"]) {
      concept_ok(detail["type"]);
      EXPECT_FALSE(detail["valueString"].get<std::string>().empty());
    }
  }
  for (const auto& [name, value] : event.items()) {
    EXPECT_FALSE(value.is_null() || (value.is_structured() && value.empty())) << name;
  }
}

TEST(Fhir, EveryEntryIsAnAuditEvent) {
  CheckAuditEvent(nlohmann::json::parse(FhirAuditEvent(Made(Full()))));
  CheckAuditEvent(nlohmann::json::parse(FhirAuditEvent(Made(Bare()))));
  for (const EventMeaning& meaning : Meanings()) {
    ledger::v1::LedgerEntry entry = Full();
    entry.set_kind(meaning.kind);
    entry.set_outcome(ledger::v1::OUTCOME_REFUSED);
    entry.set_refused_for("NOT_FOUND");
    entry.clear_practitioner_id();
    entry.mutable_who_knows()->clear_override();
    const auto event = nlohmann::json::parse(FhirAuditEvent(Made(entry)));
    CheckAuditEvent(event);
    EXPECT_EQ(event["severity"], "warning");
    EXPECT_EQ(event["outcome"]["code"]["code"], "4");
  }
  for (const std::string& text : kHostile) {
    CheckAuditEvent(nlohmann::json::parse(FhirAuditEvent(Hostile(text))));
  }
}

TEST(Fhir, ABundleOfNoneOneAndTwoIsOne) {
  for (const size_t count : {0u, 1u, 2u}) {
    const auto bundle = nlohmann::json::parse(
        InFormat(Format::kFhirBundle, std::vector<ledger::v1::LedgerEntry>(count, Full())));
    EXPECT_EQ(bundle["resourceType"], "Bundle");
    EXPECT_EQ(bundle["type"], "collection");
    EXPECT_EQ(bundle.contains("entry"), count > 0);
    EXPECT_EQ(bundle.value("entry", nlohmann::json::array()).size(), count);
  }
}

TEST(Atna, EveryEntryIsWellFormedAndShapedAsTheStandardSays) {
  std::vector<Exported> all = {Made(Full()), Made(Bare())};
  for (const EventMeaning& meaning : Meanings()) {
    ledger::v1::LedgerEntry entry = Full();
    entry.set_kind(meaning.kind);
    all.push_back(Made(entry));
  }
  for (const std::string& text : kHostile) all.push_back(Hostile(text));
  for (const Exported& exported : all) {
    const std::string xml = AtnaMessage(exported);
    EXPECT_EQ(xml.find('\n'), std::string::npos);
    XmlElement message;
    ASSERT_TRUE(ReadXml(xml, &message)) << xml;
    CheckAuditMessage(message);
  }
}

TEST(Atna, WhatWasWrittenReadsBack) {
  XmlElement message;
  ASSERT_TRUE(ReadXml(AtnaMessage(Hostile("</x> & \"it's\" \t<y>")), &message));
  EXPECT_EQ(message.children[2].attributes["UserID"], "</x> & \"it's\" \t<y>");
  EXPECT_EQ(message.children[0].name, "EventIdentification");
}

TEST(Meanings, EveryKindHasOneAndTheManualSaysIt) {
  std::ifstream file(absl::StrCat(SIGNPOST_SOURCE_DIR, "/docs/audit-exports.md"));
  std::ostringstream manual;
  manual << file.rdbuf();
  std::set<int> seen;
  for (const EventMeaning& meaning : Meanings()) {
    EXPECT_TRUE(seen.insert(meaning.kind).second) << meaning.kind;
    EXPECT_EQ(std::string("CRUDE").find(meaning.action) != std::string::npos, true);
    if (meaning.kind == ledger::v1::ENTRY_KIND_UNSPECIFIED) continue;
    EXPECT_THAT(manual.str(),
                HasSubstr(absl::StrCat("| `", KindWord(meaning.kind), "` | ", meaning.dcm_code, " ",
                                       meaning.dcm_text, " | ", meaning.action, " |\n")));
  }
  EXPECT_EQ(static_cast<int>(seen.size()), ledger::v1::EntryKind_descriptor()->value_count());
  EXPECT_STREQ(MeaningOf(static_cast<ledger::v1::EntryKind>(999)).dcm_code, "110113");
}

TEST(Meanings, AspectsHaveThePolicysWords) {
  std::vector<std::string> words;
  for (const policy::Aspect aspect : policy::AllAspects()) {
    words.emplace_back(policy::ToString(aspect));
  }
  std::vector<int> all;
  const auto* type = ledger::v1::Aspect_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) all.push_back(type->value(i)->number());
  }
  EXPECT_EQ(AspectWords(all), words);
  EXPECT_THAT(AspectWords(std::vector<int>{99}), ElementsAre("99"));
}

// Whatever an entry holds of its kind's own stands in every form.
TEST(Meanings, WhatIsParticularToAKindIsTold) {
  ledger::v1::LedgerEntry entry = Bare();
  entry.set_kind(ledger::v1::ENTRY_KIND_PRUNED);
  ledger::v1::PrunedKind* kind = entry.mutable_pruned()->add_kinds();
  kind->set_kind(ledger::v1::ENTRY_KIND_DELIVERY);
  kind->add_ranges()->set_first(3);
  kind->mutable_ranges(0)->set_last(9);
  const Exported exported = Made(entry);
  EXPECT_THAT(Fields(CsvRecord(exported)),
              Contains("kinds.kind delivery; kinds.ranges.first 3; kinds.ranges.last 9"));
  EXPECT_THAT(FhirAuditEvent(exported), HasSubstr("\"valueString\":\"delivery\""));
  EXPECT_THAT(AtnaMessage(exported), HasSubstr("kinds.ranges.last"));
}

TEST(Meanings, OutcomesAreSortedByWhoseFaultTheyAre) {
  const auto of = [](const std::string& reason) {
    ledger::v1::LedgerEntry entry;
    entry.set_outcome(ledger::v1::OUTCOME_REFUSED);
    entry.set_refused_for(reason);
    return std::string(OutcomeIndicator(entry));
  };
  const auto* outcomes = ledger::v1::Outcome_descriptor();
  for (int i = 0; i < outcomes->value_count(); ++i) {
    ledger::v1::LedgerEntry entry;
    entry.set_outcome(static_cast<ledger::v1::Outcome>(outcomes->value(i)->number()));
    const bool refused = entry.outcome() == ledger::v1::OUTCOME_REFUSED ||
                         entry.outcome() == ledger::v1::OUTCOME_DOES_NOT_COMPILE;
    EXPECT_STREQ(OutcomeIndicator(entry), refused ? "4" : "0") << outcomes->value(i)->name();
  }
  for (const char* refused : {"NOT_FOUND", "METHOD_NOT_ALLOWED"}) {
    EXPECT_EQ(of(refused), "4") << refused;
  }
  for (const char* fault : {"POLICY_UNAVAILABLE", "DATA_LOSS", "INTERNAL"}) {
    EXPECT_EQ(of(fault), "8") << fault;
  }
}

}  // namespace
}  // namespace signpost::audit

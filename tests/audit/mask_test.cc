// What one auditor alone reads: nothing that names an agency of a sensitive service.

#include "hub/audit/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hub/tlog/entry_fields.h"

namespace signpost::audit {
namespace {

using ledger::v1::LedgerEntry;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr char kDrugs[] = "nortown-drugs-advice";
constexpr char kDrugsSystem[] =
    "spiffe://nortown.example/agency/nortown-drugs-advice/system/adapter";

SensitiveNames Names() {
  SensitiveNames names;
  names.Add(kDrugs, kDrugs);
  names.Add("drugs-outreach", kDrugs);
  names.Add("substance-misuse", kDrugs);
  names.Add("nortown-clinic", "nortown-clinic");
  names.AddPolicyWord("health");
  return names;
}

bool NoRule(const std::string&) { return false; }

LedgerEntry Question(const std::string& agency) {
  LedgerEntry entry;
  entry.set_index(7);
  entry.set_sequenced_at_us(1'700'000'000'000'000);
  entry.set_agency_counter(3);
  entry.set_agency_id(agency);
  entry.set_kind(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  entry.set_system("spiffe://nortown.example/agency/" + agency + "/system/casework");
  entry.set_practitioner_id("w-1");
  entry.set_role("drugs-worker");
  entry.add_team_ids("team-a");
  entry.add_team_ids("team-b");
  entry.set_nonce("0123456789abcdef");
  entry.set_person_ref("fedcba9876543210");
  entry.set_request_hash("rrrrrrrrrrrrrrrr");
  entry.set_sealed_details("sealed");
  entry.set_details_commitment("committed");
  entry.set_purpose(ledger::v1::PURPOSE_SAFEGUARDING);
  entry.mutable_who_knows()->add_covered_practitioner_ids("w-2");
  return entry;
}

void AddReleased(const std::string& holder, const std::string& rule, LedgerEntry* entry) {
  ledger::v1::Released* released = entry->add_released();
  released->set_holder_agency_id(holder);
  released->add_rules(rule);
  released->set_agreement("AGREED");
  released->set_gateway(ledger::v1::GATEWAY_CONSENT);
  released->add_aspects(ledger::v1::ASPECT_AGENCY);
}

TEST(Masked, AnEntryThatNamesNoneStaysAsItIs) {
  LedgerEntry entry = Question("nortown-yot");
  AddReleased("nortown-housing", "RULE", &entry);
  EXPECT_FALSE(Masked(entry, Names(), NoRule).has_value());
}

TEST(Masked, WhoActedIsMaskedWithAllThatBelongsToThem) {
  LedgerEntry entry = Question(kDrugs);
  AddReleased("nortown-housing", "RULE", &entry);
  entry.add_withheld()->set_rule("OTHER");
  const auto masked = Masked(entry, Names(), NoRule);
  ASSERT_TRUE(masked.has_value());
  EXPECT_TRUE(masked->masked());
  EXPECT_EQ(masked->agency_id(), kMaskedWord);
  EXPECT_EQ(masked->system(), kMaskedWord);
  EXPECT_EQ(masked->practitioner_id(), kMaskedWord);
  EXPECT_EQ(masked->role(), kMaskedWord);
  EXPECT_THAT(masked->team_ids(), ElementsAre(kMaskedWord)) << "nor how many";
  EXPECT_EQ(masked->agency_counter(), 0u);
  EXPECT_EQ(masked->request_hash(), "");
  EXPECT_THAT(masked->who_knows().covered_practitioner_ids(), ElementsAre(kMaskedWord));
  EXPECT_THAT(masked->released(0).rules(), ElementsAre(kMaskedWord));
  EXPECT_EQ(masked->released(0).agreement(), kMaskedWord);
  EXPECT_EQ(masked->released(0).holder_agency_id(), "nortown-housing");
  EXPECT_EQ(masked->withheld(0).rule(), kMaskedWord);
  // What is no name stays.
  EXPECT_EQ(masked->index(), 7u);
  EXPECT_EQ(masked->sequenced_at_us(), entry.sequenced_at_us());
  EXPECT_EQ(masked->purpose(), ledger::v1::PURPOSE_SAFEGUARDING);
  EXPECT_EQ(masked->person_ref(), entry.person_ref());
  EXPECT_THAT(masked->SerializeAsString(), Not(HasSubstr("drugs")));
}

// The leaf hash stands beside it: whoever could fill in all that is left out could try agencies.
TEST(Masked, WhatTheLeafHashCouldBeTriedWithIsLeftOut) {
  for (const char* agency : {kDrugs, "nortown-yot"}) {
    LedgerEntry entry = Question(agency);
    AddReleased(kDrugs, "RULE", &entry);
    const auto masked = Masked(entry, Names(), NoRule);
    ASSERT_TRUE(masked.has_value());
    EXPECT_EQ(masked->nonce(), "");
    EXPECT_EQ(masked->sealed_details(), "");
    EXPECT_EQ(masked->details_commitment(), "");
  }
}

TEST(Masked, AHolderIsMaskedAndTheAskerIsNot) {
  LedgerEntry entry = Question("nortown-yot");
  AddReleased("nortown-housing", "HOUSING", &entry);
  AddReleased(kDrugs, "DRUGS", &entry);
  const auto masked = Masked(entry, Names(), NoRule);
  ASSERT_TRUE(masked.has_value());
  EXPECT_EQ(masked->agency_id(), "nortown-yot");
  EXPECT_EQ(masked->agency_counter(), 3u) << "verifiers count on";
  EXPECT_EQ(masked->released(0).holder_agency_id(), "nortown-housing");
  EXPECT_THAT(masked->released(0).rules(), ElementsAre("HOUSING"));
  EXPECT_EQ(masked->released(1).holder_agency_id(), kMaskedWord);
  EXPECT_THAT(masked->released(1).rules(), ElementsAre(kMaskedWord));
  EXPECT_EQ(masked->released(1).agreement(), kMaskedWord);
  EXPECT_EQ(masked->released(1).gateway(), ledger::v1::GATEWAY_CONSENT);
}

TEST(Masked, RulesThatNameOneAreMaskedWhereverTheyStand) {
  LedgerEntry entry = Question("nortown-yot");
  entry.add_withheld()->set_rule("default");
  entry.mutable_withheld(0)->set_count(2);
  for (const char* rule : {"DRUGS-1", "DRUGS-2"}) {
    entry.add_withheld()->set_rule(rule);
    entry.mutable_withheld(entry.withheld_size() - 1)->set_count(3);
  }
  entry.mutable_who_knows()->mutable_override()->set_rule("DRUGS-1");
  const auto masked =
      Masked(entry, Names(), [](const std::string& rule) { return rule.rfind("DRUGS", 0) == 0; });
  ASSERT_TRUE(masked.has_value());
  ASSERT_EQ(masked->withheld_size(), 2);
  EXPECT_EQ(masked->withheld(0).rule(), "default");
  EXPECT_EQ(masked->withheld(1).rule(), kMaskedWord);
  EXPECT_EQ(masked->withheld(1).count(), 6u) << "of both, for one word";
  EXPECT_EQ(masked->who_knows().override().rule(), kMaskedWord);
}

TEST(Masked, WhatAnOperatorChangedOfItIsMaskedAndCannotBeTried) {
  LedgerEntry entry;
  entry.set_agency_id("nortown-hub");
  entry.set_kind(ledger::v1::ENTRY_KIND_REGISTRY_CHANGED);
  entry.mutable_registry_changed()->set_id("nortown-drugs-advice/dw-1");
  entry.mutable_registry_changed()->set_record_sha256("hash of what everybody knows");
  const auto masked = Masked(entry, Names(), NoRule);
  ASSERT_TRUE(masked.has_value());
  EXPECT_EQ(masked->agency_id(), "nortown-hub");
  EXPECT_EQ(masked->registry_changed().id(), kMaskedWord);
  EXPECT_EQ(masked->registry_changed().record_sha256(), "");
}

TEST(Masked, ATeamAndACoverOfItsAreMasked) {
  LedgerEntry entry = Question("nortown-yot");
  entry.set_team_ids(1, "drugs-outreach");
  auto masked = Masked(entry, Names(), NoRule);
  ASSERT_TRUE(masked.has_value());
  EXPECT_THAT(masked->team_ids(), ElementsAre(kMaskedWord));
  EXPECT_EQ(masked->practitioner_id(), "w-1");
  LedgerEntry cover;
  cover.set_kind(ledger::v1::ENTRY_KIND_COVER_CHANGED);
  cover.mutable_cover_changed()->set_of_agency_id(kDrugs);
  cover.mutable_cover_changed()->set_covering_practitioner_id("dw-1");
  cover.mutable_cover_changed()->set_covered_practitioner_id("dw-2");
  masked = Masked(cover, Names(), NoRule);
  ASSERT_TRUE(masked.has_value());
  EXPECT_EQ(masked->cover_changed().covering_practitioner_id(), kMaskedWord);
  EXPECT_EQ(masked->cover_changed().covered_practitioner_id(), kMaskedWord);
}

TEST(Masked, VerifiersReadThatItIs) {
  LedgerEntry entry = Question(kDrugs);
  const std::string bytes = Masked(entry, Names(), NoRule)->SerializeAsString();
  const auto fields = tlog::DecodeEntryFields(bytes);
  ASSERT_TRUE(fields.ok());
  EXPECT_TRUE(fields->masked);
  EXPECT_EQ(fields->agency_id, tlog::kMaskedWord);
  EXPECT_FALSE(tlog::DecodeEntryFields(entry.SerializeAsString())->masked);
}

TEST(SensitiveNames, AreFoundWholeAndBetweenSlashes) {
  const SensitiveNames names = Names();
  EXPECT_TRUE(names.Names(kDrugs));
  EXPECT_TRUE(names.Names(kDrugsSystem));
  EXPECT_TRUE(names.Names("nortown-drugs-advice/dw-1"));
  EXPECT_FALSE(names.Names("nortown-drugs-advice-centre"));
  EXPECT_FALSE(names.Names("health")) << "a word of the policy alone";
  LedgerEntry entry = Question("nortown-clinic");
  AddReleased(kDrugs, "RULE", &entry);
  EXPECT_THAT(AgenciesNamedIn(entry, names), UnorderedElementsAre(kDrugs, "nortown-clinic"));
}

TEST(SensitiveNames, RulesNameOneByAgencyServiceKindGroupOrAgreement) {
  const char text[] = R"(
policy "A" version 1  in force 2025-04-01  approved by "substance-misuse board"
group sensitive = substance-misuse
group talking = counselling, substance-misuse
rule OWN "health, said in a title"
  show everything to the holder
rule SENSITIVE "Brokered"
  hide everything of sensitive from everyone   # but nortown-drugs-advice
rule BY-AGENCY "x"
  show agency of everything held by nortown-drugs-advice to everyone
rule BY-SERVICE "x"
  show agency of substance-misuse to everyone
rule BY-KIND "x"
  show agency of housing to health practitioner
rule BY-GROUP "x"
  show agency of talking to everyone
agreement DRUGS-YOT "x"
  between nortown-drugs-advice and nortown-yot
rule UNDER-IT "x"
  show agency of housing to everyone
end agreement
rule AFTER-IT "x"
  show agency of housing to everyone
example "x": worker of nortown-drugs-advice; contact of housing -> show by AFTER-IT
)";
  EXPECT_THAT(Names().RulesThatName(text),
              UnorderedElementsAre("BY-AGENCY", "BY-SERVICE", "BY-KIND", "BY-GROUP", "DRUGS-YOT",
                                   "UNDER-IT"));
}

}  // namespace
}  // namespace signpost::audit
